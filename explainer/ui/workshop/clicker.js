// The presenter's keys and buttons. Each press has a number, and is told again until the server says that it was taken.
// A window without the presenter's key hands its presses to one of the same browser that has it: the projector's to the notes'.
const logs = (globalThis.workshopPresses ??= {}); // of each room that this window has shown, by its code
const newLog = () => ({
  client: Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join(""),
  number: 0,
  told: 0,
  waiting: [],
});
const KEYS = {
  ArrowRight: "next", PageDown: "next", " ": "next",
  ArrowLeft: "back", PageUp: "back",
  b: "blank", ".": "blank",
};
const SEEN = 1000; // milliseconds from when the screens went dark: who pressed before saw them light
const APART = 1000; // milliseconds for which a window that may be drawn anew hears others: a closed channel drops what was sent
const TYPING = "input, textarea, select, [contenteditable], [role=menu] *, [role=listbox] *, [role=radiogroup] *";

// A browser that keeps nothing, as it may in a frame of another site's page, may also let windows tell each other nothing.
function openChannel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}

// What was pressed for a screen that is shown no more is not meant for what is shown when it comes back.
function leave(log) {
  log.channel?.close();
  log.channel = undefined;
  log.waiting = [];
}

export default function ({ data, parentElement, setStateValue }) {
  globalThis.workshopStop?.(); // Streamlit may end the last drawing after this one has begun
  const log = (logs[data.code] ??= newLog());
  for (const code in logs) if (code !== data.code) leave(logs[code]);
  clearTimeout(log.closing);
  if (data.client === log.client) log.waiting = log.waiting.filter(([number]) => number > data.taken);
  log.told = log.waiting.length ? log.told : 0;
  const tell = () => {
    log.told = performance.now();
    setStateValue("presses", { client: log.client, presses: log.waiting, at: Math.round(log.told) });
  };
  log.channel ??= openChannel(`workshop ${data.code}`);
  const press = (key) => {
    if (!data.presenter) return log.channel?.postMessage(key);
    if (log.waiting.length >= data.most) return; // the server takes no more at once
    log.number += 1;
    log.waiting.push([log.number, key, data.moves]);
    tell();
  };
  if (log.channel) log.channel.onmessage = ({ data: key }) => data.presenter && data.listens && press(key);
  log.dark = data.blank ? log.dark ?? performance.now() : undefined;
  // Said by the window in which it was pressed, as that shows the screens: told by several others, it stays so.
  const wish = (key) => {
    if (key !== "blank") return key;
    if (!(performance.now() - log.dark > SEEN)) return "dark";
    log.dark = undefined; // pressed once more before it is drawn, it is dark that is meant
    return "light";
  };

  const onKey = (event) => {
    const key = KEYS[event.key];
    if (!key || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!event.key.startsWith("Page") && event.target.matches?.(TYPING)) return; // a clicker's keys are for the talk
    event.preventDefault();
    event.stopImmediatePropagation(); // an older drawing may still listen, and one press counts once
    if (!event.repeat) press(wish(key));
  };
  document.addEventListener("keydown", onKey, true);

  const bar = parentElement.querySelector(".keys");
  bar.hidden = !(data.presenter && data.listens);
  for (const button of bar.querySelectorAll("button")) button.onclick = () => press(wish(button.name));
  bar.querySelector("[name=blank]").textContent = data.blank ? "Show the screen" : "Blank (b)";
  const again = setInterval(() => log.waiting.length && performance.now() - log.told > 2000 && tell(), 500);

  const stop = () => {
    document.removeEventListener("keydown", onKey, true);
    clearInterval(again);
    if (globalThis.workshopStop !== stop) return; // it has ended, or is drawn anew already
    globalThis.workshopStop = undefined;
    log.closing = setTimeout(leave, APART, log);
  };
  globalThis.workshopStop = stop;
  return stop;
}
