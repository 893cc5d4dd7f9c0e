"""SQL of the kept sums, for both databases: what an entry, a job that is done, or an approval adds to which rows.

Integers only, so that no sum is rounded: money in cents, approved seconds in microseconds, and times as numbers of
quarters of an hour since 1970. In every zone a day begins with one of these.
"""

KEPT, AGAIN = "wanstudio_keptsum", "wanstudio_reservedagain"
KEYS = ("team_id", "person_id", "provider", "behaviour", "resolution", "size", "begins")
SUMS = ("reserved", "settled", "unknown", "released", "assumed", "jobs", "videos", "approved", "approvals")
OF_MONEY, OF_JOBS = SUMS[:5], SUMS[5:]
_ALIKE = " AND ".join(f"{{0}}.{name} = {{1}}.{name}" for name in ("job_id", "team_id", "person_id", "provider"))


def quarter(at: str, vendor: str) -> str:
    # Cut to whole seconds: SQLite would round half a millisecond up, into the next month at worst.
    if vendor == "sqlite":
        return f"CAST(strftime('%s', substr({at}, 1, 19)) AS INTEGER) / 900"
    return f"CAST(floor(extract(epoch FROM {at}) / 900) AS integer)"


def opened(row: str) -> str:
    """When the money that this entry moves was reserved: as `opened` in `usage/exports.py`."""
    before = (
        f"(SELECT b.at FROM wanstudio_entry b WHERE b.job_id = {row}.job_id AND b.id <= {row}.id "
        "AND b.reserved + b.settled + b.unknown > 0 ORDER BY b.id {0} LIMIT 1)"
    )
    return (
        f"CASE WHEN {row}.origin_id IS NOT NULL THEN (SELECT o.at FROM wanstudio_entry o WHERE o.id = {row}.origin_id) "
        f"WHEN {row}.reserved + {row}.settled + {row}.unknown > 0 THEN {row}.at "
        f"WHEN {row}.unknown < 0 THEN {before.format('ASC')} ELSE {before.format('DESC')} END"
    )


def is_first(row: str) -> str:
    """Whether it is the first entry of its job: that one counts the job and its video."""
    return f"NOT EXISTS (SELECT 1 FROM wanstudio_entry f WHERE {_ALIKE.format('f', row)} AND f.id < {row}.id)"


def of_entries(which: str, vendor: str) -> str:
    """What these entries add: rows of KEYS and SUMS."""
    first, net = is_first("e"), "e.reserved + e.settled + e.unknown"
    cents = [f"CAST(round(e.{name} * 100) AS bigint) AS {name}" for name in OF_MONEY[:3]]
    cents += [
        f"CASE e.kind WHEN '{kind}' THEN CAST(round(-({net}) * 100) AS bigint) ELSE 0 END AS {kind}"
        for kind in OF_MONEY[3:]
    ]
    approved = (
        "(SELECT {} FROM wanstudio_video v WHERE v.job_id = j.id AND "
        "(SELECT w.decision FROM wanstudio_verdict w WHERE w.video_id = v.id ORDER BY w.id DESC LIMIT 1) = 'approved')"
    )
    seconds, count = approved.format("SUM(CAST(round(v.duration * 1000000) AS bigint))"), approved.format("COUNT(*)")
    return _in_rows(
        "SELECT e.team_id, e.person_id, e.provider, COALESCE(j.behaviour, '') AS behaviour, "
        "COALESCE(j.resolution, '') AS resolution, j.character_id, j.motion_id, "
        f"{quarter(opened('e'), vendor)} AS quarter, {', '.join(cents)}, "
        f"CASE WHEN {first} THEN 1 ELSE 0 END AS jobs, "
        f"CASE WHEN j.state = 'done' AND {first} THEN 1 ELSE 0 END AS videos, "
        f"CASE WHEN {first} THEN COALESCE({seconds}, 0) ELSE 0 END AS approved, "
        f"CASE WHEN {first} THEN {count} ELSE 0 END AS approvals "
        f"FROM wanstudio_entry e LEFT JOIN wanstudio_job j ON j.id = e.job_id WHERE {which}"
    )


def of_jobs(changes: str, vendor: str) -> str:
    """What `changes` (rows of job_id, videos, approved, approvals) add to the rows in which these jobs are counted."""
    return _in_rows(
        "SELECT e.team_id, e.person_id, e.provider, j.behaviour, j.resolution, j.character_id, j.motion_id, "
        f"{quarter(opened('e'), vendor)} AS quarter, {', '.join(f'0 AS {name}' for name in (*OF_MONEY, 'jobs'))}, "
        f"c.videos, c.approved, c.approvals FROM ({changes}) c JOIN wanstudio_job j ON j.id = c.job_id "
        f"JOIN wanstudio_entry e ON e.job_id = j.id WHERE {is_first('e')}"
    )


def _in_rows(facts: str) -> str:
    """A quarter's sums, once more for its day, for all time, and for the character and the motion of their jobs."""
    keys = ", ".join(KEYS[:5])
    sums = ", ".join(f"CAST(SUM({name}) AS bigint) AS {name}" for name in SUMS)
    sources, made = "character_id, motion_id", "WHEN -1 THEN character_id WHEN -2 THEN motion_id"
    begins = f"CASE size WHEN 0 THEN 0 {made} ELSE quarter / size * size END AS begins"
    sizes = " UNION ALL ".join(f"SELECT {size} AS size" for size in (0, 1, 96, -1, -2))
    return (
        f"SELECT {keys}, size, {begins}, {sums} FROM (SELECT {keys}, {sources}, quarter, {sums} FROM ({facts}) fact "
        f"GROUP BY {keys}, {sources}, quarter) quarters CROSS JOIN ({sizes}) sizes "
        "WHERE size = 0 OR (size > 0 AND quarter IS NOT NULL) OR (size < 0 AND character_id IS NOT NULL) "
        "GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )


def note_again(which: str, vendor: str) -> str:
    """Notes jobs that these entries bring into another quarter of an hour than that of their first entry."""
    keys = "team_id, person_id, provider, job_id, begins, first"
    facts = (
        f"SELECT e.team_id, e.person_id, e.provider, e.job_id, {quarter(opened('e'), vendor)} AS begins, COALESCE("
        f"(SELECT {quarter(opened('g'), vendor)} FROM wanstudio_entry g WHERE {_ALIKE.format('g', 'e')} "
        f"ORDER BY g.id LIMIT 1), 0) AS first FROM wanstudio_entry e WHERE {which}"
    )
    return (
        f"INSERT INTO {AGAIN} ({keys}) SELECT DISTINCT {keys} FROM ({facts}) fact WHERE begins <> first "
        f"AND NOT EXISTS (SELECT 1 FROM {AGAIN} r WHERE {_ALIKE.format('r', 'fact')} AND r.begins = fact.begins)"
    )
