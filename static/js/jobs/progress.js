// Between polls time goes on: clocks tick, bars and the light on the picture grow.
// data-since: Unix ms of the start, by the server's clock; data-scale: seconds the whole bar stands for.
let ahead = 0;

function words(seconds) {
  const whole = Math.max(Math.floor(seconds), 0);
  const tail = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${tail}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${tail}`;
}

function tick() {
  for (const root of document.querySelectorAll("[data-since]")) {
    const elapsed = (Date.now() + ahead - Number(root.dataset.since)) / 1000;
    for (const clock of root.querySelectorAll("[data-clock]")) clock.textContent = words(elapsed);
    const scale = Number(root.dataset.scale);
    if (!scale) continue;
    const share = Math.min(Math.max(elapsed / scale, 0), 1) * 100;
    const bar = root.querySelector(".bar");
    bar?.querySelector(".bar-fill").setAttribute("width", `${share}%`);
    bar?.setAttribute("aria-valuenow", String(Math.round(share)));
    bar?.classList.toggle("late", elapsed > scale);
    root.querySelector(".stage-lit")?.style.setProperty("--lit", `${share}%`);
  }
}

// The reader's clock may be wrong by minutes: each answer says what time it is at the server.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const told = Date.parse(detail.xhr?.getResponseHeader("Date") ?? "");
  const off = told - Date.now();
  ahead = Math.abs(off) > 5000 ? off : 0;
});
document.addEventListener("htmx:afterSwap", tick);
setInterval(tick, 1000);
tick();
