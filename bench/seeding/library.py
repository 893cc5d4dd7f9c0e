"""What people do with their videos, in the same SQL: tags, collections, stars, approvals and comments."""

from bench.seeding.bulk import fill, run

SHOWN = "FROM wanstudio_video video JOIN wanstudio_job job ON job.video_id = video.id WHERE job.team_id = {team}"


def _number(salt: int, below: int) -> str:
    """A whole number from 0, small ones more often, that depends on the video and the salt."""
    mixed = f"((video.id * 7919 + {salt} * 104729) % 1009)"
    return f"{mixed} * {mixed} * {below} / 1018082"


def tags(team: int, first: int, count: int) -> None:
    """One to three on each third video."""
    for number in range(3):
        fill(
            "wanstudio_video_tags",
            f"{SHOWN.format(team=team)} AND video.id % 3 = 0 AND video.id / 3 % 3 >= {number} ORDER BY video.id",
            video_id="video.id",
            # Of three parts of all tags one each, so that none is on a video twice.
            tag_id=f"{first} + 3 * ({_number(number, count // 3)}) + {number}",
        )


def collections(team: int, first: int, count: int, person: int) -> None:
    """Each tenth video in the first one, and each seventh in one of the others."""
    for every, chosen in ((10, str(first)), (7, f"{first + 1} + {_number(5, count - 1)}")):
        fill(
            "wanstudio_collectedvideo",
            f"{SHOWN.format(team=team)} AND video.id % {every} = 0 ORDER BY video.id",
            collection_id=chosen,
            video_id="video.id",
            person_id=str(person),
            added_at="video.archived_at",
        )


def stars(team: int, people: list[int]) -> None:
    for number, person in enumerate(people):
        fill(
            "wanstudio_favourite",
            f"{SHOWN.format(team=team)} AND video.id % 40 = {number} ORDER BY video.id",
            user_id=str(person),
            video_id="video.id",
            created_at="video.archived_at",
        )


def verdicts(team: int, person: int) -> None:
    """One in five approved, one in ten needs work; half of those are approved later."""
    for condition, decision, note in (
        ("video.id % 10 = 2", "needs_work", "The hands at the end."),
        ("video.id % 10 IN (0, 1) OR video.id % 20 = 12", "approved", ""),
    ):
        fill(
            "wanstudio_verdict",
            f"{SHOWN.format(team=team)} AND ({condition}) ORDER BY video.id",
            video_id="video.id",
            person_id=str(person),
            decision=f"'{decision}'",
            note=f"'{note}'",
            at="video.archived_at",
        )


def comments(team: int, people: list[int]) -> None:
    """On one video in twelve one, on one in sixty a second; most of the older ones are done."""
    for every, number in ((12, 0), (60, 1)):
        author = people[number]
        fill(
            "wanstudio_comment",
            f"{SHOWN.format(team=team)} AND video.id % {every} = 0 ORDER BY video.id",
            team_id="job.team_id",
            video_id="video.id",
            author_id=str(author),
            at_s=f"CASE WHEN video.id % 2 = 0 THEN {number}.5 ELSE NULL END",
            text="'About ' || job.title || ': ' || substr(job.prompt, 1, 80)",
            created_at="video.archived_at",
            changed_at="video.archived_at",
            resolved_at="CASE WHEN video.id % 5 > 0 THEN video.archived_at ELSE NULL END",
            resolved_by_id=f"CASE WHEN video.id % 5 > 0 THEN {people[0]} ELSE NULL END",
        )


def approvals() -> None:
    """The decision that counts is in the video's row, too: the newest one."""
    run("CREATE INDEX seeding_verdict ON wanstudio_verdict (video_id, id)")
    newest = "SELECT nullif(decision, 'open') FROM wanstudio_verdict WHERE video_id = wanstudio_video.id"
    run(
        f"UPDATE wanstudio_video SET approval = ({newest} ORDER BY wanstudio_verdict.id DESC LIMIT 1) "
        "WHERE id IN (SELECT video_id FROM wanstudio_verdict)"
    )
    run("DROP INDEX seeding_verdict")
