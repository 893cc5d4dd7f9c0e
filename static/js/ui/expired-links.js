// A clip can be behind a link to a bucket that expires after some minutes. A player that fails because of it asks the studio
// for another one, and goes on where it was. Players of guests do so themselves.
const AGAIN_MS = 5000;
const asked = new WeakMap();
// A browser pauses a video that fails; the person did not.
const plays = new WeakSet();

document.addEventListener("play", (event) => { plays.add(event.target); }, true);
document.addEventListener("pause", (event) => { if (!event.target.error) plays.delete(event.target); }, true);
document.addEventListener("error", (event) => {
  const video = event.target;
  if (!(video instanceof HTMLVideoElement) || !video.error || video.closest(".shared")) return;
  // A link that fails at once is not the one that was too old.
  if (performance.now() - (asked.get(video) ?? -AGAIN_MS) < AGAIN_MS) return;
  asked.set(video, performance.now());
  const at = video.currentTime;
  video.load();
  if (at) video.currentTime = at;
  if (plays.has(video)) video.play().catch(() => {});
}, true);
