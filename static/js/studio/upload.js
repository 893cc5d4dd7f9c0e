// Uploads, with progress, Stop and Retry. The answer replaces the slot: the stored input, or why it cannot be used.
import { isOurs, problemOf } from "../ui/answers.js";
import { renewToken } from "../ui/session.js";
import { slotChanged } from "./slots.js";

const MB = 1024 * 1024;
const status = document.getElementById("studio-status");
const form = document.getElementById("studio-form");
const addUrl = form.querySelector("[data-add]").getAttribute("formaction");
const running = new Set();
const SIGNED_OUT = ["You are signed out.", "Nothing was sent. Sign in again in another tab, then press Retry."];
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
  upload.xhr?.abort();
  const hadFocus = upload.slot.contains(document.activeElement);
  upload.slot.replaceWith(upload.before);
  if (hadFocus) upload.before.querySelector("label.browse input, summary")?.focus();
  slotChanged(upload.before);
}

// This browser plays the clip by itself: its stage asks for nothing more.
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
  const wrong = fresh.querySelector("[role=alert]");
  if (!wrong) status.textContent = `${part(slot, "name").textContent} is here.`;
}

// What was refused for an old token goes on by itself with a fresh one.
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

function answered(upload) {
  const { xhr, slot } = upload;
  if (!isOurs(xhr)) return fail(slot, ...problemOf(xhr));
  if (xhr.status === 201 || (xhr.status === 422 && xhr.responseText)) return arrive(upload, xhr.responseText);
  if (xhr.status === 401) return fail(slot, ...SIGNED_OUT);
  if (xhr.status === 403 && !upload.renewed && xhr.getResponseHeader("HX-Refresh")) return renew(upload);
  return fail(slot, ...problemOf(xhr));
}

function send(upload) {
  const { slot, kind, file, url } = upload;
  if ("failed" in slot.dataset) {
    delete slot.dataset.failed;
    part(slot, "fact").textContent = "";
    slotChanged(slot);
  }
  slot.querySelector(".arriving-words").removeAttribute("role");
  part(slot, "retry").hidden = true;
  part(slot, "stop-word").hidden = false;
  const data = new FormData();
  // Whose page it is, too: who signs in meanwhile in another tab sends nothing from it.
  for (const name of ["team", "typed_by"]) data.set(name, form.elements.namedItem(name).value);
  data.set("kind", kind);
  data.set(file ? "file" : "url", file ?? url);
  const xhr = new XMLHttpRequest();
  upload.xhr = xhr;
  const began = performance.now();
  say(slot, { line: file ? `Uploading, 0.0 of ${megabytes(file.size)} MB` : "Reading the link", share: file ? 0 : null });
  status.textContent = file ? `Uploading ${file.name}` : "Reading the link";
  xhr.upload.addEventListener("progress", ({ loaded, total }) => {
    if (!file) return;
    const speed = loaded / ((performance.now() - began) / 1000);
    const done = loaded >= total;
    say(slot, {
      line: done ? "Checking it" : `Uploading, ${megabytes(Math.min(loaded, file.size))} of ${megabytes(file.size)} MB`,
      pace: done ? "" : `${megabytes(speed)} MB/s, ${left((total - loaded) / speed)}`,
      share: done ? null : loaded / total,
    });
  });
  xhr.addEventListener("load", () => answered(upload));
  xhr.addEventListener("error", () => fail(slot, ...LOST));
  xhr.open("POST", addUrl);
  xhr.setRequestHeader("HX-Request", "true");
  xhr.setRequestHeader("X-CSRFToken", form.elements.namedItem("csrfmiddlewaretoken").value);
  xhr.send(data);
}

// What was chosen since then, or taken out, stops what it replaced.
function dropReplaced() {
  for (const upload of running) {
    if (upload.over || !upload.slot.isConnected) {
      running.delete(upload);
      if (!upload.over) upload.xhr?.abort();
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
    fail(slot, `“${file.name}” has ${megabytes(file.size)} MB.`, slot.dataset.tooLarge, { retry: false });
  } else {
    send(upload);
  }
}

document.addEventListener("htmx:afterSwap", dropReplaced);
window.addEventListener("online", () => {
  for (const upload of running) if ("failed" in upload.slot.dataset && !part(upload.slot, "retry").hidden) send(upload);
});
