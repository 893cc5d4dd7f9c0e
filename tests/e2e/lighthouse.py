"""`make lighthouse`: what Lighthouse says of the pages on a phone, the median of five runs of each.

Needs Node, and fetches Lighthouse from npm (`LIGHTHOUSE=/path/to/lighthouse` names one that is there). Runs a studio of
its own in the sandbox, with a dozen videos. Its figures of time are those of a quiet machine only, so the load is said.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests import blank  # noqa: F401  (before anything reads the environment)
from tests.e2e.person import Person
from tests.e2e.screenshots import LIVED
from tests.e2e.studio import ROOT, Studio
from tests.e2e.template import EMAIL, PASSWORD
from tests.needs import browser as chromium

PINNED = "lighthouse@12.8.2"
OUT = Path(os.environ.get("LIGHTHOUSE_OUT", ROOT / "test-results" / "lighthouse"))
RUNS = int(os.environ.get("LIGHTHOUSE_RUNS", "5"))
SCORES = ("performance", "accessibility", "best-practices")
TIMES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
HEAD = ("page", "perf", "a11y", "best", "FCP ms", "LCP ms", "TBT ms", "CLS", "load")
ROW = "{:12}" + "{:>9}" * (len(HEAD) - 1) + "\n"


def main() -> None:
    wanted = sys.argv[1:]
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder) / "data").start()
        try:
            pages = set_up(studio)
            cookies = "; ".join(f"{name}={value}" for name, value in Person(studio).session.cookies.items())
            sys.stdout.write(ROW.format(*HEAD))
            for name in wanted or pages:
                signed_in = name not in ("sign-in", "shared")
                address, run_as = studio.url + pages[name], cookies if signed_in else ""
                reports = [report(address, run_as, OUT / f"{name}-{run}.json") for run in range(RUNS)]
                sys.stdout.write(ROW.format(name, *figures(reports), f"{os.getloadavg()[0]:.1f}"))
                sys.stdout.write("".join(f"  {line}\n" for line in complaints(reports[-1])))
                sys.stdout.flush()
        finally:
            studio.stop()


def set_up(studio: Studio) -> dict[str, str]:
    words = ("createowner", "--email", EMAIL, "--team", "Northlight", "--name", "Ben Okafor")
    studio.manage(*words, WANSTUDIO_PASSWORD=PASSWORD)
    studio.python("from tests.e2e.gallery import fill; fill()")
    lived = json.loads(studio.python(LIVED).splitlines()[-1])
    ready = studio.rows("SELECT min(id), min(video_id) FROM wanstudio_job WHERE state = 'done'")[0]
    return {
        "studio": "/?character=1&motion=2",
        "jobs": "/jobs/",
        "job": f"/jobs/{ready[0]}/",
        "videos": "/videos/",
        "video": f"/videos/{ready[1]}/",
        "shared": lived["guests"][0],
        "sign-in": "/accounts/login/",
    }


def report(url: str, cookies: str, kept: Path) -> dict[str, Any]:
    """Lighthouse's, which is kept there. Its defaults are those of a phone with simulated throttling."""
    headers = ["--extra-headers", json.dumps({"Cookie": cookies})] if cookies else []
    program = [os.environ["LIGHTHOUSE"]] if "LIGHTHOUSE" in os.environ else ["npx", "--yes", PINNED]
    flags = "--headless=new --no-sandbox --disable-gpu"
    categories = f"--only-categories={','.join(SCORES)}"
    words = [*program, url, "--quiet", "--output=json", categories, f"--chrome-flags={flags}", *headers]
    environment = {**os.environ, "CHROME_PATH": chromium() or ""}
    for _ in range(3):
        done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, timeout=180, check=False)
        # 1: now and then it records no navigation (NO_NAVSTART), and so has measured nothing.
        if done.returncode != 1:
            break
    assert done.returncode == 0, f"Lighthouse ended with {done.returncode}"
    kept.write_bytes(done.stdout)
    said: dict[str, Any] = json.loads(done.stdout)
    failed = {name: audit["errorMessage"] for name, audit in said["audits"].items() if "errorMessage" in audit}
    assert "runtimeError" not in said, said["runtimeError"]
    assert all(said["categories"][name]["score"] is not None for name in SCORES), failed
    return said


def figures(reports: list[dict[str, Any]]) -> list[str]:
    scores = [median(each["categories"][name]["score"] * 100 for each in reports) for name in SCORES]
    times = [median(each["audits"][name]["numericValue"] for each in reports) for name in TIMES]
    return [f"{score:.0f}" for score in scores] + [f"{time:.0f}" for time in times[:-1]] + [f"{times[-1]:.3f}"]


def complaints(said: dict[str, Any]) -> list[str]:
    """What costs points."""
    found = []
    for category in SCORES:
        for ref in said["categories"][category]["auditRefs"]:
            audit = said["audits"][ref["id"]]
            if audit["score"] is not None and audit["score"] < 0.9:
                found.append(f"{ref['id']} {audit.get('displayValue', '')}: {audit['title']}")
                if category != "performance":
                    found += [f"    {item['node']['snippet'][:160]}" for item in audit["details"]["items"]]
    return found


if __name__ == "__main__":
    main()
