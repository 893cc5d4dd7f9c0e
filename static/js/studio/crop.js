// The frame around the picture: it keeps its place in the middle of the view, the picture moves and grows behind it.
// All numbers are in pixels of the picture, until Apply makes four parts of its size of them.
import { slotOf } from "./slots.js";

const VIEW_SHARE = 0.86;
const MIN_SIDE = 64;
const MAX_TIMES = 10;
const MAX_RATIO = 3;
const STEP = 1.1;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const form = document.getElementById("studio-form");
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const percent = (share) => `${Math.round(share * 100)} %`;
const said = () => form.elements.namedItem("crop")?.value ?? "";

// The width and height of what is in a slot, if it is known.
function sizeIn(kind) {
  const size = slotOf(kind)?.dataset.size?.split(" ").map(Number);
  const local = slotOf(kind)?.querySelector(".stage > video");
  return size ?? (local?.videoWidth ? [local.videoWidth, local.videoHeight] : null);
}

class Frame {
  // `ratio`: width by height of the frame; `zoom` 1: as large as fits into the picture.
  constructor(dialog) {
    this.dialog = dialog;
    this.width = Number(dialog.dataset.width);
    this.height = Number(dialog.dataset.height);
    this.clip = sizeIn("motion");
    this.part = (name) => dialog.querySelector(`[data-${name}]`);
    this.slider = (name) => dialog.querySelector(`[data-slider="${name}"]`);
    this.view = this.part("view");
    this.fingers = new Map();
    // The file itself, above its smaller copy, is loaded where someone looks closely.
    const sharp = dialog.querySelector("[data-href]");
    sharp.setAttribute("href", sharp.dataset.href);
    this.begin();
    this.listen();
  }

  get shapes() {
    return { clip: this.clip && this.clip[0] / this.clip[1], picture: this.width / this.height };
  }

  // The largest frame in the picture.
  get cover() { return Math.min(this.width, this.height * this.ratio); }

  get frameWidth() { return this.cover / this.zoom; }

  get frameHeight() { return this.frameWidth / this.ratio; }

  get zooms() {
    const around = Math.max(this.width, this.height * this.ratio);
    const least = Math.max(this.cover / (2 * around), this.cover / (MAX_TIMES * this.width), this.cover / (MAX_TIMES * this.height * this.ratio));
    const smallest = MIN_SIDE * Math.max(1, this.ratio);
    return [Math.min(least, 1), Math.max(1, this.cover / smallest)];
  }

  begin() {
    const numbers = said().split(",").map(Number);
    const isFramed = numbers.length === 4 && numbers.every(Number.isFinite);
    this.x = this.width / 2;
    this.y = this.height / 2;
    this.shape = this.clip ? "clip" : "picture";
    this.ratio = this.shapes[this.shape];
    this.zoom = 1;
    if (isFramed) {
      const [x, y, width, height] = numbers;
      this.x = (x + width / 2) * this.width;
      this.y = (y + height / 2) * this.height;
      this.ratio = (width * this.width) / (height * this.height);
      const isLike = (shape) => this.shapes[shape] && Math.abs(this.ratio / this.shapes[shape] - 1) < 2 / Math.min(width * this.width, height * this.height);
      this.shape = ["clip", "picture"].find(isLike) ?? "free";
      this.ratio = this.shapes[this.shape] ?? this.ratio;
      this.zoom = this.cover / (width * this.width);
    }
    for (const radio of this.dialog.querySelectorAll('[name="shape"]')) {
      radio.disabled = radio.value === "clip" && !this.clip;
      radio.checked = radio.value === this.shape;
    }
    this.draw();
  }

  reshape(ratio) {
    this.ratio = ratio;
    this.draw();
  }

  reset() {
    Object.assign(this, { x: this.width / 2, y: this.height / 2, zoom: 1 });
    this.draw();
  }

  zoomTo(zoom, [x, y] = [0, 0]) {
    // What is under the pointer, `x` and `y` of the frame's size from its middle, stays under it.
    const before = [this.frameWidth, this.frameHeight];
    this.zoom = clamp(zoom, ...this.zooms);
    this.x += x * (before[0] - this.frameWidth);
    this.y += y * (before[1] - this.frameHeight);
    this.draw();
  }

  // The picture goes with the pointer and the arrows, so the frame goes the other way over it.
  move(right, down) {
    this.x -= right;
    this.y -= down;
    this.draw();
  }

  draw() {
    this.zoom = clamp(this.zoom, ...this.zooms);
    this.x = clamp(this.x, 0, this.width);
    this.y = clamp(this.y, 0, this.height);
    const [width, height] = [this.frameWidth, this.frameHeight];
    const [left, top] = [this.x - width / 2, this.y - height / 2];
    this.scale = Math.min((VIEW_SHARE * this.view.clientWidth) / width, (VIEW_SHARE * this.view.clientHeight) / height) || 1;
    const [wide, high] = [this.view.clientWidth / this.scale, this.view.clientHeight / this.scale];
    const around = [this.x - wide / 2, this.y - high / 2];
    const svg = this.view.querySelector(":scope > svg");
    const rect = ([x, y], w, h) => `M${x} ${y}h${w}v${h}h${-w}z`;
    svg.setAttribute("viewBox", `${around.join(" ")} ${wide} ${high}`);
    svg.querySelector(".crop-dim").setAttribute("d", rect(around, wide, high) + rect([left, top], width, height));
    const thirds = [1, 2].map((each) => `M${left + (width * each) / 3} ${top}v${height}M${left} ${top + (height * each) / 3}h${width}`);
    svg.querySelector(".crop-thirds").setAttribute("d", thirds.join(""));
    for (const [name, value] of Object.entries({ x: left, y: top, width, height })) svg.querySelector(".crop-frame").setAttribute(name, value);
    this.say(left, top, width, height);
  }

  say(left, top, width, height) {
    this.part("size").textContent = `${Math.round(width)} × ${Math.round(height)}`;
    const isInside = left > -0.5 && top > -0.5 && left + width < this.width + 0.5 && top + height < this.height + 0.5;
    this.part("outside").hidden = isInside;
    this.part("free").toggleAttribute("data-off", this.shape !== "free");
    const [low, high] = this.zooms.map(Math.log);
    const set = (name, value, text) => {
      this.slider(name).value = clamp(value, 0, 1) * 100;
      this.slider(name).setAttribute("aria-valuetext", text);
    };
    set("zoom", (Math.log(this.zoom) - low) / (high - low || 1), percent(this.zoom));
    set("across", this.x / this.width, `middle at ${percent(this.x / this.width)} of the width`);
    set("down", this.y / this.height, `middle at ${percent(this.y / this.height)} of the height`);
    set("shape", (Math.log(this.ratio) / Math.log(MAX_RATIO) + 1) / 2, `${Math.round(width)} to ${Math.round(height)}`);
  }

  slid({ target }) {
    const share = Number(target.value) / 100;
    const [low, high] = this.zooms.map(Math.log);
    if (target.dataset.slider === "zoom") this.zoomTo(Math.exp(low + share * (high - low)));
    else if (target.dataset.slider === "across") this.move(this.x - share * this.width, 0);
    else if (target.dataset.slider === "down") this.move(0, this.y - share * this.height);
    else if (target.dataset.slider === "shape") this.reshape(MAX_RATIO ** (2 * share - 1));
    else if (target.name === "shape") {
      this.shape = target.value;
      if (this.shapes[this.shape]) this.reshape(this.shapes[this.shape]);
      else this.draw();
    }
  }

  pressed(event) {
    const { key, target, shiftKey } = event;
    const isField = target.matches("input");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Enter" && !target.matches("button")) this.apply();
    else if (MOVES[key] && !isField) {
      const [right, down] = MOVES[key].map((each) => each * (shiftKey ? 0.1 : 0.01));
      this.move(right * this.frameWidth, down * this.frameHeight);
    } else if (["+", "=", "-", "_"].includes(key)) this.zoomTo(this.zoom * (["+", "="].includes(key) ? STEP : 1 / STEP));
    else return;
    event.preventDefault();
  }

  // From the middle of the frame, in parts of its size.
  placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.view.getBoundingClientRect();
    return [(clientX - left - width / 2) / (this.frameWidth * this.scale), (clientY - top - height / 2) / (this.frameHeight * this.scale)];
  }

  dragged(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = { clientX: event.clientX, clientY: event.clientY };
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, now);
    // Of two fingers each moves the picture half the way.
    const share = this.fingers.size > 1 ? 0.5 : 1;
    this.move((share * (now.clientX - before.clientX)) / this.scale, (share * (now.clientY - before.clientY)) / this.scale);
    if (!other) return;
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
    const middle = { clientX: (now.clientX + other.clientX) / 2, clientY: (now.clientY + other.clientY) / 2 };
    this.zoomTo((this.zoom * apart(now)) / apart(before), this.placeOf(middle));
  }

  listen() {
    const { dialog, view } = this;
    const ending = new AbortController();
    const on = (target, type, listener, options = {}) => target.addEventListener(type, listener, { signal: ending.signal, ...options });
    on(dialog, "input", (event) => this.slid(event));
    on(dialog, "keydown", (event) => this.pressed(event));
    on(view, "dblclick", () => this.reset());
    on(view, "wheel", (event) => {
      event.preventDefault();
      this.zoomTo(this.zoom * Math.exp(-clamp(event.deltaY, -100, 100) * 0.002), this.placeOf(event));
    }, { passive: false });
    on(view, "pointerdown", (event) => {
      view.setPointerCapture(event.pointerId);
      this.fingers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
    });
    on(view, "pointermove", (event) => this.dragged(event));
    for (const type of ["pointerup", "pointercancel"]) on(view, type, ({ pointerId }) => this.fingers.delete(pointerId));
    on(dialog, "click", ({ target }) => { if (target.closest("[data-apply]")) this.apply(); });
    on(window, "resize", () => this.draw());
    on(dialog, "close", () => ending.abort());
  }

  get numbers() {
    const [width, height] = [this.frameWidth, this.frameHeight];
    const parts = [(this.x - width / 2) / this.width, (this.y - height / 2) / this.height, width / this.width, height / this.height];
    return parts.map((part) => Number(part.toFixed(6))).join(",");
  }

  async apply() {
    const query = new URLSearchParams({ crop: this.numbers });
    const motion = form.elements.namedItem("motion")?.value;
    if (motion) query.set("motion", motion);
    refocus = true;
    const asked = htmx.ajax("GET", `${this.dialog.dataset.address}?${query}`, { target: "#character-slot", swap: "outerHTML" });
    await asked.catch(() => {});
    // Replaced with its slot, unless the answer did not come.
    if (this.dialog.isConnected) this.part("wrong").textContent = "Connection lost. Press Apply again.";
  }
}

let refocus = false;

// Both bring a new slot: the focus stays with what was done.
document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-reframes]")) refocus = true;
  const opener = target.closest('[data-dialog="crop"]');
  if (!opener) return;
  const dialog = document.getElementById(opener.dataset.dialog);
  // Its sizes are known once it is open.
  if (!dialog.open) dialog.showModal();
  new Frame(dialog);
});
document.addEventListener("htmx:load", ({ target }) => {
  if (target.id !== "character-slot" || !refocus) return;
  refocus = false;
  target.querySelector('[data-dialog="crop"]')?.focus();
});
