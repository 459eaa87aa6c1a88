// How much larger or smaller than it is laid out a step is drawn, for the styles beside this.
export default function () {
  const fit = () => document.documentElement.style.setProperty("--fit", Math.min(innerWidth / 1400, innerHeight / 900));
  fit();
  addEventListener("resize", fit);
  return () => removeEventListener("resize", fit);
}
