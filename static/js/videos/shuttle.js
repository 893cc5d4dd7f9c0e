// Playing as editors know it: a frame at a time, forwards and backwards, faster with each press, within In and Out.
import { rangeNow } from "./range.js";

const FASTEST = 8;
const SLOW = 0.25;

export function shuttle(video, frames) {
  let speed = 1;
  let looping = false;
  // How fast it is played backwards, and since when: browsers play forwards only.
  let back = null;
  // The picture on the screen, where the browser says which: its clock runs ahead of it.
  let shown;
  const note = (now, { mediaTime }) => { shown = mediaTime; video.requestVideoFrameCallback(note); };
  video.requestVideoFrameCallback?.(note);

  const end = () => video.duration || 0;
  const isBounded = () => rangeNow().in !== null || rangeNow().out !== null;
  const first = () => (rangeNow().in === null ? 0 : frames.at(rangeNow().in));
  const final = () => (rangeNow().out === null ? lastFrame() : frames.at(rangeNow().out));
  const lastFrame = () => Math.min(frames.last, frames.at(Math.max(0, end() - 0.005)));
  function here() {
    if (video.paused || shown === undefined || Math.abs(shown - video.currentTime) > 0.25) return frames.at(video.currentTime);
    return frames.at(shown);
  }
  // Into its middle: at its edge a browser can show the one before.
  function show(frame) {
    const wanted = Math.min(Math.max(frame, 0), lastFrame());
    video.currentTime = Math.min(frames.middle(wanted), end());
  }
  function halt() {
    back = null;
    const frame = here();
    const wasPlaying = !video.paused;
    video.pause();
    video.playbackRate = speed;
    if (wasPlaying && !video.ended) show(frame);
  }
  function play(factor) {
    back = null;
    video.playbackRate = Math.min(16, speed * factor);
    video.play().catch(() => {});
  }
  function reverse(factor) {
    const frame = here();
    video.pause();
    back = { factor, from: frames.middle(frame), since: performance.now() };
    requestAnimationFrame(rewind);
  }
  function rewind(now) {
    if (!back) return;
    const to = back.from - (Math.max(0, now - back.since) / 1000) * speed * back.factor;
    const floor = looping ? first() : 0;
    if (to <= frames.start(floor)) {
      if (!looping) { back = null; show(0); return; }
      Object.assign(back, { from: frames.middle(final()), since: now });
      show(final());
    } else if (!video.seeking) {
      show(frames.at(to));
    }
    requestAnimationFrame(rewind);
  }
  // Called while it plays: beyond Out it goes on at In.
  function keepWithin() {
    if (!looping || !isBounded() || video.paused || video.seeking) return;
    if (video.currentTime >= frames.start(final() + 1) - 0.002) video.currentTime = frames.middle(first());
  }
  video.addEventListener("ended", () => {
    if (!looping || !isBounded()) return;
    show(first());
    video.play().catch(() => {});
  });
  const nativeLoop = () => { video.loop = looping && !isBounded(); };
  document.addEventListener("range", nativeLoop);

  return {
    show, halt, here, keepWithin, lastFrame,
    step: (count) => { const frame = here(); back = null; video.pause(); show(frame + count); },
    second: (count) => { const to = video.currentTime + count; halt(); show(frames.at(Math.max(0, to))); },
    toggle: () => { if (video.paused && !back) play(1); else halt(); },
    // Again is faster.
    forward: () => play(video.paused || back ? 1 : Math.min(FASTEST, (video.playbackRate / speed) * 2)),
    backward: () => reverse(back ? Math.min(FASTEST, back.factor * 2) : 1),
    slowly: (direction) => {
      if (direction > 0 && video.paused) play(SLOW);
      if (direction < 0 && !back) reverse(SLOW);
    },
    setSpeed: (to) => { speed = to; video.defaultPlaybackRate = to; video.playbackRate = to; },
    setLoop: (on) => { looping = on; nativeLoop(); },
    isLooping: () => looping,
    isBack: () => back !== null,
  };
}
