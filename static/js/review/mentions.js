// Mentions: after an @ the names of the team are offered. A name typed by hand mentions as well.
const people = [...document.querySelectorAll("#people option")].map((option) => option.value);
const MAX_NAMES = 6;
let list = null;
let area = null;

function mentionAtCaret() {
  const before = area.value.slice(0, area.selectionStart);
  const found = /(?:^|[\s(])@([^@\n]{0,40})$/u.exec(before);
  return found ? { typed: found[1], from: before.length - found[1].length } : null;
}

function close() {
  list?.remove();
  area?.removeAttribute("aria-activedescendant");
  area?.removeAttribute("aria-controls");
  list = null;
}

function choose(name) {
  const { from } = mentionAtCaret();
  area.setRangeText(`${name} `, from, area.selectionStart, "end");
  close();
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
}

function point(to) {
  for (const row of list.children) row.setAttribute("aria-selected", String(row === to));
  area.setAttribute("aria-activedescendant", to.id);
  to.scrollIntoView({ block: "nearest" });
}

function offer() {
  const mention = mentionAtCaret();
  const typed = mention?.typed.toLowerCase();
  const fits = mention ? people.filter((name) => name.toLowerCase().startsWith(typed) || name.toLowerCase().includes(` ${typed}`)) : [];
  close();
  if (!fits.length || fits.some((name) => name.toLowerCase() === typed?.trim() && mention.typed.endsWith(" "))) return;
  list = document.createElement("ul");
  list.className = "mention-list";
  list.id = "mention-list";
  list.role = "listbox";
  list.setAttribute("aria-label", "People");
  for (const [index, name] of fits.slice(0, MAX_NAMES).entries()) {
    const row = document.createElement("li");
    Object.assign(row, { id: `mention-${index}`, role: "option", textContent: name });
    // Before the field loses the focus.
    row.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(name); });
    list.append(row);
  }
  area.after(list);
  area.setAttribute("aria-controls", list.id);
  point(list.firstElementChild);
}

document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("[data-mentions]")) return;
  area = target;
  offer();
});
document.addEventListener("focusout", ({ target }) => { if (target === area) close(); });
document.addEventListener("keydown", (event) => {
  if (!list || event.target !== area) return;
  const rows = [...list.children];
  const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) point(rows[(at + step + rows.length) % rows.length]);
  else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") choose(rows[at].textContent);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
