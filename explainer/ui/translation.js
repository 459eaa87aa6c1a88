// Keeps browsers from translating the page, which would mix old labels with new ones, and says so where one does.
export default function ({ data, parentElement }) {
  const line = parentElement.querySelector(".translated");
  const page = document.documentElement;
  page.translate = false;
  const look = () => {
    line.hidden = !/\btranslated-/.test(page.className);
    line.textContent = line.hidden ? "" : data.sentence;
  };
  const watching = new MutationObserver(look);
  watching.observe(page, { attributeFilter: ["class"] });
  look();
  return () => watching.disconnect();
}
