// A picture that tells where it was pressed, in whole percent of its width and height.
export default function ({ data, parentElement, setTriggerValue }) {
  const image = parentElement.querySelector(".pressed");
  image.src = data.source;
  image.alt = data.alt;
  const percent = (at, length) => Math.min(100, Math.max(0, Math.round((100 * at) / length)));
  image.onclick = ({ offsetX, offsetY }) =>
    setTriggerValue("press", [percent(offsetX, image.clientWidth), percent(offsetY, image.clientHeight)]);
}
