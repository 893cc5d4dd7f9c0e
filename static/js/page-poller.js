// The page's own poller, #poller: it shows that the connection is lost, and leaves alone what belongs to the reader.
import { startPoller } from "./poller.js";
import { connectionBack, connectionLost, leave } from "./ui/toast.js";

let lost = false;

const ask = startPoller("poller", {
  // Gone, as with a link that was revoked: the page says so, and nothing of it stays on the screen.
  over: (isSignedOut) => (isSignedOut ? leave() : location.reload()),
  overAt: [404],
  answered() {
    if (lost) connectionBack();
    lost = false;
  },
  failed() {
    if (!lost) connectionLost();
    lost = true;
  },
});
// The browser is online again, which says nothing about the studio: if it still does not answer, that is shown again.
window.addEventListener("online", () => { lost = false; ask(); });

// A morph leaves alone what belongs to the reader: an open menu or dialog, a half-typed answer, a playing video.
const { callbacks } = Idiomorph.defaults;
callbacks.beforeAttributeUpdated = (name) => name !== "open" && name !== "style";
callbacks.beforeNodeMorphed = (old, fresh) => {
  if (!(old instanceof Element)) return true;
  if (old.matches("video, [data-plays]")) return old.id !== fresh.id;
  return !(old.matches("input, textarea") && old.value !== old.defaultValue);
};
