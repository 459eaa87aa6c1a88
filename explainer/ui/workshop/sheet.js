// A page of small pictures. A press is seen at once, and told as one small message: which places are marked.
export default function ({ data, parentElement, setStateValue }) {
  const pictures = parentElement.querySelector(".pictures");
  if (pictures.childElementCount) return; // a page is drawn once; what is pressed on it stays
  const clock = parentElement.querySelector(".clock");
  const marked = new Set(data.marked);
  const tell = () => setStateValue("marked", [...marked].sort((one, other) => one - other));
  const enable = (enabled) => pictures.querySelectorAll("button").forEach((button) => (button.disabled = !enabled));

  data.pictures.forEach((source, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", marked.has(place));
    const image = document.createElement("img");
    image.src = source;
    image.alt = data.alts[place];
    button.setAttribute("aria-label", data.alts[place]); // else the tick that is drawn would be read out with it
    button.append(image);
    button.onclick = () => {
      marked.has(place) ? marked.delete(place) : marked.add(place);
      button.setAttribute("aria-pressed", marked.has(place));
      tell();
    };
    pictures.append(button);
  });
  parentElement.querySelector(".done").onclick = tell;

  if (data.seconds === null) return;
  const ends = performance.now() + 1000 * data.seconds;
  clock.hidden = false;
  const tick = () => {
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    clock.querySelector("[role=timer]").textContent = left ? `${left} seconds left` : "Time is up.";
    if (left) return;
    clearInterval(ticking);
    enable(false); // each press was told already, and a page that nobody touched is no answer
  };
  const ticking = setInterval(tick, 250);
  tick();
  clock.querySelector(".untimed").onclick = () => {
    clearInterval(ticking);
    clock.hidden = true;
    enable(true);
  };
  return () => clearInterval(ticking);
}
