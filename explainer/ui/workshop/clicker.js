// Streamlit keeps its shortcuts off fields. A clicker's keys are for the talk, whatever was touched last.
export default function () {
  const pass = (event) => {
    if (!["PageUp", "PageDown"].includes(event.key) || !event.target.matches("input, textarea")) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.blur(); // what was typed is told
    document.body.dispatchEvent(new KeyboardEvent("keydown", event));
  };
  document.addEventListener("keydown", pass, true);
  return () => document.removeEventListener("keydown", pass, true);
}
