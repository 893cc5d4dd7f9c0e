// Side by side: the motion clip plays along with the result, kept in step by its clock.
const DRIFT_S = 0.06;

for (const views of document.querySelectorAll("[data-views]")) {
  const motion = document.querySelector("[data-follows]");
  const result = document.getElementById(motion?.dataset.follows);
  if (!result) continue;
  const stage = motion.parentElement;
  views.hidden = false;

  const follow = () => {
    if (motion.hidden) return;
    const drift = Math.abs(motion.currentTime - result.currentTime);
    if (drift > (result.paused ? 0.001 : DRIFT_S)) motion.currentTime = result.currentTime;
    motion.playbackRate = result.playbackRate;
    if (result.paused) motion.pause();
    else if (motion.paused && !motion.ended) motion.play().catch(() => {});
  };
  for (const event of ["play", "pause", "seeking", "seeked", "ratechange", "timeupdate"]) result.addEventListener(event, follow);
  motion.addEventListener("loadedmetadata", follow);

  views.addEventListener("change", ({ target }) => {
    const both = target.value === "beside";
    // Its first picture is wanted before anything plays.
    if (both && !motion.src) Object.assign(motion, { preload: "auto", src: motion.dataset.src });
    for (const part of stage.querySelectorAll(".stage-motion, .stage-label")) part.hidden = !both;
    stage.classList.toggle("beside", both);
    if (both) follow();
    else motion.pause();
  });
}
