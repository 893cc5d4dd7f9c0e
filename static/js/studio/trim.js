// The trim bar: which part of the clip is sent. Its two fields are the form's truth; handles, player and price follow them.
import { timecode } from "../timecode.js";
import { showFilm } from "./film.js";
import { saved, showPrice } from "./price.js";
import { onSlotChange, slotOf } from "./slots.js";

const SNAP_PX = 8;
const REACH_PX = 22;
const SECOND_MS = 1000;
const LEAST_MS = 100;
const SETTLED_MS = 150;
const KINDS = { black: "black", frozen: "still", blurred: "blurred" };
const form = document.getElementById("studio-form");
const seconds = (ms) => (ms / SECOND_MS).toFixed(2);
const video = () => slotOf("motion").querySelector(".stage > video");

let bar;

// Times are whole milliseconds: `start` and `end` of the part, `at` the position in the clip.
function setUp(root) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const [fieldOfStart, fieldOfEnd] = ["trim_start", "trim_end"].map((name) => root.querySelector(`[name="${name}"]`));
  const duration = Math.round(Number(root.dataset.duration) * SECOND_MS);
  const frame = SECOND_MS / Number(root.dataset.fps);
  const least = Math.min(Math.max(LEAST_MS, Math.ceil(frame)), duration);
  const time = { start: 0, end: duration, at: 0 };
  let found = { cuts: [], ranges: [] };
  let settled;

  const onFrame = (ms) => Math.min(Math.round(Math.round(ms / frame) * frame), duration);
  const limits = (name) => ({ start: [0, time.end - least], end: [time.start + least, duration], at: [0, duration] })[name];
  const clamp = (name, ms) => Math.min(Math.max(ms, limits(name)[0]), limits(name)[1]);
  const isWhole = () => time.start === 0 && time.end === duration;
  // Unrounded for the whole, as the server prices it.
  const length = () => (isWhole() ? Number(root.dataset.duration) * SECOND_MS : time.end - time.start);

  function paint() {
    for (const name of ["start", "end", "at"]) root.style.setProperty(`--${name}`, time[name] / duration);
    for (const handle of root.querySelectorAll("[data-handle]")) {
      const name = handle.dataset.handle;
      const [min, max] = limits(name);
      const part = name === "at" ? "" : `, the part is ${seconds(length())} seconds`;
      handle.setAttribute("aria-valuemin", seconds(min));
      handle.setAttribute("aria-valuemax", seconds(max));
      handle.setAttribute("aria-valuenow", seconds(time[name]));
      handle.setAttribute("aria-valuetext", `${seconds(time[name])} seconds${part}`);
    }
    find("now").textContent = timecode(time.at / SECOND_MS);
    find("length").textContent = `${(length() / SECOND_MS).toFixed(1)} s`;
    root.toggleAttribute("data-part", !isWhole());
    const dollars = saved(Number(root.dataset.duration) * SECOND_MS, length());
    find("saves").textContent = dollars ? `Trimming saves ${dollars}` : "";
    paintOffer();
  }

  // What is black, still or blurred at an end of the part can be cut out at once.
  function offer() {
    for (const { kind, start, end } of found.ranges) {
      const [from, to] = [onFrame(start * SECOND_MS), onFrame(end * SECOND_MS)];
      const near = Math.max(frame, LEAST_MS);
      if (from <= time.start + near && to > time.start + near && to < time.end - least) return { kind, start: to };
      if (to >= time.end - near && from < time.end - near && from > time.start + least) return { kind, end: from };
    }
    return null;
  }
  function paintOffer() {
    const offered = offer();
    find("cut").hidden = !offered;
    if (offered) find("cut").textContent = `Cut out the ${KINDS[offered.kind] ?? offered.kind} ${"start" in offered ? "start" : "end"}`;
  }

  function read() {
    const typed = [fieldOfStart, fieldOfEnd].map((field, index) => (field.value === "" ? [0, duration][index] : Math.round(Number(field.value) * SECOND_MS)));
    const [start, end] = [typed[0], typed[1] - duration > 0 && typed[1] - duration <= 50 ? duration : typed[1]];
    // What is outside of the clip is the server's to say.
    if (!(start >= 0 && end <= duration && end - start >= least)) return false;
    Object.assign(time, { start, end });
    paint();
    return true;
  }

  // The price on the button is the part's from the first pixel on; the server is asked when the hand rests.
  function changed() {
    showPrice(length());
    clearTimeout(settled);
    settled = setTimeout(() => { if (root.isConnected) fieldOfStart.dispatchEvent(new Event("change", { bubbles: true })); }, SETTLED_MS);
  }

  function write() {
    fieldOfStart.value = time.start === 0 ? "" : String(time.start / SECOND_MS);
    fieldOfEnd.value = time.end === duration ? "" : String(time.end / SECOND_MS);
    paint();
    changed();
  }

  function seek(ms) {
    time.at = clamp("at", ms);
    const shown = video();
    // The middle of a frame: its very edge can show the one before.
    if (shown?.readyState) shown.currentTime = Math.min(time.at + frame / 2, duration - 1) / SECOND_MS;
    paint();
  }

  function move(name, ms) {
    if (name === "at") return seek(ms);
    const moved = clamp(name, ms);
    if (moved === time[name]) return;
    time[name] = moved;
    video()?.pause();
    // The picture that is sent first, or last, is the one to be seen.
    seek(name === "start" ? time.start : time.end - frame);
    write();
  }

  function choose(start, end) {
    Object.assign(time, { start, end });
    seek(start);
    write();
  }

  // --- by hand
  const track = find("track");
  const film = find("film");
  const pxOf = (ms) => (ms / duration) * film.getBoundingClientRect().width;
  const msAt = ({ clientX }, grip) => {
    const { left, width } = film.getBoundingClientRect();
    return ((clientX - grip - left) / width) * duration;
  };

  function snapped(name, ms) {
    const marks = [...found.cuts, ...found.ranges.flatMap(({ start, end }) => [start, end])];
    const points = [0, duration, ...marks.map((mark) => mark * SECOND_MS)];
    const near = points.filter((point) => pxOf(Math.abs(point - ms)) <= SNAP_PX).sort((a, b) => Math.abs(a - ms) - Math.abs(b - ms))[0];
    if (name === "at" || near === undefined) return onFrame(ms);
    return near === duration ? duration : onFrame(near);
  }

  function grabbed(event) {
    const { left } = film.getBoundingClientRect();
    const away = (name) => Math.abs(event.clientX - left - pxOf(time[name]) + (name === "start" ? 7 : -7));
    const nearest = away("start") <= away("end") ? "start" : "end";
    return away(nearest) <= REACH_PX ? nearest : "at";
  }

  track.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const name = grabbed(event);
    // What is held stays under the finger: a handle is beside its time.
    const grip = name === "at" ? 0 : event.clientX - film.getBoundingClientRect().left - pxOf(time[name]);
    event.preventDefault();
    root.querySelector(`[data-handle="${name}"]`).focus({ preventScroll: true });
    track.setPointerCapture(event.pointerId);
    const drag = (moved) => move(name, snapped(name, msAt(moved, grip)));
    if (name === "at") drag(event);
    const drop = () => {
      track.removeEventListener("pointermove", drag);
      for (const end of ["pointerup", "pointercancel"]) track.removeEventListener(end, drop);
    };
    track.addEventListener("pointermove", drag);
    for (const end of ["pointerup", "pointercancel"]) track.addEventListener(end, drop);
  });

  // --- by keyboard
  track.addEventListener("keydown", (event) => {
    const name = event.target.dataset.handle;
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    const [min, max] = limits(name);
    const to = { Home: min, End: max }[event.key];
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (to === undefined && !way) return;
    event.preventDefault();
    if (to !== undefined) return move(name, to);
    if (event.shiftKey) return move(name, time[name] + way * SECOND_MS);
    // From between two frames, as someone has typed it, to the next one.
    const next = way > 0 ? Math.floor(time[name] / frame + 0.01) + 1 : Math.ceil(time[name] / frame - 0.01) - 1;
    return move(name, Math.min(Math.round(next * frame), duration));
  });

  for (const field of [fieldOfStart, fieldOfEnd]) field.addEventListener("input", () => { if (read()) changed(); });
  find("whole").addEventListener("click", () => choose(0, duration));
  find("cut").addEventListener("click", () => {
    const { start = time.start, end = time.end } = offer() ?? {};
    choose(start, end);
    root.querySelector(`[data-handle="${start === time.start ? "start" : "end"}"]`).focus();
  });
  find("try")?.addEventListener("click", ({ currentTarget }) => {
    const tried = Number(currentTarget.dataset.try) * SECOND_MS;
    const whole = ["resolution", "start", "end"].map((name) => root.querySelector(`[name="whole_${name}"]`));
    const chosen = form.elements.namedItem("resolution").value;
    // Tried once more elsewhere, it is still a try of what was wanted before.
    if (!whole[0].value || chosen !== currentTarget.dataset.resolution || time.end - time.start > tried) {
      [chosen, fieldOfStart.value, fieldOfEnd.value].forEach((value, index) => { whole[index].value = value; });
    }
    const start = Math.max(0, Math.min(onFrame(time.at), duration - tried));
    form.querySelector(`[name="resolution"][value="${currentTarget.dataset.resolution}"]`).click();
    choose(start, start + tried);
  });
  find("play").addEventListener("click", () => {
    const shown = video();
    if (shown?.paused) shown.play().catch(() => {});
    else shown?.pause();
  });

  // --- with the player
  function follow() {
    const shown = video();
    find("play").hidden = !shown || Boolean(shown.error);
    if (!shown) return;
    find("play").setAttribute("aria-pressed", String(!shown.paused));
    find("play").setAttribute("aria-label", shown.paused ? "Play the part" : "Pause");
    if (!shown.readyState) return;
    let at = shown.currentTime * SECOND_MS;
    if (!shown.paused && !isWhole() && !shown.seeking && (at >= time.end - frame / 2 || at < time.start - frame / 2)) {
      at = time.start;
      shown.currentTime = (at + frame / 2) / SECOND_MS;
    }
    // A picture begins at its frame, wherever in it the player is.
    time.at = Math.min(Math.round(Math.floor(at / frame + 0.01) * frame), duration);
    paint();
  }

  for (const name of ["track", "acts"]) find(name).hidden = false;
  read();
  paint();
  follow();
  showFilm(root, (measured) => {
    found = measured;
    paintOffer();
  });
  return { root, paint, follow };
}

function setUpNew() {
  const root = document.querySelector("#motion-slot #trim[data-duration]");
  if (root && root !== bar?.root) bar = setUp(root);
  else if (!root) bar = undefined;
}

function keepUp() {
  bar?.follow();
  if (video()?.paused === false) requestAnimationFrame(keepUp);
}

// Caught on the way down: events of media do not bubble, and the player in the slot can be replaced.
for (const event of ["loadedmetadata", "timeupdate", "seeked", "play", "pause", "error"]) {
  document.addEventListener(event, ({ target }) => {
    if (target !== video()) return;
    if (event === "play") keepUp();
    else bar?.follow();
  }, true);
}
form.addEventListener("change", ({ target }) => { if (target.name === "resolution") bar?.paint(); });
onSlotChange(setUpNew);
setUpNew();
