// The player under a video: frame by frame, loop, sound, full screen, and the keys space J K L and the arrows.
// A fragment may bring a player later, so everything is found when it is needed.
import { timecode } from "../timecode.js";

const JUMP_S = 1;
// What each key does, by player.
const keys = new WeakMap();

function setUp(player) {
  const video = document.getElementById(player.dataset.plays);
  if (!video || keys.has(player)) return;
  video.controls = false;
  player.hidden = false;
  const find = (name) => player.querySelector(`[data-${name}]`);
  const [seek, fill] = [find("seek"), player.querySelector(".bar-fill")];
  let frame = 1 / Number(player.dataset.fps);

  const paint = () => {
    const length = video.duration || Number(seek.max);
    seek.max = String(length);
    seek.value = String(video.currentTime);
    seek.setAttribute("aria-valuetext", `${timecode(video.currentTime)} of ${timecode(length)}`);
    fill.setAttribute("width", `${(100 * video.currentTime) / length}%`);
    find("now").textContent = timecode(video.currentTime);
    find("length").textContent = timecode(length);
  };
  const run = () => { paint(); if (!video.paused && !video.ended) requestAnimationFrame(run); };
  const say = () => {
    find("play").setAttribute("aria-pressed", String(!video.paused));
    find("play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
    find("mute").setAttribute("aria-pressed", String(video.muted));
    find("loop").setAttribute("aria-pressed", String(video.loop));
  };

  // The file says its frame rate only by its frames: two that follow each other are one step apart.
  let last;
  const measure = (now, { mediaTime, presentedFrames }) => {
    const gap = mediaTime - last?.mediaTime;
    if (presentedFrames === last?.presentedFrames + 1 && gap > 0.005 && gap < 0.2) frame = gap;
    last = { mediaTime, presentedFrames };
    video.requestVideoFrameCallback(measure);
  };
  video.requestVideoFrameCallback?.(measure);

  const move = (seconds) => { video.currentTime = Math.min(Math.max(video.currentTime + seconds, 0), video.duration || 0); };
  const step = (count) => { video.pause(); move(count * frame); };
  const toggle = () => { if (video.paused) video.play().catch(() => {}); else video.pause(); };

  for (const event of ["loadedmetadata", "seeking", "seeked", "timeupdate"]) video.addEventListener(event, paint);
  for (const event of ["play", "pause", "ended", "volumechange"]) video.addEventListener(event, () => { say(); run(); });
  video.addEventListener("click", toggle);
  seek.addEventListener("input", () => { video.currentTime = Number(seek.value); });
  find("play").addEventListener("click", toggle);
  find("mute").addEventListener("click", () => { video.muted = !video.muted; });
  find("loop").addEventListener("click", () => { video.loop = !video.loop; say(); });
  find("full").addEventListener("click", () => {
    // Two pictures fill the screen together.
    const stage = video.closest(".stage.wiped, .stage.beside");
    if (stage?.requestFullscreen) stage.requestFullscreen();
    else (video.requestFullscreen ?? video.webkitEnterFullscreen)?.call(video);
  });
  for (const button of player.querySelectorAll("[data-step]")) button.addEventListener("click", () => step(Number(button.dataset.step)));
  keys.set(player, {
    " ": toggle, k: toggle, j: () => move(-JUMP_S), l: () => move(JUMP_S), ArrowLeft: () => step(-1), ArrowRight: () => step(1),
  });
  paint();
  say();
}

document.addEventListener("keydown", (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey || event.altKey || ![" ", "j", "k", "l", "ArrowLeft", "ArrowRight"].includes(key)) return;
  const { target } = event;
  if (target.matches("input:not([data-seek]), textarea, select, [contenteditable]")) return;
  if (target.closest("dialog[open], .menu[open], [role=radiogroup], fieldset")) return;
  if (key === " " && target.closest("button, summary, a")) return;
  const player = document.querySelector("[data-plays]:not([hidden])");
  if (!player) return;
  event.preventDefault();
  keys.get(player)?.[key]();
});

function setUpAll() { for (const player of document.querySelectorAll("[data-plays]")) setUp(player); }
document.addEventListener("htmx:afterSwap", setUpAll);
setUpAll();

// The big button over a video that has not begun. It goes for good with the first play.
for (const button of document.querySelectorAll("[data-start]")) {
  const video = document.getElementById(button.dataset.start);
  button.hidden = !video.paused;
  button.addEventListener("click", () => { video.play().catch(() => {}); video.focus(); });
  video.addEventListener("play", () => { button.hidden = true; });
}
