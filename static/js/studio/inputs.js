// Ways in for a picture, a clip or a link: chosen, typed, dropped or pasted anywhere on the page. All end in `receive`.
import { KINDS, slotOf } from "./slots.js";
import { receive } from "./upload-slot.js";

const isLink = (text) => /^https?:\/\/\S+$/i.test(text);

// Browse, and the field of a link with its "Add".
function receiveLink(field) {
  const url = field.value.trim();
  // Its slot is about to be replaced, and losing the focus would report a change once more.
  field.value = "";
  if (url) receive({ url, kind: field.dataset.give });
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-give]")) return;
  if (target.type !== "file") return receiveLink(target);
  const [file] = target.files;
  // The form posts what is stored already; a file left here would be sent a second time.
  target.value = "";
  if (file) receive({ file, kind: target.dataset.give });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches('[type="url"][data-give]')) return;
  event.preventDefault();
  receiveLink(event.target);
});

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]");
  if (!add) return;
  event.preventDefault();
  const field = add.closest(".link-row").querySelector("[data-give]");
  if (field.value.trim()) receiveLink(field);
  else field.focus();
});

// Drop: what the files are says where they go.
const canReceive = ({ dataTransfer }) => dataTransfer && ["Files", "text/uri-list"].some((type) => dataTransfer.types.includes(type));
const slotNear = (element) => element.closest?.("[data-slot]")?.dataset.slot;
let depth = 0;

function kindOf({ kind, type }) {
  if (kind !== "file") return null;
  return { image: "character", video: "motion" }[type.split("/")[0]] ?? null;
}

function mark({ dataTransfer, target }) {
  const kinds = new Set([...dataTransfer.items].map(kindOf).filter(Boolean));
  const near = slotNear(target);
  if (!kinds.size && near) kinds.add(near);
  for (const kind of KINDS) slotOf(kind).toggleAttribute("data-over", kinds.has(kind));
}

function unmark() {
  depth = 0;
  for (const slot of document.querySelectorAll("[data-over]")) slot.removeAttribute("data-over");
}

document.addEventListener("dragenter", (event) => { if (canReceive(event)) depth += 1; });
document.addEventListener("dragleave", () => {
  depth -= 1;
  if (depth <= 0) unmark();
});
document.addEventListener("dragover", (event) => {
  if (!canReceive(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  mark(event);
});
document.addEventListener("drop", (event) => {
  unmark();
  if (!canReceive(event)) return;
  event.preventDefault();
  const near = slotNear(event.target);
  const { files } = event.dataTransfer;
  const link = event.dataTransfer.getData("text/uri-list").split("\n").find((line) => line && !line.startsWith("#"));
  if (!files.length && link) receive({ url: link.trim(), near });
  for (const file of files) receive({ file, near });
});

// Paste: what is pasted into a field stays in the field.
document.addEventListener("paste", (event) => {
  const { files } = event.clipboardData;
  const text = event.clipboardData.getData("text/plain").trim();
  if (!files.length && (event.target.closest?.("input, textarea") || !isLink(text))) return;
  event.preventDefault();
  if (files.length) for (const file of files) receive({ file });
  else receive({ url: text });
});

// The row "Paste" of the menu needs to read the clipboard automatically, which only some browsers and addresses allow.
async function receiveClipboard(kind) {
  for (const item of await navigator.clipboard.read()) {
    const type = item.types.find((each) => /^(image|video)\//.test(each));
    if (type) return receive({ file: new File([await item.getType(type)], `pasted.${type.split("/")[1]}`, { type }), kind });
    if (!item.types.includes("text/plain")) continue;
    const text = (await (await item.getType("text/plain")).text()).trim();
    if (isLink(text)) return receive({ url: text, kind });
  }
}

if (navigator.clipboard?.read) {
  const show = () => { for (const row of document.querySelectorAll("[data-paste]")) row.hidden = false; };
  document.addEventListener("htmx:load", show);
  document.addEventListener("slot", show);
  document.addEventListener("click", ({ target }) => {
    const row = target.closest("[data-paste]");
    // Refused by the person: nothing was asked of us then.
    if (row) receiveClipboard(row.dataset.paste).catch(() => {});
  });
  show();
}
