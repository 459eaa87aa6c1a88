// A page of small pictures. A press is seen at once, and told as one small message: which places are marked.
const ends = new WeakMap(); // when the time of a page is up, while it has a clock

export default function ({ data, parentElement, setStateValue }) {
  // A page is drawn once, and what is pressed on it stays; its clock is kept going by each drawing.
  if (!parentElement.querySelector(".pictures").childElementCount) draw(data, parentElement, setStateValue);
  const clock = parentElement.querySelector(".clock");
  const tick = () => {
    if (!ends.has(parentElement)) return stop();
    const left = Math.max(0, Math.ceil((ends.get(parentElement) - performance.now()) / 1000));
    clock.querySelector("[role=timer]").textContent = left ? `${left} seconds left` : "Time is up.";
    if (left) return;
    stop();
    enable(parentElement, false); // each press was told already, and a page that nobody touched is no answer
  };
  const ticking = setInterval(tick, 250);
  const stop = () => clearInterval(ticking); // this one's alone: Streamlit may call it after the next drawing has begun
  tick();
  return stop;
}

function draw(data, parentElement, setStateValue) {
  const pictures = parentElement.querySelector(".pictures");
  const clock = parentElement.querySelector(".clock");
  const marked = new Set(data.marked);
  const tell = () => setStateValue("marked", [...marked].sort((one, other) => one - other));

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
  ends.set(parentElement, performance.now() + 1000 * data.seconds);
  clock.hidden = false;
  clock.querySelector(".untimed").onclick = () => {
    ends.delete(parentElement);
    clock.hidden = true;
    enable(parentElement, true);
  };
}

function enable(parentElement, enabled) {
  parentElement.querySelectorAll(".pictures button").forEach((button) => (button.disabled = !enabled));
}
