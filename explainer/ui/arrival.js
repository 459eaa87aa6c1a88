// Tells when a photo that was chosen does not arrive: its upload failed, the connection went, or the page began anew.
const KEY = "photo on its way"; // kept by this tab, so that a reload knows of it
const LOST = 3000, SLOW = 25000; // milliseconds that the connection may be away, and that an upload may take

export default function ({ data, parentElement }) {
  const banner = parentElement.querySelector(".arrival");
  const say = (sentence) => {
    banner.textContent = sentence;
    banner.hidden = !sentence;
  };
  const kept = () => JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  const keep = (value) => sessionStorage.setItem(KEY, JSON.stringify(value));

  const before = kept();
  if (before && before.session !== data.session) say(data.anew);
  else if (!before || before.answered < data.answered) say("");
  const pending = before?.session === data.session && before.pending && before.answered === data.answered;
  keep(pending || data.own ? { session: data.session, answered: data.answered, pending, at: before?.at } : null);

  const waits = () => kept()?.pending;
  const onChange = ({ target }) => {
    if (target.type !== "file" || !target.files.length) return;
    say("");
    keep({ session: data.session, answered: data.answered, pending: true, at: Date.now() });
  };
  const uploads = new PerformanceObserver((list) => {
    const upload = list.getEntries().findLast(({ name }) => name.includes("/_stcore/upload_file/"));
    if (!upload || !waits()) return;
    if (upload.responseStatus === 403) say(data.refused);
    else if (upload.responseStatus === 0 || upload.responseStatus >= 400) say(data.failed);
  });
  let connected = Date.now();
  const looking = setInterval(() => {
    const state = document.querySelector("[data-test-connection-state]")?.dataset.testConnectionState;
    if (state === "CONNECTED") connected = Date.now();
    if (!waits() || !banner.hidden) return;
    if (Date.now() - connected > LOST) say(data.lost);
    else if (Date.now() - kept().at > SLOW) say(data.slow);
  }, 500);
  document.addEventListener("change", onChange, true);
  uploads.observe({ type: "resource" });
  const stop = () => {
    document.removeEventListener("change", onChange, true);
    uploads.disconnect();
    clearInterval(looking);
  };
  globalThis.arrivalStop?.(); // Streamlit may end the last drawing after this one has begun
  globalThis.arrivalStop = stop;
  return stop;
}
