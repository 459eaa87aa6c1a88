// Asks for another look so many seconds after the last one came, and says each time which drawing stands on the page.
// While none comes it asks ever more seldom: looks stand in a line, and what is pressed meanwhile behind them.
const stops = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let timer;
  let unanswered = 0;
  const stop = () => clearTimeout(timer); // this one's alone: Streamlit may call it after the next drawing has begun
  const wait = () => {
    // Never in step with another: of what is asked for in the same moment Streamlit runs the first fragment alone.
    // After the second one on it waits twice as long each time, up to eight times: one is lost now and then.
    const times = 2 ** Math.min(3, Math.max(0, unanswered - 1));
    timer = setTimeout(ask, 1000 * data.seconds * times * (0.8 + 0.4 * Math.random()));
  };
  const ask = () => {
    setTriggerValue("look", data.drawing);
    unanswered += 1;
    wait();
  };
  stops.get(parentElement)?.(); // called again with each look that came
  stops.set(parentElement, stop);
  wait();
  return stop;
}
