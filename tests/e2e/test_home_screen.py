"""The studio on a home screen, in a real browser: installable, a page without connection, and what is pushed."""

import json

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio, wait_until

WORKERS = """async () => (await navigator.serviceWorker.getRegistrations()).map((one) => one.active?.scriptURL ?? "")"""
READY = "async () => (await navigator.serviceWorker.ready).active.state"
KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) kept.push(url);
  return kept;
}"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map(({ title, tag, data }) => ({ title, tag, url: data.url }))"""
WIDTH = "async (src) => { const at = new Image(); at.src = src; await at.decode(); return at.naturalWidth; }"
# A browser's push service is not to be had here; what it would answer, with keys of its own.
SUBSCRIBED = """
const point = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";
PushManager.prototype.subscribe = async function (options) {
  window.asked = [options.userVisibleOnly, options.applicationServerKey.byteLength];
  const keys = { p256dh: point, auth: "AAAAAAAAAAAAAAAAAAAAAA" };
  return {
    toJSON: () => ({ endpoint: "https://push.example.com/one", keys }),
    unsubscribe: async () => true,
  };
};
PushManager.prototype.getSubscription = async () => null;
Notification.requestPermission = async () => "granted";
Object.defineProperty(Notification, "permission", { get: () => "granted" });
"""


def with_worker(page: Page, studio: Studio) -> Page:
    """At rest, it has registered its worker, and the next page is under it."""
    page.goto(f"{studio.url}/uploads/")
    wait_until(lambda: page.evaluate(WORKERS) == [f"{studio.url}/service-worker.js"], "the worker is registered")
    assert page.evaluate(READY) in ("activating", "activated")
    page.goto(f"{studio.url}/videos/")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return page


def deliver(page: Page, origin: str, said: dict[str, object]) -> None:
    """A push as the browser's own service would bring it."""
    session = page.context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(
            each["registrationId"] for each in told["registrations"] if each["scopeURL"] == f"{origin}/"
        ),
    )
    session.send("ServiceWorker.enable")
    # What the browser says is heard while something is asked of it.
    wait_until(lambda: page.evaluate("0") or found, "the registration is known")
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": found[-1], "data": json.dumps(said)},
    )


def test_browser_finds_it_installable(studio: Studio, opened: Opened) -> None:
    page = opened(studio)
    page.goto(f"{studio.url}/uploads/")
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    said = json.loads(manifest["data"])
    assert (said["display"], said["start_url"], said["scope"], said["id"]) == ("standalone", "/", "/", "/")
    for icon in said["icons"]:
        size = page.evaluate(
            "async (src) => { const at = new Image(); at.src = src; await at.decode(); return at.naturalWidth; }",
            icon["src"],
        )
        assert f"{size}x{size}" == icon["sizes"]
    assert {icon["purpose"] for icon in said["icons"]} == {"any", "maskable"}


def test_without_connection_a_page_says_so_and_nothing_private_is_kept(studio: Studio, opened: Opened) -> None:
    page = with_worker(opened(studio), studio)
    page.context.set_offline(True)
    page.goto(f"{studio.url}/jobs/")
    expect(page.get_by_role("heading", name="The studio cannot be reached")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    wait_until(lambda: page.locator("img").evaluate("image => image.naturalWidth") > 0, "its picture is there")
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    expect(page).to_have_url(f"{studio.url}/jobs/")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    kept = {url.removeprefix(studio.url) for url in page.evaluate(KEPT)}
    assert {path.partition("?")[0].split("/")[1] for path in kept} == {"offline", "static"}
    assert len(kept) == 4


def test_pushed_message_is_shown_and_another_about_the_same_takes_its_place(studio: Studio, opened: Opened) -> None:
    page = opened(studio)
    page.context.grant_permissions(["notifications"], origin=studio.url)
    with_worker(page, studio)
    said = {"id": 7, "title": "“Mira walks” is ready.", "url": "/notifications/7/"}
    for _ in range(2):
        deliver(page, studio.url, said)
    expected = [{"title": "“Mira walks” is ready.", "tag": "wan-studio-7", "url": "/notifications/7/"}]
    wait_until(lambda: page.evaluate(SHOWN) == expected, "it is shown once")


def test_browser_that_asks_is_listed_and_can_be_removed(studio: Studio, opened: Opened) -> None:
    page = opened(studio)
    page.add_init_script(SUBSCRIBED)
    page.goto(f"{studio.url}/account/notifications/")
    devices = page.get_by_role("region", name="On your devices")
    devices.get_by_role("button", name="Turn on in this browser").click()
    row = devices.get_by_role("row", name="Chrome on Linux")
    expect(row).to_contain_text("this browser")
    expect(devices.get_by_role("button", name="Turn on in this browser")).to_have_count(0)
    assert studio.rows("SELECT endpoint FROM wanstudio_pushdevice") == [("https://push.example.com/one",)]
    row.get_by_role("button", name="Remove").click()
    expect(devices.get_by_role("button", name="Turn on in this browser")).to_be_visible()
    assert studio.rows("SELECT count(*) FROM wanstudio_pushdevice") == [(0,)]


def test_signed_out_browser_has_no_worker(studio: Studio, opened: Opened) -> None:
    page = with_worker(opened(studio), studio)
    page.context.clear_cookies()
    page.goto(f"{studio.url}/accounts/login/")
    wait_until(lambda: page.evaluate(WORKERS) == [], "the worker is gone")
