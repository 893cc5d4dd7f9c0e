// The service worker: registered once the page is at rest, so that nothing waits for it; taken away where no one is signed
// in, and with it what was pushed to them.
import { PUSHED_HERE } from "../notifications/desktop.js";
import { save } from "../storage.js";

const script = document.body.dataset.serviceWorker;

async function settle() {
  if (!script) save("localStorage", PUSHED_HERE, null);
  try {
    if (script) await navigator.serviceWorker.register(script, { updateViaCache: "none" });
    else await (await navigator.serviceWorker.getRegistration("/"))?.unregister();
  } catch {
    // Without it the studio only lacks its offline page and what is pushed.
  }
}

if ("serviceWorker" in navigator) {
  const whenIdle = window.requestIdleCallback ?? ((call) => setTimeout(call, 200));
  const later = () => setTimeout(() => whenIdle(settle), 2000);
  if (document.readyState === "complete") later();
  else addEventListener("load", later, { once: true });
}
