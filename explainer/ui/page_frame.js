// What only a browser can do for a page. It is asked not to translate, which would mix old labels with new ones, and the
// page says so where it does. And the button of a phone's menu, which has a mark alone, gets a name.
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

  const header = document.querySelector("header");
  const name = () => header?.querySelector("[aria-controls='stSidebar']")?.setAttribute("aria-label", data.menu);
  const naming = new MutationObserver(name);
  if (header) naming.observe(header, { childList: true, subtree: true });
  name();
  return () => {
    watching.disconnect();
    naming.disconnect();
  };
}
