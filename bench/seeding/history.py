"""What follows from each job, in SQL that both databases understand: results, timeline, ledger, activity, and so on."""

from bench.seeding.bulk import fill, run

# Facts of its job that a video has, too.
COPIED = ("team_id", "person_id", "character_id", "motion_id", "behaviour", "resolution")
# One step of the timeline: number, condition, moment, from, to.
STEPS = (
    (1, "TRUE", "created_at", "''", "'queued'"),
    (2, "state <> 'queued'", "created_at", "'queued'", "'submitting'"),
    (3, "started_at IS NOT NULL", "started_at", "'submitting'", "'running'"),
    (3, "state = 'uncertain'", "alerted_at", "'submitting'", "'uncertain'"),
    (4, "state = 'done'", "result_at", "'running'", "'archiving'"),
    (4, "state = 'failed'", "ended_at", "'running'", "'failed'"),
    (5, "state = 'done'", "ended_at", "'archiving'", "'done'"),
)
NAMELESS = "replace(CAST(nonce AS text), '-', '')"


def results() -> None:
    fill(
        "wanstudio_video",
        "FROM wanstudio_job WHERE video_id IS NOT NULL ORDER BY id",
        id="video_id",
        job_id="id",
        file=f"'videos/' || team_id || '/' || {NAMELESS} || '.mp4'",
        poster=f"'videos/' || team_id || '/' || {NAMELESS} || '.jpg'",
        size_bytes="2000000 + id * 7919 % 9000000",
        sha256=f"{NAMELESS} || {NAMELESS}",
        width="CASE resolution WHEN '480p' THEN 480 ELSE 720 END",
        height="CASE resolution WHEN '480p' THEN 854 ELSE 1280 END",
        duration="CAST(billed_seconds AS double precision)",
        archived_at="ended_at",
        **{name: name for name in COPIED},
    )


def bin_some(moments: list[str], person: int, team: int) -> None:
    """One video in a hundred, thrown away in the last days: what is older than 30 days in the bin is erased."""
    run("CREATE INDEX seeding_video_job ON wanstudio_video (job_id)")
    for number, at in enumerate(moments):
        run(
            f"UPDATE wanstudio_video SET binned_at = '{at}', binned_by_id = {person} WHERE id % 100 = 37 "
            f"AND id / 100 % {len(moments)} = {number} "
            f"AND job_id IN (SELECT id FROM wanstudio_job WHERE team_id = {team})"
        )
    run("DROP INDEX seeding_video_job")


def attempts() -> None:
    fill(
        "wanstudio_attempt",
        "FROM wanstudio_job WHERE state <> 'queued' ORDER BY id",
        id="id",
        job_id="id",
        provider="provider",
        callback="TRUE",
        outcome="CASE WHEN started_at IS NULL THEN 'unknown' ELSE 'accepted' END",
        http_status="CASE WHEN started_at IS NULL THEN NULL ELSE 200 END",
        task_id="task_id",
        hinted_task_id="task_id",
        created_at="created_at",
        answered_at="started_at",
    )


def timeline() -> None:
    for number, condition, at, before, after in STEPS:
        fill(
            "wanstudio_transition",
            f"FROM wanstudio_job WHERE {condition} ORDER BY id",
            id=f"(id - 1) * 5 + {number}",
            job_id="id",
            at=at,
            from_state=before,
            to_state=after,
        )


def ledger() -> None:
    """A reservation for each job, and what became of it."""
    same = {"team_id": "team_id", "person_id": "person_id", "job_id": "id", "provider": "provider", "amount": "price"}
    fill(
        "wanstudio_entry",
        "FROM wanstudio_job ORDER BY id",
        id="id * 2 - 1",
        kind="'reserved'",
        reserved="price",
        settled="0",
        unknown="0",
        at="created_at",
        **same,
    )
    fill(
        "wanstudio_entry",
        "FROM wanstudio_job WHERE money <> 'reserved' ORDER BY id",
        id="id * 2",
        attempt_id="id",
        kind="money",
        reserved="-price",
        settled="CASE money WHEN 'settled' THEN price ELSE 0 END",
        unknown="CASE money WHEN 'unknown' THEN price ELSE 0 END",
        at="coalesce(ended_at, alerted_at)",
        origin_id="id * 2 - 1",
        **same,
    )


def balances() -> None:
    """The balance around each POST and each end, and a reading every fiftieth job of the last year."""
    spent = (
        "FROM (SELECT *, sum(CASE WHEN money = 'settled' THEN price ELSE 0 END) OVER (ORDER BY id) AS spent "
        "FROM wanstudio_job WHERE provider = 'apixo') AS apixo"
    )
    balance = {"provider": "provider", "balance": "9000000 - spent", "read_at": "created_at"}
    for odd, moment, at in ((1, "sent", "created_at"), (0, "ended", "ended_at")):
        fill(
            "wanstudio_balancenote",
            f"{spent} WHERE state IN ('done', 'failed') ORDER BY id",
            id=f"id * 2 - {odd}",
            moment=f"'{moment}'",
            at=at,
            job_id="id",
            attempt_id="id",
            **balance,
        )


def activity(owner: int, since: str) -> None:
    """A row for each job, video thrown away, approval, comment and sign-in, in the order of time."""
    job = "SELECT {at} AS at, {act} AS act, job.team_id, {who} AS person_id, title, '{thing}' AS thing, {pk} AS pk FROM"
    made = job.format(at="created_at", act="'job.made'", who="person_id", thing="job", pk="job.id")
    video = dict.fromkeys(("thing",), "video") | {"pk": "video.id"}
    joined = "JOIN wanstudio_video video ON video.id = {of}.video_id JOIN wanstudio_job job ON job.video_id = video.id"
    parts = (
        f"{made} wanstudio_job job",
        job.format(at="binned_at", act="'video.binned'", who="binned_by_id", **video)
        + " wanstudio_video video JOIN wanstudio_job job ON job.video_id = video.id WHERE binned_at IS NOT NULL",
        job.format(at="verdict.at", act="'verdict.' || decision", who="verdict.person_id", **video)
        + f" wanstudio_verdict verdict {joined.format(of='verdict')}",
        job.format(at="comment.created_at", act="'comment.made'", who="comment.author_id", **video)
        + f" wanstudio_comment comment {joined.format(of='comment')} WHERE comment.author_id IS NOT NULL",
    )
    fill(
        "wanstudio_activity",
        f"FROM ({' UNION ALL '.join(parts)}) AS acts JOIN wanstudio_user AS a ON a.id = person_id ORDER BY acts.at",
        at="at",
        act="act",
        team_id="team_id",
        person_id="person_id",
        who="name",
        about="title",
        thing="thing",
        thing_id="pk",
    )
    fill(
        "wanstudio_activity",
        f"FROM wanstudio_user WHERE id >= {owner} AND id < {owner} + 20 ORDER BY id",
        at=f"'{since}'",
        act="'signin'",
        team_id="NULL",
        person_id="id",
        who="name",
        about="''",
        thing="''",
        thing_id="NULL",
        ip="'203.0.113.9'",
    )


def notifications(since: str) -> None:
    """Of the last half year: what is older is deleted. The newest are unread."""
    fill(
        "wanstudio_notification",
        f"FROM wanstudio_job job WHERE state IN ('done', 'failed') AND ended_at > '{since}' ORDER BY job.ended_at",
        person_id="person_id",
        team_id="team_id",
        kind="CASE state WHEN 'done' THEN 'ready' ELSE 'failed' END",
        event="'job ' || id || CASE state WHEN 'done' THEN ' ready' ELSE ' failed' END",
        title="'“' || title || CASE state WHEN 'done' THEN '” is ready.' ELSE '” has failed.' END",
        detail="CASE state WHEN 'done' THEN '$' || price || '. Archived, verified.' ELSE '' END",
        path="'/jobs/' || id || '/'",
        at="ended_at",
        read_at="CASE WHEN id > (SELECT max(id) FROM wanstudio_job) - 200 THEN NULL ELSE ended_at END",
    )
