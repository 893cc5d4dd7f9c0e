// Tiles of the wall play while the pointer is on them or the focus is inside. Never with reduced motion.
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function start(tile) {
  if (calm.matches || tile.querySelector("video")) return;
  const media = tile.querySelector(".tile-media");
  const label = media.querySelector(".tile-time");
  const video = document.createElement("video");
  Object.assign(video, { src: tile.dataset.preview, muted: true, loop: true, playsInline: true, preload: "auto" });
  const bar = Object.assign(document.createElement("progress"), { className: "progress", max: 1, value: 0 });
  bar.setAttribute("aria-hidden", "true");
  label.dataset.usual ??= label.textContent;
  video.addEventListener("timeupdate", () => {
    // Emptied when it stops, it says so once more.
    if (!video.isConnected) return;
    bar.max = video.duration || 1;
    bar.value = video.currentTime;
    label.textContent = `${video.currentTime.toFixed(1)} / ${label.dataset.usual}`;
  });
  media.insertBefore(video, label);
  media.append(bar);
  video.play().catch(() => {});
}

function stop(tile) {
  const video = tile.querySelector("video");
  if (!video) return;
  // Emptying the source ends the download at once.
  video.pause();
  video.removeAttribute("src");
  video.load();
  video.remove();
  tile.querySelector("progress")?.remove();
  const label = tile.querySelector(".tile-time");
  label.textContent = label.dataset.usual;
}

const tileOf = (event) => event.target.closest?.("[data-preview]");
const leaves = (tile, event) => tile && !tile.contains(event.relatedTarget);

document.addEventListener("pointerover", (event) => {
  const tile = tileOf(event);
  if (event.pointerType === "mouse" && leaves(tile, event)) start(tile);
});
document.addEventListener("pointerout", (event) => {
  const tile = tileOf(event);
  if (leaves(tile, event) && !tile.contains(document.activeElement)) stop(tile);
});
document.addEventListener("focusin", (event) => {
  if (tileOf(event) && event.target.matches(":focus-visible")) start(tileOf(event));
});
document.addEventListener("focusout", (event) => { if (leaves(tileOf(event), event)) stop(tileOf(event)); });
