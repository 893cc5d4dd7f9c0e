"""The provider's door while the provider hangs: it answers at once, calls nobody, and believes nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.studio import wait_until
from tests.e2e.template import template
from tests.proof.load.conftest import LARGE
from tests.proof.load.doors import forged, knock
from tests.proof.load.outside import studio_with
from tests.provider.scripted import Scripted, answer, hang

A_SECOND, SECONDS = 50, 20 if LARGE else 3


@pytest.mark.timeout(400)
def test_fifty_callbacks_a_second(tmp_path: Path, templates: Path, say: Callable[[str], None]) -> None:
    with (
        Scripted(answer(200, b"a film")) as foreign,
        # The question hangs for longer than all of this takes.
        studio_with(tmp_path, template(templates, owner=True), WANSTUDIO_READ_TIMEOUT="380") as (studio, apixo, person),
    ):
        job = person.make_sample()
        wait_until(lambda: bool(apixo.made), "the job was sent", 120)
        wait_until(lambda: state(studio.rows, job) == "running", "it runs", 120)
        apixo.on_status(hang, always=True)
        body = forged(apixo.made[0], f"http://127.0.0.1:{foreign.port}/film.mp4")
        address = studio.url + apixo.posts[0].callback_path
        answers = knock(address, body, a_second=A_SECOND, seconds=SECONDS)
        wrong = knock(address[:-3] + "x/", body, a_second=10, seconds=1)
        times = sorted(took for _, took in answers)
        median, late = times[len(times) // 2], times[int(len(times) * 0.99)]
        say(
            f"{len(answers)} callbacks at {A_SECOND}/s while the provider hangs: median {median:.0f} ms, slowest 1 % "
            f"from {late:.0f} ms; polls {len(apixo.polls)}, fetched from the forged link {foreign.connections}"
        )
        assert {status for status, _ in answers} == {200}
        assert {status for status, _ in wrong} == {404}
        assert len(apixo.polls) <= 2, "one question hangs, however many hints come"
        assert foreign.connections == 0
        assert apixo.fetched == []
        assert state(studio.rows, job) == "running"
        apixo.over.set()


def state(rows: Callable[..., list[tuple[object, ...]]], job: int) -> object:
    return rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0]
