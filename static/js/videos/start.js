// The big button over a video that has not begun. It goes for good with the first play.
for (const button of document.querySelectorAll("[data-start]")) {
  const video = document.getElementById(button.dataset.start);
  button.hidden = !video.paused;
  button.addEventListener("click", () => { video.play().catch(() => {}); video.focus(); });
  video.addEventListener("play", () => { button.hidden = true; });
}
