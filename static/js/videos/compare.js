// The result against its motion clip or another version: wiped or side by side, kept in step by the result's clock.
const FAR_S = 0.25;
const EXACT_S = 0.008;
const STEP = 2;

for (const views of document.querySelectorAll("[data-views]")) {
  const other = document.querySelector("[data-follows]");
  const result = document.getElementById(other?.dataset.follows);
  if (!result) continue;
  const stage = other.parentElement;
  const wipe = stage.querySelector("[data-wipe]");
  let shown = "result";
  let share = 50;

  // Shorter than the result, it stays on its last picture.
  const target = () => Math.min(result.currentTime, other.duration || Infinity);
  function follow() {
    if (shown === "result" || !other.duration) return;
    const ahead = other.currentTime - target();
    const over = other.ended || result.currentTime >= other.duration;
    if (result.paused || over || Math.abs(ahead) > FAR_S) {
      if (Math.abs(ahead) > 0.001 && !other.seeking) other.currentTime = target();
      if (result.paused || over) other.pause();
    }
    // A little faster or slower until both show the same moment: a jump would be seen.
    const nudge = Math.abs(ahead) > EXACT_S ? Math.max(-0.2, Math.min(0.2, -2 * ahead)) : 0;
    other.playbackRate = result.playbackRate * (1 + nudge);
    if (!result.paused && !over && other.paused) other.play().catch(() => {});
  }
  const run = () => { follow(); if (shown !== "result" && !result.paused) requestAnimationFrame(run); };
  for (const event of ["play", "playing"]) result.addEventListener(event, run);
  for (const event of ["pause", "seeking", "seeked", "ratechange", "timeupdate"]) result.addEventListener(event, follow);
  for (const event of ["loadedmetadata", "seeked"]) other.addEventListener(event, follow);

  function cut() {
    other.style.clipPath = shown === "wipe" ? `inset(0 ${100 - share}% 0 0)` : "";
    wipe.style.left = `${share}%`;
    wipe.setAttribute("aria-valuenow", String(Math.round(share)));
  }
  function move(to) { share = Math.min(100, Math.max(0, to)); cut(); }
  function drag({ clientX }) {
    const { left, width } = stage.getBoundingClientRect();
    move((100 * (clientX - left)) / width);
  }
  wipe.addEventListener("pointerdown", (event) => { wipe.setPointerCapture(event.pointerId); event.preventDefault(); wipe.focus(); });
  wipe.addEventListener("pointermove", (event) => { if (wipe.hasPointerCapture(event.pointerId)) drag(event); });
  wipe.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: share - STEP, ArrowDown: share - STEP, ArrowRight: share + STEP, ArrowUp: share + STEP, Home: 0, End: 100 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    move(to);
    event.preventDefault();
    // The player's arrows are for frames.
    event.stopPropagation();
  });

  function show(view) {
    shown = view;
    const both = view !== "result";
    // Its first picture is needed before anything plays.
    if (both && !other.src) Object.assign(other, { preload: "auto", src: other.dataset.src });
    for (const part of [other, ...stage.querySelectorAll(".stage-label")]) part.hidden = !both;
    wipe.hidden = view !== "wipe";
    stage.classList.toggle("beside", view === "beside");
    stage.classList.toggle("wiped", view === "wipe");
    cut();
    if (both) run();
    else other.pause();
  }
  views.addEventListener("change", (event) => show(event.target.value));
  const chosen = views.querySelector(":checked").value;
  if (chosen !== "result") show(chosen);
}
