// Tells when a photo that was chosen does not arrive: its upload failed, the connection went, or the page began anew.
const KEY = "photo on its way"; // kept by this tab, so that a reload knows of it
const LOST = 3000, SLOW = 25000; // milliseconds that the connection may be away, and that an upload may take
const ENDED = "explainer upload ended";

// Of a request that failed the page is told nothing else.
globalThis.arrivalOpen ??= XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open = function (method, address, ...others) {
  if (/^put$/i.test(method) && String(address).includes("/_stcore/upload_file/")) {
    const tell = () => document.dispatchEvent(new CustomEvent(ENDED, { detail: this.status }));
    for (const end of ["load", "error", "timeout"]) this.addEventListener(end, tell);
  }
  return globalThis.arrivalOpen.call(this, method, address, ...others);
};

// Nor of a camera that was refused, by its keeper or by another program.
const media = navigator.mediaDevices;
if (media?.getUserMedia && !globalThis.arrivalCamera) {
  globalThis.arrivalCamera = media.getUserMedia;
  media.getUserMedia = async (wish) => {
    globalThis.cameraRefused = undefined;
    try {
      return await globalThis.arrivalCamera.call(media, wish);
    } catch (error) {
      globalThis.cameraRefused = error.name;
      throw error;
    } finally {
      document.dispatchEvent(new CustomEvent("explainer camera answered"));
    }
  };
}

export default function ({ data, parentElement }) {
  const banner = parentElement.querySelector(".arrival");
  const say = (sentence) => {
    banner.textContent = sentence;
    banner.hidden = !sentence;
  };
  // In a frame of another page a browser may keep the storage back: then the page's own memory, until it is loaded anew.
  const kept = () => {
    try {
      return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    } catch {
      return globalThis.arrivalKept ?? null;
    }
  };
  const keep = (value) => {
    globalThis.arrivalKept = value;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(value));
    } catch {} // kept above
  };

  const before = kept();
  if (before && before.session !== data.session) say(data.anew);
  else if (data.own || before?.answered < data.answered) say("");
  const { pending, chooser, at } = before?.session === data.session && before.answered === data.answered ? before : {};
  const state = { session: data.session, answered: data.answered };
  keep(pending || chooser || data.own ? { ...state, pending, chooser, at } : null);

  const waits = () => kept()?.pending;
  const onChange = ({ target }) => {
    if (target.type !== "file" || !target.files.length) return;
    const heavy = target.files[0].size > data.most; // Streamlit refuses it without a sentence
    say(heavy ? data.heavy : "");
    keep({ ...state, pending: !heavy, at: Date.now() });
  };
  const onCancel = ({ target }) => target.type === "file" && keep(data.own ? state : null);
  const onEnd = ({ detail: status }) => {
    if (status === 403) say(data.refused);
    else if (status === 0 || status >= 400) say(data.failed);
  };
  const onClick = ({ target }) => {
    if (banner.textContent === data.anew) say(""); // it was read
    // While the chooser is open the visit may end, and with it the field that the photo would go to.
    if (target.type === "file") keep({ ...kept(), ...state, chooser: true });
  };
  let connected = Date.now();
  const looking = setInterval(() => {
    const line = document.querySelector("[data-test-connection-state]")?.dataset.testConnectionState;
    if (line === "CONNECTED") connected = Date.now();
    if (!waits() || !banner.hidden) return;
    if (Date.now() - connected > LOST) say(data.lost);
    else if (Date.now() - kept().at > SLOW) say(data.slow);
  }, 500);
  document.addEventListener("change", onChange, true);
  document.addEventListener("cancel", onCancel, true);
  document.addEventListener("click", onClick, true);
  document.addEventListener(ENDED, onEnd);
  const stop = () => {
    document.removeEventListener("change", onChange, true);
    document.removeEventListener("cancel", onCancel, true);
    document.removeEventListener("click", onClick, true);
    document.removeEventListener(ENDED, onEnd);
    clearInterval(looking);
  };
  globalThis.arrivalStop?.(); // Streamlit may end the last drawing after this one has begun
  globalThis.arrivalStop = stop;
  return stop;
}
