"""Triggers of the kept sums, for both databases: on entries, on jobs that become done, and on verdicts."""

import hashlib

from wanstudio.money.kept_statements import KEPT, KEYS, SUMS, note_again, of_entries, of_jobs

PREFIX = "wanstudio_kept_"
_KEYS = ", ".join(KEYS)
_GREW = ", ".join(f"{name} = {KEPT}.{name} + excluded.{name}" for name in SUMS)
_SECONDS = "CAST(round(v.duration * 1000000) AS bigint)"
_NEWEST = "COALESCE((SELECT w.decision FROM {} w WHERE {} ORDER BY w.id DESC LIMIT 1), '') = 'approved'"


def statements(vendor: str) -> dict[str, list[str]]:
    """The SQL of each trigger, by its name. The name has a digest of the text: another version installs its own."""
    made = _sqlite() if vendor == "sqlite" else _postgres()
    digest = hashlib.sha256(repr(made).encode()).hexdigest()[:8]
    return {
        f"{PREFIX}{name}_{digest}": [
            text.replace("{name}", f"{PREFIX}{name}_{digest}").replace("{add}", f"{PREFIX}add_{digest}")
            for text in texts
        ]
        for name, texts in made.items()
    }


def _sqlite() -> dict[str, list[str]]:
    done, was_done = "(NEW.state = 'done')", "(OLD.state = 'done')"
    job = f"SELECT NEW.id AS job_id, {done} - {was_done} AS videos, 0 AS approved, 0 AS approvals"
    earlier = {
        row: _NEWEST.format("wanstudio_verdict", f"w.video_id = {row}.video_id AND w.id < {row}.id")
        for row in ("NEW", "OLD")
    }
    decided = f"(NEW.decision = 'approved') - ({earlier['NEW']})"
    forgotten = f"({earlier['OLD']}) - (OLD.decision = 'approved')"

    def verdict(row: str, more: str) -> str:
        change = f"SELECT v.job_id, 0 AS videos, ({more}) * {_SECONDS} AS approved"
        of = f"{change}, ({more}) AS approvals FROM wanstudio_video v WHERE v.id = {row}.video_id"
        return of_jobs(of, "sqlite")

    def newest(row: str) -> str:
        return f"NOT EXISTS (SELECT 1 FROM wanstudio_verdict w WHERE w.video_id = {row}.video_id AND w.id > {row}.id)"

    again = note_again("e.id = NEW.id", "sqlite") + ";"
    return {
        "entry": _on_row("INSERT ON wanstudio_entry WHEN 1", of_entries("e.id = NEW.id", "sqlite"), again),
        "job": _on_row(f"UPDATE OF state ON wanstudio_job WHEN {done} <> {was_done}", of_jobs(job, "sqlite")),
        "verdict": _on_row(f"INSERT ON wanstudio_verdict WHEN {newest('NEW')}", verdict("NEW", decided)),
        "forgotten": _on_row(f"DELETE ON wanstudio_verdict WHEN {newest('OLD')}", verdict("OLD", forgotten)),
    }


def _on_row(event: str, rows: str, then: str = "") -> list[str]:
    add = (
        f"INSERT INTO {KEPT} ({_KEYS}, {', '.join(SUMS)}, writer) SELECT d.*, 0 FROM ({rows}) d WHERE 1 "
        f"ON CONFLICT ({_KEYS}, writer) DO UPDATE SET {_GREW}"
    )
    return [f"CREATE TRIGGER {{name}} AFTER {event} BEGIN {add}; {then} END"]


def _postgres() -> dict[str, list[str]]:
    job = (
        "SELECT n.id AS job_id, CAST(n.state = 'done' AS integer) - CAST(o.state = 'done' AS integer) AS videos, "
        "0 AS approved, 0 AS approvals FROM fresh n JOIN stale o ON o.id = n.id "
        "WHERE (n.state = 'done') <> (o.state = 'done')"
    )
    now = _NEWEST.format("wanstudio_verdict", "w.video_id = v.id")
    before = _NEWEST.format("wanstudio_verdict", "w.video_id = v.id AND w.id NOT IN (SELECT id FROM fresh)")
    both = "(SELECT * FROM wanstudio_verdict UNION ALL SELECT * FROM stale)"
    entry = of_entries("e.id IN (SELECT id FROM fresh)", "postgresql")
    again = note_again("e.id IN (SELECT id FROM fresh)", "postgresql")

    def verdict(rows: str, before: str) -> str:
        change = f"CAST({now} AS integer) - CAST({before} AS integer)"
        of = f"SELECT v.job_id, 0 AS videos, ({change}) * {_SECONDS} AS approved, {change} AS approvals"
        return of_jobs(f"{of} FROM wanstudio_video v WHERE v.id IN (SELECT video_id FROM {rows})", "postgresql")

    return {
        "entry": [_ADD, *_on_rows("INSERT ON wanstudio_entry", "NEW TABLE AS fresh", entry, again + ";")],
        "job": _on_rows("UPDATE ON wanstudio_job", "NEW TABLE AS fresh OLD TABLE AS stale", of_jobs(job, "postgresql")),
        "verdict": _on_rows("INSERT ON wanstudio_verdict", "NEW TABLE AS fresh", verdict("fresh", before)),
        "forgotten": _on_rows(
            "DELETE ON wanstudio_verdict",
            "OLD TABLE AS stale",
            verdict("stale", _NEWEST.format(both, "w.video_id = v.id")),
        ),
    }


# A row locked by another transaction is skipped, and a second one made: writers to the ledger never wait.
_ADD = (
    "CREATE FUNCTION {add}(new " + KEPT + ") RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
    f"UPDATE {KEPT} SET {', '.join(f'{name} = {KEPT}.{name} + new.{name}' for name in SUMS)} WHERE id = (SELECT id "
    f"FROM {KEPT} WHERE {' AND '.join(f'{name} = new.{name}' for name in KEYS)} LIMIT 1 FOR UPDATE SKIP LOCKED); "
    f"IF NOT FOUND THEN INSERT INTO {KEPT} ({_KEYS}, {', '.join(SUMS)}, writer) VALUES "
    f"({', '.join(f'new.{name}' for name in (*KEYS, *SUMS))}, pg_backend_pid()) "
    f"ON CONFLICT ({_KEYS}, writer) DO UPDATE SET {_GREW}; END IF; END $$"
)


def _on_rows(event: str, tables: str, rows: str, then: str = "") -> list[str]:
    """For each statement, not for each row: PostgreSQL keeps every version of a row until the transaction ends."""
    fields = ", ".join(f"d.{name}" for name in (*KEYS, *SUMS))
    return [
        "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE new " + KEPT + "; BEGIN "
        f"FOR {', '.join(f'new.{name}' for name in (*KEYS, *SUMS))} IN SELECT {fields} FROM ({rows}) d LOOP "
        f"PERFORM {{add}}(new); END LOOP; {then} RETURN NULL; END $$",
        f"CREATE TRIGGER {{name}} AFTER {event} REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {{name}}()",
    ]
