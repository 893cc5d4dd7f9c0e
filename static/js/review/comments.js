// Comments beside the player: times come from the video and lead back to it, and what is half typed survives a reload.
import "../page-poller.js";
import { load, loadJson, save } from "../storage.js";
import { framesOfPage } from "../videos/frames.js";
import { rangeNow, setRange } from "../videos/range.js";
import "./pins.js";
import "./drawing.js";

const video = document.getElementById(document.querySelector("[data-plays]")?.dataset.plays);
const composer = document.getElementById("composer");
const frames = framesOfPage();
const field = (name) => composer.elements.namedItem(name);
const DRAFT = "draft:";
const SHOW_DONE = "show-done";
const GUEST_NAME = "guest-name";
// Set by hand, or taken away by hand: then the picture no longer moves it.
let stuck = false;

// What was typed is the player's In and Out, once it is both.
function mark() {
  const [from, to] = [frames.parse(field("at").value), frames.parse(field("until").value)];
  const isRange = from !== null && to !== null;
  setRange({ in: isRange ? Math.min(from, to) : null, out: isRange ? Math.max(from, to) : null }, "composer");
}

function keep(area) {
  const draft = { text: area.value };
  if (area.form === composer) Object.assign(draft, { at: field("at").value, until: field("until").value, internal: field("internal")?.checked, drawing: field("drawing").value });
  save("localStorage", DRAFT + area.dataset.draft, area.value.trim() ? JSON.stringify(draft) : null);
}

function restore(area) {
  const draft = loadJson("localStorage", DRAFT + area.dataset.draft);
  if (!draft?.text || area.value) return;
  area.value = draft.text;
  if (area.form === composer) {
    field("at").value = draft.at ?? "";
    field("until").value = draft.until ?? "";
    if (field("internal")) field("internal").checked = draft.internal === true;
    field("drawing").value = draft.drawing ?? "";
    composer.dispatchEvent(new CustomEvent("restored"));
    stuck = true;
    mark();
  } else {
    const fold = area.closest("details");
    if (fold) fold.open = true;
  }
}

function follow() {
  if (composer && !stuck && !field("text").value) field("at").value = frames.code(video.currentTime);
}

// In and Out of the player are those of the comment.
document.addEventListener("range", ({ detail }) => {
  if (!composer || detail.by === "composer") return;
  const { in: from, out: to } = rangeNow();
  stuck = from !== null || to !== null;
  if (stuck) field("at").value = frames.code(from ?? 0);
  field("until").value = to === null ? "" : frames.code(to);
  if (!stuck) follow();
  keep(field("text"));
});

const marks = {
  in() { setRange({ ...rangeNow(), in: frames.start(frames.at(video.currentTime)) }, "buttons"); },
  out() { setRange({ ...rangeNow(), out: frames.start(frames.at(video.currentTime)) }, "buttons"); },
  none() {
    setRange({ in: null, out: null }, "buttons");
    stuck = true;
    field("at").value = "";
    keep(field("text"));
  },
};
function here() {
  video.pause();
  if (!field("text").value && rangeNow().in === null) { stuck = false; field("until").value = ""; follow(); }
  field("text").focus();
}

// Into the middle of its frame: at its edge a browser can show the one before.
function seek(to) {
  if (!video) return;
  video.pause();
  video.currentTime = frames.middle(frames.at(Number(to)));
}

// Names of frames become seconds as they are sent: the form reads the same without a script.
composer?.addEventListener("formdata", ({ formData }) => {
  for (const name of ["at", "until"]) {
    const seconds = frames.parse(formData.get(name) ?? "");
    if (seconds !== null) formData.set(name, seconds.toFixed(6));
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-seek-to]");
  if (link && video && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    seek(link.dataset.seekTo);
    document.querySelector(".stage")?.scrollIntoView({ block: "nearest" });
  }
  const button = event.target.closest("[data-mark]");
  if (button) marks[button.dataset.mark]();
});

// Who draws on a frame comments on it.
document.addEventListener("comment-here", () => {
  video.pause();
  if (rangeNow().in === null) field("at").value = frames.code(video.currentTime);
  stuck = true;
});

document.addEventListener("input", ({ target }) => {
  if (target.matches?.("[name=internal]")) keep(field("text"));
  if (target.matches?.("[data-draft]")) keep(target);
  if (target.matches?.(".timecode")) { stuck = true; mark(); keep(field("text")); }
});

document.addEventListener("keydown", (event) => {
  const { target } = event;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && target.matches("[data-comment] textarea")) {
    target.form.requestSubmit();
    return;
  }
  if (event.key === "Escape" && target.matches("[data-comment] textarea") && !event.defaultPrevented) target.blur();
  if (event.key.toLowerCase() !== "c" || !composer || !video || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("input:not([data-seek], [type=radio], [type=checkbox]), textarea, select") || target.closest("dialog[open], .menu[open]")) return;
  event.preventDefault();
  here();
});

// What was said is in the list now; what was not stays, and `ui/answers.js` says why.
document.addEventListener("htmx:afterRequest", ({ detail, target }) => {
  if (!target.matches?.("[data-comment]") || !detail.successful) return;
  const area = target.querySelector("textarea");
  if (area.dataset.draft) save("localStorage", DRAFT + area.dataset.draft, null);
  // A form that changes a comment has the new words already, and starts from them next time.
  if (area.dataset.draft) area.value = "";
  else area.defaultValue = area.value;
  const fold = target.closest("details");
  if (fold) fold.open = false;
  if (target === composer && field("internal")) field("internal").checked = false;
  if (target === composer) { setRange({ in: null, out: null }, "composer"); stuck = false; field("until").value = ""; follow(); }
});

function showDone() {
  const box = document.getElementById("show-done");
  if (!box) return;
  const kept = load("localStorage", SHOW_DONE);
  if (kept !== null) box.checked = kept === "1";
}
document.addEventListener("change", ({ target }) => {
  if (target.id === "show-done") save("localStorage", SHOW_DONE, target.checked ? "1" : "0");
});
document.addEventListener("htmx:afterSwap", showDone);
showDone();

// A guest types a name once.
const name = composer?.querySelector("[data-name]");
if (name) {
  name.value ||= load("localStorage", GUEST_NAME) ?? "";
  name.addEventListener("change", () => save("localStorage", GUEST_NAME, name.value));
}
if (composer && video) {
  for (const event of ["loadedmetadata", "timeupdate", "seeked", "pause"]) video.addEventListener(event, follow);
  for (const button of composer.querySelectorAll("[data-mark]")) button.hidden = false;
}
for (const area of document.querySelectorAll("[data-draft]")) restore(area);
if (composer && video) follow();
