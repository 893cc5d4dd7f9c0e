// Files and links may be dropped anywhere on the page: what they are says where they go.
const slotOf = (kind) => document.getElementById(`${kind}-slot`);
const offersSomething = ({ types }) => types.includes("Files") || types.includes("text/uri-list");

let depth = 0;

function kindOf({ kind, type }) {
  if (kind !== "file") return null;
  return { image: "character", video: "motion" }[type.split("/")[0]] ?? null;
}

function mark({ dataTransfer, target }) {
  const kinds = new Set([...dataTransfer.items].map(kindOf).filter(Boolean));
  const near = target.closest?.("[data-slot]")?.dataset.slot;
  if (!kinds.size && near) kinds.add(near);
  for (const kind of ["character", "motion"]) slotOf(kind).toggleAttribute("data-over", kinds.has(kind));
}

function unmark() {
  depth = 0;
  for (const slot of document.querySelectorAll("[data-over]")) slot.removeAttribute("data-over");
}

document.addEventListener("dragenter", ({ dataTransfer }) => { if (dataTransfer && offersSomething(dataTransfer)) depth += 1; });
document.addEventListener("dragleave", () => {
  depth -= 1;
  if (depth <= 0) unmark();
});
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer || !offersSomething(event.dataTransfer)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  mark(event);
});
document.addEventListener("drop", (event) => {
  unmark();
  if (!event.dataTransfer || !offersSomething(event.dataTransfer)) return;
  event.preventDefault();
  const near = event.target.closest?.("[data-slot]")?.dataset.slot;
  const link = event.dataTransfer.getData("text/uri-list").split("\n").find((line) => line && !line.startsWith("#"));
  const given = [...event.dataTransfer.files].map((file) => ({ file, near }));
  if (!given.length && link) given.push({ url: link.trim(), near });
  for (const detail of given) document.dispatchEvent(new CustomEvent("give", { detail }));
});
