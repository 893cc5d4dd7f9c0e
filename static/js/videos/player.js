// The player under a video: its bar and buttons, and its keys; data-keys="?" in its template lists them for people.
// A fragment can bring a player later, so everything is found when it is needed.
import { framesOf } from "./frames.js";
import { rangeNow, setRange } from "./range.js";
import { shuttle } from "./shuttle.js";

// What each key does, by player.
const keys = new WeakMap();
const held = new Set();

function setUp(player) {
  const video = document.getElementById(player.dataset.plays);
  if (!video || keys.has(player)) return;
  video.controls = false;
  player.inert = false;
  const find = (name) => player.querySelector(`[data-${name}]`);
  const [seek, fill] = [find("seek"), player.querySelector(".bar-fill")];
  const frames = framesOf(player.dataset.frames, Number(player.dataset.fps));
  const moves = shuttle(video, frames);

  const paint = () => {
    const length = video.duration || Number(seek.max);
    const [now, all] = [frames.code(video.currentTime), frames.name(frames.at(Math.max(0, length - 0.005)) + 1)];
    seek.max = String(length);
    seek.value = String(video.currentTime);
    seek.setAttribute("aria-valuetext", `${now} of ${all}`);
    fill.setAttribute("width", `${(100 * video.currentTime) / length}%`);
    find("now").textContent = now;
    find("length").textContent = all;
    moves.keepWithin();
  };
  const run = () => { paint(); if (!video.paused && !video.ended) requestAnimationFrame(run); };
  const say = () => {
    find("play").setAttribute("aria-pressed", String(!video.paused));
    find("play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
    find("mute").setAttribute("aria-pressed", String(video.muted));
    find("loop").setAttribute("aria-pressed", String(moves.isLooping()));
  };
  const mark = (end) => {
    const at = frames.start(moves.here());
    const range = { ...rangeNow(), [end]: at };
    if (range.in !== null && range.out !== null && range.in > range.out) range[end === "in" ? "out" : "in"] = null;
    setRange(range, "player");
  };
  const shuttled = (direction, event) => {
    if (!held.has("k")) { if (!event.repeat) { if (direction > 0) moves.forward(); else moves.backward(); } return; }
    // With K: a tap is a frame, held it goes slowly.
    if (event.repeat) moves.slowly(direction);
    else moves.step(direction);
  };
  const acts = {
    play: moves.toggle,
    mute() { video.muted = !video.muted; },
    loop() { moves.setLoop(!moves.isLooping()); say(); },
    full() {
      // Two pictures, or a picture and what was drawn on it, fill the screen together.
      const stage = video.closest(".stage.wiped, .stage.beside, .stage.marked");
      if (stage?.requestFullscreen) stage.requestFullscreen();
      else (video.requestFullscreen ?? video.webkitEnterFullscreen)?.call(video);
    },
  };

  for (const event of ["loadedmetadata", "seeking", "seeked", "timeupdate"]) video.addEventListener(event, paint);
  for (const event of ["play", "pause", "ended", "volumechange"]) video.addEventListener(event, () => { say(); run(); });
  video.addEventListener("click", moves.toggle);
  seek.addEventListener("input", () => moves.show(frames.at(Number(seek.value))));
  find("speed").addEventListener("change", ({ target }) => moves.setSpeed(Number(target.value)));
  for (const [name, act] of Object.entries(acts)) find(name).addEventListener("click", act);
  for (const button of player.querySelectorAll("[data-step]")) button.addEventListener("click", () => moves.step(Number(button.dataset.step)));
  keys.set(player, {
    " ": moves.toggle, k: moves.halt, j: (event) => shuttled(-1, event), l: (event) => shuttled(1, event),
    ArrowLeft: ({ shiftKey }) => (shiftKey ? moves.second(-1) : moves.step(-1)),
    ArrowRight: ({ shiftKey }) => (shiftKey ? moves.second(1) : moves.step(1)),
    Home: () => { moves.halt(); moves.show(0); }, End: () => { moves.halt(); moves.show(moves.lastFrame()); },
    i: () => mark("in"), o: () => mark("out"), x: () => setRange({ in: null, out: null }, "player"),
    m: acts.mute, f: acts.full,
    "?": () => document.getElementById("player-keys")?.showModal(),
    // Let go of J or L while K is held: what went slowly stops.
    release: (key) => { if (held.has("k") && "jl".includes(key) && (moves.isBack() || !video.paused)) moves.halt(); },
  });
  // Opened at a time: into the middle of its frame, regardless of the one that the browser would show.
  const opened = /#t=([\d.]+)$/.exec(video.getAttribute("src"));
  const settle = () => { if (video.paused && !video.ended) moves.show(frames.at(opened ? Number(opened[1]) : 0)); };
  if (opened) {
    if (video.readyState >= 1) settle();
    else video.addEventListener("loadedmetadata", settle, { once: true });
  }
  paint();
  say();
}

const keyOf = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

document.addEventListener("keydown", (event) => {
  const key = keyOf(event);
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("input:not([data-seek], [type=radio], [type=checkbox]), textarea, select, [contenteditable]")) return;
  if (target.closest("dialog[open], .menu[open]")) return;
  // Arrows choose in a group of choices.
  if (key.startsWith("Arrow") && target.closest("[role=radiogroup], fieldset")) return;
  if (key === " " && target.closest("button, summary, a, [role=radiogroup], fieldset")) return;
  const player = document.querySelector("[data-plays]:not([inert])");
  const act = player && key !== "release" && keys.get(player)?.[key];
  if (!act) return;
  event.preventDefault();
  if (event.repeat && !["j", "l", "ArrowLeft", "ArrowRight"].includes(key)) return;
  if (key === "k") held.add("k");
  act(event);
});
document.addEventListener("keyup", (event) => {
  const key = keyOf(event);
  const player = document.querySelector("[data-plays]:not([inert])");
  if (player) keys.get(player)?.release(key);
  held.delete(key);
});
window.addEventListener("blur", () => held.clear());

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
