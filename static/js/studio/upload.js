// Uploads, with progress, Stop and Retry. The answer replaces the slot: the stored input, or why it cannot be used.
// Links and small files go in one request, larger files in pieces.
import { isOurs, problemOf } from "../ui/answers.js";
import { noteChange } from "../ui/restored.js";
import { renewToken } from "../ui/session.js";
import { forget, sendInPieces, unfinished } from "./pieces.js";
import { onSlotChange, slotChanged } from "./slots.js";

const MB = 1024 * 1024;
const status = document.getElementById("studio-status");
const form = document.getElementById("studio-form");
const addUrl = form.querySelector("[data-add]").getAttribute("formaction");
// Smaller than what proxies take by default, with the form around it.
const IN_ONE_BYTES = MB / 2;
const running = new Set();
const SIGNED_OUT = ["You are signed out.", "Sign in again in another tab, then press Retry. The part that has arrived is kept."];
const LOST = ["Connection lost.", "Nothing was sent to APIXO. The upload continues when the connection is back."];

const megabytes = (bytes) => (bytes / MB).toFixed(1);
const part = (slot, name) => slot.querySelector(`[data-${name}]`);

function say(slot, { line, pace = "", share = null }) {
  part(slot, "line").textContent = line;
  part(slot, "pace").textContent = pace;
  const bar = slot.querySelector("progress");
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
}

function fail(slot, fact, line, { retry = true } = {}) {
  slot.dataset.failed = "";
  // What will never arrive is not waited for, and has no price.
  if (!retry) {
    for (const field of slot.querySelectorAll('[name="arriving"], [name="seconds"]')) field.remove();
    slotChanged(slot);
  }
  say(slot, { line });
  part(slot, "fact").textContent = fact;
  slot.querySelector(".arriving-words").setAttribute("role", "alert");
  part(slot, "retry").hidden = !retry;
  part(slot, "another").hidden = retry;
  part(slot, "stop-word").hidden = true;
}

function left(seconds) {
  if (!Number.isFinite(seconds)) return "";
  return seconds < 60 ? `about ${Math.max(1, Math.round(seconds))} s` : `about ${Math.round(seconds / 60)} min`;
}

function restore(upload) {
  upload.over = true;
  upload.stop?.();
  const hadFocus = upload.slot.contains(document.activeElement);
  upload.slot.replaceWith(upload.before);
  if (hadFocus) upload.before.querySelector("label.browse input, summary")?.focus();
  slotChanged(upload.before);
}

// This browser plays the clip: its stage asks for nothing more.
function needsNoPreview(stage) {
  const quiet = stage.cloneNode(false);
  for (const name of ["hx-get", "hx-trigger"]) quiet.removeAttribute(name);
  stage.querySelector(".stage-note")?.remove();
  quiet.append(...stage.childNodes);
  stage.replaceWith(quiet);
}

function arrive(upload, html) {
  upload.over = true;
  const { slot, kind } = upload;
  const hadFocus = slot.contains(document.activeElement);
  const shown = slot.querySelector(".stage > [data-media]");
  noteChange();
  htmx.swap(slot, html, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 });
  const fresh = document.getElementById(`${kind}-slot`);
  // The local preview stays: no second download, no flicker, and a clip that plays goes on playing.
  const stored = fresh.querySelector(".stage > [data-media]");
  if (stored && shown) {
    shown.controls = shown.localName === "video";
    stored.replaceWith(shown);
    if (shown.localName !== stored.localName) needsNoPreview(shown.parentElement);
  }
  if (hadFocus) fresh.querySelector("summary, label.browse input")?.focus();
  // The frame's dialog keeps an empty line for what can go wrong in it.
  const wrong = fresh.querySelector("[role=alert]:not(:empty)");
  if (!wrong) status.textContent = `${fresh.querySelector(".file-name").textContent} is here.`;
}

// What was refused for an old token goes on automatically with a fresh one.
async function renew(upload) {
  upload.renewed = true;
  try {
    const isIn = await renewToken();
    if (upload.over) return;
    if (isIn) send(upload);
    else fail(upload.slot, ...SIGNED_OUT);
  } catch {
    if (!upload.over) fail(upload.slot, ...LOST);
  }
}

function answered(upload, xhr) {
  const { slot } = upload;
  if (upload.over) return null;
  if (!xhr || xhr.status === 0) return fail(slot, ...LOST);
  if (!isOurs(xhr)) return fail(slot, ...problemOf(xhr));
  if (xhr.status === 201 || (xhr.status === 422 && xhr.responseText)) return arrive(upload, xhr.responseText);
  if (xhr.status === 401) return fail(slot, ...SIGNED_OUT);
  if (xhr.status === 403 && !upload.renewed && xhr.getResponseHeader("HX-Refresh")) return renew(upload);
  return fail(slot, ...problemOf(xhr));
}

function showSent(upload, sent, total, since) {
  const { slot, file } = upload;
  const speed = (sent - since.sent) / ((performance.now() - since.at) / 1000);
  const done = sent >= total;
  say(slot, {
    line: done ? "Checking" : `Uploading, ${megabytes(Math.min(sent, file.size))} of ${megabytes(file.size)} MB`,
    pace: done || !(speed > 0) ? "" : `${megabytes(speed)} MB/s, ${left((total - sent) / speed)}`,
    share: done ? null : sent / total,
  });
}

// The form of the slot with these fields; its answer is the slot.
function post(upload, fields, onProgress) {
  const data = new FormData();
  // Whose page it is, too: who signs in meanwhile in another tab sends nothing from it.
  for (const name of ["team", "typed_by"]) data.set(name, form.elements.namedItem(name).value);
  for (const [name, value] of Object.entries({ kind: upload.kind, ...fields })) data.set(name, value);
  const xhr = new XMLHttpRequest();
  upload.stop = () => xhr.abort();
  if (onProgress) xhr.upload.addEventListener("progress", onProgress);
  xhr.addEventListener("load", () => answered(upload, xhr));
  xhr.addEventListener("error", () => answered(upload, null));
  xhr.open("POST", addUrl);
  xhr.setRequestHeader("HX-Request", "true");
  xhr.setRequestHeader("X-CSRFToken", form.elements.namedItem("csrfmiddlewaretoken").value);
  xhr.send(data);
}

async function showSame(upload, id) {
  try {
    const answer = await fetch(form.dataset.slot.replace("/0/", `/${id}/`), { headers: { "HX-Request": "true" } });
    if (upload.over) return;
    if (answer.ok) arrive(upload, await answer.text());
    else fail(upload.slot, ...LOST);
  } catch {
    if (!upload.over) fail(upload.slot, ...LOST);
  }
}

function sendPieces(upload) {
  const { slot, kind, file } = upload;
  let since;
  upload.stop = sendInPieces(file, kind, {
    hashing: (share) => say(slot, { line: "Looking whether your team has it already", share }),
    progress(sent, total) {
      since ??= { sent, at: performance.now() };
      if (!upload.over) showSent(upload, sent, total, since);
    },
    same: (id) => showSame(upload, id),
    arrived: (url) => post(upload, { part: idIn(url) }),
    failed(xhr, url) {
      // The studio has seen it whole, and the slot says why it cannot be used.
      const isSeen = xhr?.status === 422 && isOurs(xhr) && url;
      if (!isSeen) return answered(upload, xhr);
      forget(url);
      return post(upload, { part: idIn(url) });
    },
  });
}

const idIn = (url) => new URL(url, location.href).pathname.split("/").at(-2);

function send(upload) {
  const { slot, file, url } = upload;
  if ("failed" in slot.dataset) {
    delete slot.dataset.failed;
    part(slot, "fact").textContent = "";
    slotChanged(slot);
  }
  slot.querySelector(".arriving-words").removeAttribute("role");
  part(slot, "retry").hidden = true;
  part(slot, "stop-word").hidden = false;
  say(slot, { line: file ? `Uploading, 0.0 of ${megabytes(file.size)} MB` : "Reading the link", share: file ? 0 : null });
  status.textContent = file ? `Uploading ${file.name}` : "Reading the link";
  const since = { sent: 0, at: performance.now() };
  if (!file) post(upload, { url });
  else if (file.size > IN_ONE_BYTES) sendPieces(upload);
  else post(upload, { file }, ({ loaded, total }) => showSent(upload, loaded, total, since));
}

// What was begun before this page, and can go on.
function showUnfinished() {
  for (const line of document.querySelectorAll("[data-formats]")) {
    const name = unfinished(line.dataset.formats);
    if (name) line.textContent = `“${name}” has not arrived yet. Choose it again to continue.`;
  }
}

// What was chosen since then, or taken out, stops what it replaced.
function dropReplaced() {
  for (const upload of running) {
    if (upload.over || !upload.slot.isConnected) {
      running.delete(upload);
      if (!upload.over) upload.stop?.();
    }
  }
}

// Sends a file or a link from its slot; `before` is the slot that returns when it is stopped.
export function startUpload(slot, { kind, file, url, before }) {
  // Of two on their way, what stood before the first returns when the second is stopped.
  const older = [...running].find((upload) => upload.slot === before);
  const upload = { slot, kind, file, url, before: older?.before ?? before };
  dropReplaced();
  running.add(upload);
  part(slot, "retry").addEventListener("click", () => {
    upload.renewed = false;
    send(upload);
  });
  for (const stop of slot.querySelectorAll("[data-stop]")) stop.addEventListener("click", () => restore(upload));
  if (file?.size > Number(slot.dataset.limit)) {
    fail(slot, `“${file.name}” is ${megabytes(file.size)} MB.`, slot.dataset.tooLarge, { retry: false });
  } else {
    send(upload);
  }
}

document.addEventListener("htmx:afterSwap", dropReplaced);
onSlotChange(showUnfinished);
showUnfinished();
window.addEventListener("online", () => {
  for (const upload of running) if ("failed" in upload.slot.dataset && !part(upload.slot, "retry").hidden) send(upload);
});
