{% load static %}// The service worker: the offline page for navigations that fail, and notifications that are pushed. It keeps that page and
// what it loads, never a page, a picture or a video of the studio. Everything but a navigation goes past it.
const CACHE = "offline-{{ version }}";
const PAGE = "{{ page }}";
const FILES = [PAGE{% for file in files %}, "{{ file }}"{% endfor %}];
// Downloads begin as navigations, too.
const DOWNLOAD = /\/(file|poster|download)$|\/zip\/|^\/files\/|\.(csv|zip|edl|xml|fcpxml)$/;

self.addEventListener("install", (event) => {
  // Where browsers know how: what is no navigation does not even wake this worker.
  const ours = FILES.map((file) => ({ urlPattern: new URL(file, self.location).href.replace("?", "\\?") }));
  const others = { not: { or: [{ requestMode: "navigate" }, ...ours] } };
  if (event.addRoutes) event.addRoutes({ condition: others, source: "network" }).catch(() => {});
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    // The request does not wait for this worker to start.
    await self.registration.navigationPreload?.enable();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, search } = new URL(request.url);
  if (FILES.includes(pathname + search)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
    return;
  }
  if (request.mode !== "navigate" || request.method !== "GET" || DOWNLOAD.test(pathname)) return;
  event.respondWith((async () => {
    try {
      return (await event.preloadResponse) ?? (await fetch(request));
    } catch {
      return (await caches.match(PAGE)) ?? Response.error();
    }
  })());
});

self.addEventListener("push", (event) => {
  let said = {};
  try { said = event.data.json(); } catch { /* A message that cannot be read is shown all the same: browsers insist. */ }
  event.waitUntil(self.registration.showNotification(said.title ?? "Something happened in the studio", {
    tag: `wan-studio-${said.id ?? "push"}`,
    icon: "{% static 'img/icon-192.png' %}",
    badge: "{% static 'img/badge.png' %}",
    data: { url: said.url ?? "/notifications/" },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const to = new URL(event.notification.data?.url ?? "/", self.location.origin);
  event.waitUntil((async () => {
    const windows = await self.clients.matchAll({ type: "window" });
    const open = windows.find((one) => one.url === to.href);
    if (open) await open.focus();
    else await self.clients.openWindow(to.href);
  })());
});
