// Selection on the wall: how many and how much they come to, a range with Shift, and a click anywhere while selecting.
const boxes = () => [...document.querySelectorAll(".tile-check input")];
const bar = () => document.getElementById("selection");
const wall = () => document.getElementById("wall");
const all = () => bar()?.elements.namedItem("all");
let last;

function words(count, seconds, price) {
  const sums = [`${seconds.toFixed(1)} s`];
  if (price) sums.push(`$${price.toFixed(2)}`);
  return [`${count.toLocaleString("en")} selected`, count ? sums.join(", ") : ""];
}

function update() {
  const form = bar();
  if (!form) return;
  const ticked = boxes().filter((box) => box.checked);
  const sum = (name) => ticked.reduce((total, box) => total + Number(box.dataset[name]), 0);
  const { count, seconds, price } = all()?.dataset ?? {};
  const [selected, sums] = all()?.checked
    ? words(Number(count), Number(seconds), Number(price))
    : words(ticked.length, sum("seconds"), sum("price"));
  form.querySelector("[data-selected]").textContent = selected;
  form.querySelector("[data-sum]").textContent = sums;
  const compare = form.querySelector("[data-compare]");
  compare.disabled = ticked.length !== 2 || Boolean(all()?.checked);
  compare.title = compare.disabled ? "Select two videos to compare" : "";
  wall()?.classList.toggle("selecting", isSelecting || ticked.length > 0 || Boolean(all()?.checked));
}

let isSelecting = false;

function selecting(on) {
  isSelecting = on;
  if (!on) {
    for (const box of boxes()) box.checked = false;
    if (all()) all().checked = false;
    last = undefined;
  }
  update();
}

function tick(box, on, range) {
  const row = boxes();
  const from = range && last ? row.indexOf(last) : -1;
  const here = row.indexOf(box);
  const between = from < 0 ? [box] : row.slice(Math.min(from, here), Math.max(from, here) + 1);
  for (const one of between) one.checked = on;
  last = box;
  update();
}

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.closest("[data-select]")) {
    event.preventDefault();
    selecting(!isSelecting);
  } else if (target.closest("[data-unselect]")) {
    event.preventDefault();
    selecting(false);
  } else if (target.matches(".tile-check input")) {
    tick(target, target.checked, event.shiftKey);
  } else if (target.closest(".selecting .tile-link") && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    const box = target.closest(".tile").querySelector(".tile-check input");
    tick(box, !box.checked, event.shiftKey);
  }
}, true);

document.addEventListener("change", ({ target }) => {
  if (target !== all()) return;
  for (const box of boxes()) box.checked = target.checked;
  update();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && wall()?.classList.contains("selecting") && !event.target.closest("details[open]")) selecting(false);
});

// What was scrolled to belongs to "all" as well.
document.addEventListener("htmx:afterSwap", () => {
  if (all()?.checked) for (const box of boxes()) box.checked = true;
  update();
});
// A page that comes back can hold ticks of before.
window.addEventListener("pageshow", update);
isSelecting = Boolean(wall()?.classList.contains("selecting"));
update();
