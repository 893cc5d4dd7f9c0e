// The player of a guest. Where guests cannot download, the address of the file is good for some minutes only: then the
// page as it is now has another one, and the video goes on where it was.
const AGAIN_MS = 5000;

for (const video of document.querySelectorAll(".shared .stage video")) {
  let renewed = -AGAIN_MS;
  // A browser pauses a video that fails; the guest did not.
  let plays = false;
  video.addEventListener("play", () => { plays = true; });
  video.addEventListener("pause", () => { if (!video.error) plays = false; });

  const renew = async () => {
    const at = video.currentTime;
    const answer = await fetch(location.href);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(video.id);
    // The link has ended, or takes a password again: its page says so.
    if (!fresh) { location.reload(); return; }
    video.src = fresh.getAttribute("src");
    if (at) video.currentTime = at;
    if (plays) video.play().catch(() => {});
  };
  const failed = () => {
    const stopped = () => { document.querySelector("[data-stopped]").hidden = false; };
    // A new address that fails at once is not the one that was too old.
    if (performance.now() - renewed < AGAIN_MS) { stopped(); return; }
    renewed = performance.now();
    renew().catch(stopped);
  };
  video.addEventListener("error", failed);
  if (video.error) failed();
  if (video.getAttribute("controlslist") === "nodownload") {
    video.addEventListener("contextmenu", (event) => event.preventDefault());
  }
}
