// Says why the camera stays dark, where the browser knows: it was denied, there is none, or a frame may not use it.
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
    line.textContent = framed ? data.framed : none ? data.none : permission?.state === "denied" ? data.denied : "";
  };
  look();
  navigator.mediaDevices?.addEventListener("devicechange", look);
  return () => {
    ended = true;
    navigator.mediaDevices?.removeEventListener("devicechange", look);
  };
}
