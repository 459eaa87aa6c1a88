// Asks for another look every so many seconds, and says each time which drawing stands on the page.
const stops = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let timer;
  const stop = () => clearTimeout(timer); // this one's alone: Streamlit may call it after the next drawing has begun
  const wait = () => {
    // Never in step with another: of what is asked for in the same moment Streamlit runs the first fragment alone.
    timer = setTimeout(ask, 1000 * data.seconds * (0.8 + 0.4 * Math.random()));
  };
  const ask = () => {
    setTriggerValue("look", data.drawing);
    wait();
  };
  stops.get(parentElement)?.(); // called again with each new drawing
  stops.set(parentElement, stop);
  wait();
  return stop;
}
