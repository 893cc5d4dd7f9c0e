// Takes in what was given: its place shows it at once from the local file, with the length the price depends on.
// Then it is upload.js's turn: event "upload" on the place, with the file or the link and what stood there before.
const KINDS = ["character", "motion"];
const ENDINGS = { character: /\.(jpe?g|png|webp)$/i, motion: /\.(mp4|mov|m4v)$/i };
const slotOf = (kind) => document.getElementById(`${kind}-slot`);
const previews = {};

function kindOf({ kind, file, url, near }) {
  if (kind) return kind;
  const type = { image: "character", video: "motion" }[file?.type.split("/")[0]];
  if (type) return type;
  const name = file ? file.name : url.split(/[?#]/)[0];
  const byName = KINDS.find((each) => ENDINGS[each].test(name));
  // Nothing says what it is: the place it was dropped on, or the first empty one.
  return byName ?? near ?? KINDS.find((each) => !slotOf(each).querySelector(`[name="${each}"], [name="arriving"]`)) ?? KINDS[0];
}

function arrivingSlot(kind, name) {
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

function hidden(slot, name, value) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  slot.append(field);
}

// Shown once its size is known, so that it never changes its place.
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
      hidden(slot, "seconds", shown.duration);
      slot.dispatchEvent(new CustomEvent("slot", { bubbles: true }));
    }, { once: true });
  } else {
    shown.alt = file.name;
    shown.addEventListener("load", show, { once: true });
  }
  // What this browser cannot show, the server may still be able to use.
  shown.src = previews[kind];
}

document.addEventListener("give", ({ detail }) => {
  const kind = kindOf(detail);
  const before = slotOf(kind);
  const slot = arrivingSlot(kind, detail.file?.name ?? detail.url);
  const hadFocus = before.contains(document.activeElement);
  if (detail.file) preview(slot, kind, detail.file);
  else if (kind === "motion") hidden(slot, "arriving", "link");
  before.replaceWith(slot);
  htmx.process(slot);
  if (hadFocus) slot.querySelector("[data-stop-word]").focus();
  slot.dispatchEvent(new CustomEvent("slot", { bubbles: true }));
  const { file, url } = detail;
  slot.dispatchEvent(new CustomEvent("upload", { bubbles: true, detail: { kind, file, url, before } }));
});
