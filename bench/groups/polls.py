"""Polls and the bell in it, beside a bare view behind the whole middleware, in processor time."""

from collections.abc import Iterator

from bench.figures import BARE, Figure, interleaved, ratios, shown
from bench.rig import Inside, Rig

TIMES = 40
BEFORE = {"→ 204, 1 job": "0.064", "→ 204, 50 jobs": "0.017"}


def figures(rig: Rig) -> Iterator[Figure]:
    inside = rig.inside(rig.small())
    for name, goal, address in asked(inside):
        status = inside.call("bench.inside.status", address)
        assert status == (204 if "204" in name else 200), f"{address}: {status}"
        bare, took = interleaved(
            rig.runs,
            lambda: inside.call("bench.inside.cost", BARE, TIMES)["processor"],
            lambda address=address: inside.call("bench.inside.cost", address, TIMES)["processor"],  # type: ignore[misc]
        )
        beside = f"a bare view, {shown(sorted(bare)[len(bare) // 2])} ms"
        yield Figure(f"bare view ÷ poll {name}", goal, ratios(bare, took), "", beside, BEFORE.get(name, ""))
    for name, _, address in asked(inside):
        if "204" in name:
            yield Figure(f"SQL of a poll {name}", "≤ 2", [len(inside.call("bench.inside.queries", address))])


def asked(inside: Inside) -> list[tuple[str, str, str]]:
    """Name, goal and address of each poll."""
    jobs = inside.call(
        "bench.inside.rows", "SELECT id, version FROM wanstudio_job WHERE team_id = 1 ORDER BY id DESC LIMIT 50"
    )
    unread, newest = inside.call(
        "bench.inside.rows",
        "SELECT count(*), max(id) FROM wanstudio_notification WHERE read_at IS NULL AND person_id = 1 AND team_id = 1",
    )[0]

    def poll(count: int, changed: int = 0) -> str:
        seen = ",".join(f"{pk}:{version - (number < changed)}" for number, (pk, version) in enumerate(jobs[:count]))
        return f"/jobs/status/?as=rows&seen={seen}&worker=1&bell={unread}-{newest or 0}&every=2"

    return [
        ("→ 204, 1 job", "≥ 0.35", poll(1)),
        ("→ 204, 50 jobs", "≥ 0.28", poll(50)),
        ("changed, 1 of 1 job", "≥ 0.12", poll(1, 1)),
        ("changed, 1 of 50 jobs", "≥ 0.10", poll(50, 1)),
    ]
