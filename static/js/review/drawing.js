// Drawings on the frame of a comment. Shapes are numbers from 0 to 1 of the picture; the SVG is made of them here.
import { framesOfPage } from "../videos/frames.js";

const SVG = "http://www.w3.org/2000/svg";
const [MAX_SHAPES, MAX_POINTS, FINEST, SMALLEST] = [30, 300, 0.004, 0.015];
const video = document.getElementById(document.querySelector("[data-plays]")?.dataset.plays);
const stage = video?.closest(".stage");
const tools = stage?.querySelector("[data-draw-tools]");
const composer = document.getElementById("composer");
const opener = composer?.querySelector("[data-draw]");
const frames = framesOfPage();
const sheet = stage && stage.appendChild(document.createElementNS(SVG, "svg"));
let drawing = false;
let tool = "line";
let shapes = [];
let fresh = null;

// Where the picture itself is: the stage shows all of it, with bars at two sides.
function place() {
  const { clientWidth: width, clientHeight: height, offsetLeft: left, offsetTop: top } = video;
  const ratio = (video.videoWidth || video.width || 1) / (video.videoHeight || video.height || 1);
  const [wide, high] = width / height > ratio ? [height * ratio, height] : [width, width / ratio];
  const box = { left: left + (width - wide) / 2, top: top + (height - high) / 2, width: wide, height: high };
  for (const [name, value] of Object.entries(box)) sheet.style[name] = `${value}px`;
  sheet.setAttribute("viewBox", `0 0 ${wide} ${high}`);
  return { wide, high };
}

function linesOf({ kind, points }, { wide, high }) {
  const at = points.map(([x, y]) => [Number(x) * wide, Number(y) * high]);
  if (kind === "line") return [at];
  const [[x1, y1], [x2, y2]] = [at[0], at.at(-1)];
  if (kind === "box") return [[[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]]];
  const [angle, head] = [Math.atan2(y2 - y1, x2 - x1), Math.min(18, Math.hypot(x2 - x1, y2 - y1) / 2)];
  const wing = (turn) => [x2 - head * Math.cos(angle + turn), y2 - head * Math.sin(angle + turn)];
  return [[[x1, y1], [x2, y2]], [wing(0.5), [x2, y2], wing(-0.5)]];
}

function paint(all) {
  const size = place();
  const lines = all.flatMap((shape) => linesOf(shape, size));
  // Dark around bright: one of the two is visible on any picture.
  const made = ["casing", "stroke"].flatMap((name) => lines.map((points) => {
    const line = document.createElementNS(SVG, "polyline");
    line.setAttribute("class", name);
    line.setAttribute("points", points.map((point) => point.map((each) => each.toFixed(1)).join(",")).join(" "));
    return line;
  }));
  sheet.replaceChildren(...made);
  stage.classList.toggle("marked", made.length > 0);
}

const shapesOf = (text) => {
  try { return JSON.parse(text) ?? []; } catch { return []; }
};

// While it is paused: what was drawn on this frame, and what is being drawn.
function show() {
  if (!sheet) return;
  if (drawing) { paint(fresh ? [...shapes, fresh] : shapes); return; }
  if (!video.paused || video.seeking) { paint([]); return; }
  const frame = frames.at(video.currentTime);
  const here = [...document.querySelectorAll(".comment[data-drawing]")].filter((comment) => frames.at(Number(comment.dataset.at)) === frame);
  const mine = shapes.length && frames.at(frames.parse(composer.elements.namedItem("at").value) ?? -1) === frame ? shapes : [];
  paint([...here.flatMap((comment) => shapesOf(comment.dataset.drawing)), ...mine]);
}

function keep() {
  composer.elements.namedItem("drawing").value = shapes.length ? JSON.stringify(shapes) : "";
  composer.querySelector("[data-draw-words]").textContent = shapes.length ? `Draw (${shapes.length})` : "Draw";
  show();
}

function setDrawing(on) {
  drawing = on;
  fresh = null;
  tools.hidden = !on;
  sheet.classList.toggle("open", on);
  opener.setAttribute("aria-pressed", String(on));
  keep();
}

function begin() {
  if (drawing) return;
  // The composer holds its time to this frame.
  document.dispatchEvent(new CustomEvent("comment-here"));
  setDrawing(true);
  stage.scrollIntoView({ block: "nearest" });
  tools.querySelector(`[data-tool=${tool}]`).focus();
}
function end(isKept) {
  if (!isKept) shapes = [];
  setDrawing(false);
  if (isKept) composer.elements.namedItem("text").focus();
  else opener.focus();
}
function undo() { shapes.pop(); keep(); }

function pointOf({ clientX, clientY }) {
  const { left, top, width, height } = sheet.getBoundingClientRect();
  const within = (share) => Number(Math.min(1, Math.max(0, share)).toFixed(4));
  return [within((clientX - left) / width), within((clientY - top) / height)];
}
const apart = ([x1, y1], [x2, y2]) => Math.hypot(x2 - x1, y2 - y1);

function grow(event) {
  const point = pointOf(event);
  if (tool !== "line") { fresh.points[1] = point; return; }
  if (apart(fresh.points.at(-1), point) < FINEST) return;
  fresh.points.push(point);
  if (fresh.points.length > MAX_POINTS) fresh.points = fresh.points.filter((_, at) => at % 2 === 0 || at === MAX_POINTS);
}

if (sheet) {
  sheet.setAttribute("class", "drawing");
  sheet.setAttribute("aria-hidden", "true");
  for (const event of ["play", "seeking", "seeked", "pause", "loadedmetadata"]) video.addEventListener(event, show);
  document.addEventListener("htmx:afterSwap", show);
  new ResizeObserver(show).observe(stage);
  new ResizeObserver(show).observe(video);
}
if (tools && opener) {
  opener.hidden = false;
  opener.addEventListener("click", begin);
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.tool) {
      tool = button.dataset.tool;
      for (const one of tools.querySelectorAll("[data-tool]")) one.setAttribute("aria-pressed", String(one === button));
    } else if ("undraw" in button.dataset) undo();
    else end("drawDone" in button.dataset);
  });
  sheet.addEventListener("pointerdown", (event) => {
    if (!drawing || shapes.length >= MAX_SHAPES || !event.isPrimary) return;
    event.preventDefault();
    sheet.setPointerCapture(event.pointerId);
    const point = pointOf(event);
    fresh = { kind: tool, points: tool === "line" ? [point] : [point, point] };
  });
  sheet.addEventListener("pointermove", (event) => { if (fresh) { grow(event); show(); } });
  sheet.addEventListener("pointercancel", () => { fresh = null; show(); });
  sheet.addEventListener("pointerup", () => {
    if (!fresh) return;
    const { points } = fresh;
    const isSeen = points.length > 1 && points.some((point) => apart(point, points[0]) > SMALLEST);
    if (isSeen) shapes.push(fresh);
    fresh = null;
    keep();
  });
  // Before the player's keys: here they are about the drawing.
  document.addEventListener("keydown", (event) => {
    if (!drawing) return;
    if (event.key === "Escape") end(false);
    else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) undo();
    else if (event.key === "Enter" && !event.target.closest("button")) end(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  // Elsewhere in the video it is not about this frame.
  for (const event of ["play", "seeking"]) video.addEventListener(event, () => { if (drawing) setDrawing(false); });
  document.addEventListener("htmx:afterRequest", ({ detail, target }) => {
    if (target === composer && detail.successful) { shapes = []; keep(); }
  });
  composer.addEventListener("restored", () => { shapes = shapesOf(composer.elements.namedItem("drawing").value); keep(); });
}
