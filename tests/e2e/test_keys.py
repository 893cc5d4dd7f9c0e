"""The provider's key from the page, with real processes: set, refused, used, removed, and found nowhere."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL
from tests.fake_apixo import refusal, running

CANARY = "sk-canary-5d1f0a77c3e94b21"


def found_in(*folders: Path) -> list[str]:
    """Files below these folders that hold the canary, as it is or in a database's pages."""
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()]


def test_a_key_from_the_page(start_studio: Callable[..., Studio], opened: Opened, tmp_path: Path) -> None:
    with running() as apixo:
        studio = start_studio(APIXO_BASE_URL=apixo.url, WANSTUDIO_PACE="0.03", LOG_LEVEL="DEBUG")
        page = opened(studio)
        page.goto(f"{studio.url}/settings/")
        apixo.on_balance(refusal(401, f"Invalid key {CANARY}"))
        page.get_by_label("Key from APIXO").fill(CANARY)
        page.get_by_role("button", name="Check and use").click()
        expect(page.get_by_text("APIXO rejects this key.")).to_be_visible()
        expect(page.get_by_text("None. The sandbox is used instead")).to_be_visible()
        page.get_by_label("Key from APIXO").fill(CANARY)
        page.get_by_role("button", name="Check and use").click()
        expect(page.get_by_text("It works: $74.87.")).to_be_visible()
        expect(page.locator("#key")).to_contain_text("ends in 4b21")
        assert CANARY not in page.content()
        # Nothing of the sandbox is left to say at the foot: no empty bar stays there.
        expect(page.locator(".dock")).to_be_hidden()
        wait_until(lambda: "sandbox is not needed any more" in studio.log.read_text(), "the sandbox ends")
        apixo.wait_for(lambda: apixo.balance_calls >= 2)

        studio.python(
            "from tests import factories; from wanstudio.models import Team, User;"
            f"team, ben = Team.objects.get(), User.objects.get(email={EMAIL!r});"
            "factories.job(team, ben, provider='apixo')"
        )
        apixo.wait_for(lambda: len(apixo.posts) == 1)
        assert apixo.posts[0].authorization == f"Bearer {CANARY}"
        studio.manage("backup", str(tmp_path / "out"))
        studio.manage("rotatekeys")
        page.get_by_text("Remove the stored key").click()
        page.get_by_role("button", name="Remove the key").click()
        expect(page.get_by_text("The key is removed.")).to_be_visible()
        started = "sandbox started, process"
        wait_until(lambda: studio.log.read_text().count(started) == 2, "the sandbox is back")
        # What was sent is still followed, with the key that sent it.
        polls = len(apixo.polls)
        apixo.wait_for(lambda: len(apixo.polls) > polls)
        assert apixo.asked_by[-1] == f"Bearer {CANARY}"
        studio.stop()
    assert found_in(tmp_path) == []
    (tmp_path / "planted").write_text(f"so that we know that it would be found: {CANARY}")
    assert found_in(tmp_path) == [str(tmp_path / "planted")]
