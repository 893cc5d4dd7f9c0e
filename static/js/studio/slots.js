// Slots: the places of the two inputs. Their contents are replaced by htmx and by the studio's own scripts.
export const KINDS = ["character", "motion"];

export const slotOf = (kind) => document.getElementById(`${kind}-slot`);

export const slotChanged = (slot) => slot.dispatchEvent(new CustomEvent("slot", { bubbles: true }));

export function onSlotChange(listener) {
  for (const name of ["htmx:load", "slot"]) {
    document.addEventListener(name, ({ target }) => { if (target.matches?.("[data-slot]")) listener(); });
  }
}
