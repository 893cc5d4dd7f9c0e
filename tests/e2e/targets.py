"""Targets of a finger: what on a page is under 44 pixels wide or high, measured by what a touch hits."""

from playwright.sync_api import Page

from tests.e2e.steady import steady

LEAST_PX = 44
# From the middle of a target outwards, as long as a touch lands on it, on a label that works for it, or, for handles of
# the trim bar, on their strip, which takes every touch for them. WCAG's exceptions: a link in a sentence, a link to an
# address that another one of full size leads to, and what a browser draws itself. Links that only the focus of a
# keyboard shows are no targets of a finger, and neither is what is under an open dialog or menu.
SMALL = """least => {
    const kinds = "a[href], button, summary, input:not([type=hidden]), select, textarea, [role=slider], [role=button]";
    const place = document.querySelector("dialog:modal, .menu[open]") ?? document.body;
    const start = [scrollX, scrollY];
    const isSeen = (one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && !one.closest("[inert]")
        && !one.matches(".skip");
    const isInSentence = (one) => {
        if (one.localName !== "a" || getComputedStyle(one).display !== "inline") return false;
        const block = one.closest(":not(a, b, bdi, small, span, strong)");
        return block.textContent.trim() !== one.textContent.trim();
    };
    const measured = (one) => {
        const owners = [one, ...(one.labels ?? [])];
        if (one.matches("[data-handle]")) owners.push(one.closest("[data-track]"));
        const isHit = (x, y) => {
            const hit = document.elementFromPoint(x, y);
            return owners.some((each) => each.contains(hit));
        };
        one.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
        let best = [0, 0];
        for (const box of owners.flatMap((each) => [...each.getClientRects()])) {
            const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
            if (!isHit(x, y)) continue;
            const [half, ways] = [least / 2 - 0.25, [[-1, 0], [1, 0], [0, -1], [0, 1]]];
            if (ways.every(([dx, dy]) => isHit(x + dx * half, y + dy * half))) return [least, least];
            const [west, east, north, south] = ways.map(([dx, dy]) => {
                let far = 0;
                while (far < least && isHit(x + dx * far, y + dy * far)) far += 0.5;
                return far;
            });
            const found = [west + east, north + south];
            if (Math.min(...found) > Math.min(...best)) best = found;
        }
        return best;
    };
    const all = [...place.querySelectorAll(kinds)].filter((one) => isSeen(one) && !isInSentence(one));
    const sizes = all.map((one) => [one, measured(one)]);
    // Half a pixel at each end is the step of the measure.
    const isLarge = ([, size]) => Math.min(...size) >= least - 1;
    const reached = new Set(sizes.filter(isLarge).map(([one]) => one.href).filter(Boolean));
    scrollTo(...start);
    const isDouble = (one) => reached.has(one.href) || one.closest("[aria-hidden=true]");
    return sizes.filter((each) => !isLarge(each) && !isDouble(each[0]))
        .map(([one, size]) => `${size.join(" x ")}: ${one.outerHTML.slice(0, 160)}`);
}"""


def small_targets(page: Page) -> list[str]:
    """Each with its width and height; 0 x 0 is one whose middle something else covers."""
    with steady(page):
        found: list[str] = page.evaluate(SMALL, LEAST_PX)
    return found
