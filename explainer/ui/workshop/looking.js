// Asks for another look every so many seconds, and says each time which drawing stands on the page.
const timers = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const wait = () => {
    // Never in step with another: of what is asked for in the same moment Streamlit runs the first fragment alone.
    timers.set(parentElement, setTimeout(ask, 1000 * data.seconds * (0.8 + 0.4 * Math.random())));
  };
  const ask = () => {
    setTriggerValue("look", data.drawing);
    wait();
  };
  clearTimeout(timers.get(parentElement)); // called again with each new drawing
  wait();
  return () => clearTimeout(timers.get(parentElement));
}
