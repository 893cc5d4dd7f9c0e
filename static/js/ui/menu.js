// Menus are <details> and open by themselves; this closes them like menus: Escape, a click or a focus elsewhere.
const open = () => document.querySelectorAll("details.menu[open]");

function closeOthers({ target }) {
  for (const menu of open()) if (!menu.contains(target)) menu.open = false;
}

document.addEventListener("click", closeOthers);
document.addEventListener("focusin", closeOthers);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const rows = [...menu.querySelectorAll(".menu-row:not(:disabled)")];
  if (!rows.length) return;
  event.preventDefault();
  const from = rows.indexOf(document.activeElement);
  rows[(from + step + rows.length) % rows.length].focus();
});
