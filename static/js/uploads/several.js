// Several files at once from the form of the uploads page: three are on their way, the others are queued, each has a line.
import { forget, sendInPieces } from "../studio/pieces.js";
import { isOurs, problemOf } from "../ui/answers.js";

const AT_ONCE = 3;
const MB = 1024 * 1024;
const PICTURE = /\.(jpe?g|png|webp|hei[cf]|avif)$/i;
const form = document.querySelector("form[data-parts]");
const rows = document.getElementById("arriving-rows");
const status = document.getElementById("arriving-status");
const queue = [];
let running = 0;
let added = 0;

const megabytes = (bytes) => (bytes / MB).toFixed(1);
const kindOf = ({ type, name }) => (type.startsWith("image/") || PICTURE.test(name) ? "character" : "motion");

function say({ row }, line, share = null) {
  row.querySelector("[data-line]").textContent = line;
  const bar = row.querySelector("progress");
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
}

function next() {
  while (running < AT_ONCE && queue.length) start(queue.shift());
  if (running || !added) return;
  status.textContent = added === 1 ? "1 file is added." : `${added} files are added.`;
  added = 0;
  // The page says it where the connection is lost.
  htmx.ajax("GET", location.href, { target: "#uploads-list", select: "#uploads-list", swap: "outerHTML" }).catch(() => {});
  for (const row of rows.querySelectorAll("[data-added]")) row.remove();
}

function end(one, line, isAdded) {
  if (one.over) return;
  one.over = true;
  running -= 1;
  say(one, line, isAdded ? 1 : 0);
  one.row.toggleAttribute("data-added", isAdded);
  if (isAdded) added += 1;
  else one.row.querySelector("[data-line]").setAttribute("role", "alert");
  const close = one.row.querySelector("[data-stop]");
  close.textContent = "Close";
  close.removeAttribute("aria-label");
  next();
}

function fail(one, xhr, url) {
  if (xhr?.status === 422 && url && isOurs(xhr)) forget(url);
  const lost = ["Connection lost.", "Add it again: it goes on where it stopped."];
  end(one, (xhr?.status ? problemOf(xhr) : lost).join(" ").trim(), false);
}

function start(one) {
  const { file } = one;
  running += 1;
  say(one, "Sending", 0);
  one.stop = sendInPieces(file, kindOf(file), {
    hashing: (share) => say(one, "Looking whether your team has it already", share),
    progress(sent, total) {
      if (one.over) return;
      if (sent >= total) say(one, "Checking");
      else say(one, `${megabytes(sent)} of ${megabytes(total)} MB`, sent / total);
    },
    same: () => end(one, "Your team has it already.", true),
    arrived: () => end(one, "Added.", true),
    failed: (xhr, url) => fail(one, xhr, url),
  });
}

function stop(one) {
  one.row.remove();
  if (one.over) return;
  one.over = true;
  const at = queue.indexOf(one);
  if (at >= 0) {
    queue.splice(at, 1);
  } else {
    one.stop();
    running -= 1;
    next();
  }
}

function add(file) {
  const row = document.getElementById("arriving-row").content.firstElementChild.cloneNode(true);
  const one = { file, row };
  row.querySelector("[data-name]").textContent = file.name;
  row.querySelector("[data-stop]").setAttribute("aria-label", `Stop ${file.name}`);
  row.querySelector("progress").setAttribute("aria-label", `Progress of ${file.name}`);
  row.querySelector("[data-stop]").addEventListener("click", () => stop(one));
  rows.append(row);
  say(one, "Queued", 0);
  queue.push(one);
}

if (form) {
  const field = form.elements.namedItem("file");
  field.multiple = true;
  form.addEventListener("submit", (event) => {
    const files = [...field.files];
    // One small file is what a form can do.
    if (files.length === 1 && files[0].size <= MB / 2) return;
    event.preventDefault();
    for (const file of files) add(file);
    form.reset();
    form.closest("details").open = false;
    next();
  });
}
