// Slots of what is on its way: shown at once from the local file, with the length that the price depends on.
import { KINDS, slotChanged, slotOf } from "./slots.js";
import { startUpload } from "./upload.js";

const ENDINGS = { character: /\.(jpe?g|png|webp|hei[cf]|avif)$/i, motion: /\.(mp4|mov|m4v|webm|mkv|3gp)$/i };
const previews = {};

function kindOf({ kind, file, url, near }) {
  if (kind) return kind;
  const type = { image: "character", video: "motion" }[file?.type.split("/")[0]];
  if (type) return type;
  const name = file ? file.name : url.split(/[?#]/)[0];
  const byName = KINDS.find((each) => ENDINGS[each].test(name));
  // Nothing says what it is: the slot it was dropped on, or the first empty one.
  return byName ?? near ?? KINDS.find((each) => !slotOf(each).querySelector(`[name="${each}"], [name="arriving"]`)) ?? KINDS[0];
}

function uploadSlot(kind, name) {
  const slot = document.getElementById(`${kind}-arriving`).content.firstElementChild.cloneNode(true);
  slot.querySelector("[data-name]").textContent = name;
  slot.querySelector("[data-name]").title = name;
  const recents = slotOf(kind).querySelector(".recents")?.cloneNode(true);
  if (recents) {
    recents.querySelector("[aria-current]")?.removeAttribute("aria-current");
    slot.querySelector(".recents-row").append(recents);
  }
  return slot;
}

function addHidden(slot, name, value) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  slot.append(field);
}

// Shown once its size is known, so that nothing moves.
function preview(slot, kind, file) {
  URL.revokeObjectURL(previews[kind]);
  previews[kind] = URL.createObjectURL(file);
  const shown = document.createElement(kind === "motion" ? "video" : "img");
  const show = () => slot.querySelector(".stage").prepend(shown);
  shown.dataset.media = "";
  if (kind === "motion") {
    Object.assign(shown, { muted: true, loop: true, playsInline: true, preload: "metadata" });
    shown.setAttribute("aria-label", file.name);
    shown.addEventListener("loadedmetadata", () => {
      Object.assign(shown, { width: shown.videoWidth, height: shown.videoHeight });
      // Only its sound can be played here: the still that the server makes says more than a black picture.
      if (shown.videoWidth) show();
      if (!(Number.isFinite(shown.duration) && shown.duration > 0) || !slot.isConnected) return;
      // Too large to be sent: it has no price.
      if (!slot.querySelector('[name="arriving"]')) return;
      addHidden(slot, "seconds", shown.duration);
      slotChanged(slot);
    }, { once: true });
  } else {
    shown.alt = file.name;
    shown.addEventListener("load", show, { once: true });
  }
  // The server might be able to use what this browser cannot show.
  shown.src = previews[kind];
}

// Takes a file or a link: its kind where it was said, else the kind of the slot it came near to as a last hint.
export function receive({ file, url, kind: said, near }) {
  const kind = kindOf({ kind: said, file, url, near });
  const before = slotOf(kind);
  const slot = uploadSlot(kind, file?.name ?? url);
  const hadFocus = before.contains(document.activeElement);
  if (file) preview(slot, kind, file);
  else if (kind === "motion") addHidden(slot, "arriving", "link");
  before.replaceWith(slot);
  htmx.process(slot);
  if (hadFocus) slot.querySelector("[data-stop-word]").focus();
  slotChanged(slot);
  startUpload(slot, { kind, file, url, before });
}
