// Says why the camera stays dark, where the browser knows: it was denied, another program holds it, there is none, or a
// frame may not use it.
const ANSWERED = "explainer camera answered"; // of arrival.js, which hears what a request for the camera came to
export default function ({ data, parentElement }) {
  const line = parentElement.querySelector(".camera");
  let ended = false;
  const look = async () => {
    const framed = window !== window.top && document.featurePolicy?.allowsFeature("camera") === false;
    const permission = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    if (ended) return;
    if (permission) permission.onchange = look;
    const none = !devices.some(({ kind }) => kind === "videoinput");
    const refused = globalThis.cameraRefused;
    const denied = permission?.state === "denied" || refused === "NotAllowedError";
    line.textContent = framed ? data.framed : none ? data.none : denied ? data.denied : refused ? data.busy : "";
  };
  look();
  document.addEventListener(ANSWERED, look);
  navigator.mediaDevices?.addEventListener("devicechange", look);
  return () => {
    ended = true;
    document.removeEventListener(ANSWERED, look);
    navigator.mediaDevices?.removeEventListener("devicechange", look);
  };
}
