"""Pages at rest: nothing is asked for, swapped in or moving, so that what is measured of them stays true meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

RESTS_WITHIN_S = 60
# What still changes the page. What moves without an end, as the light on a job does, changes nothing that is measured.
RESTLESS = """() => {
    const marks = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added, [aria-busy=true]";
    const isEnding = ({playState, effect}) =>
        playState === "running" && effect?.getComputedTiming().endTime !== Infinity;
    const name = (one) => one?.outerHTML.slice(0, 120);
    return [
        ...(document.readyState === "complete" && document.fonts.status === "loaded" ? [] : ["it is loading"]),
        ...[...document.querySelectorAll(marks)].map(name),
        ...document.getAnimations().filter(isEnding).map((one) => `moving: ${name(one.effect?.target)}`),
    ];
}"""
# What htmx asks for every few seconds would find the page at rest only now and then, and swap it under the measure.
HOLD_POLLS = """() => {
    window.holdPoll ??= (event) => {
        if (/\\bevery\\b/.test(event.target.getAttribute("hx-trigger"))) event.preventDefault();
    };
    document.addEventListener("htmx:beforeRequest", window.holdPoll, true);
}"""
GO_ON = "() => document.removeEventListener('htmx:beforeRequest', window.holdPoll, true)"


def wait_until_steady(page: Page) -> None:
    """Requests and swaps are over, and so is what moves and ends. Fails with what is not, and never waits for ever."""
    until = time.monotonic() + RESTS_WITHIN_S
    while restless := page.evaluate(RESTLESS):
        assert time.monotonic() < until, f"the page does not come to rest: {restless}"
        time.sleep(0.02)


@contextmanager
def steady(page: Page) -> Iterator[None]:
    """At rest, and without polls as long as this lasts."""
    page.evaluate(HOLD_POLLS)
    try:
        wait_until_steady(page)
        yield
    finally:
        page.evaluate(GO_ON)
