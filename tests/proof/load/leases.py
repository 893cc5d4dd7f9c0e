"""A diary of leases, kept by the database itself: who took which row when, and until when the one before was good."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

LOG = """
CREATE TABLE lease_log (job INTEGER, state TEXT, at TEXT, old TEXT, old_until TEXT, new TEXT)
"""
NOTE = """
CREATE TRIGGER lease_note AFTER UPDATE OF lease_token ON wanstudio_job
WHEN NEW.lease_token IS NOT OLD.lease_token BEGIN
  INSERT INTO lease_log VALUES
    (NEW.id, OLD.state, strftime('%Y-%m-%d %H:%M:%f', 'now'), OLD.lease_token, OLD.lease_until, NEW.lease_token);
END
"""


@dataclass(frozen=True)
class Diary:
    """`taken`: leases in all. `overlaps`: taken while another's was good. `rescues`: seconds from the last sign of life
    of a worker that let nothing go (its heartbeat, 30 s before its lease ran out) until another took the row."""

    taken: int
    overlaps: int
    rescues: list[float]


def keep_diary() -> None:
    with connection.cursor() as cursor:
        # What a run that was broken off has left.
        cursor.execute("DROP TABLE IF EXISTS lease_log")
        cursor.execute("DROP TRIGGER IF EXISTS lease_note")
        cursor.execute(LOG)
        cursor.execute(NOTE)


def end_diary() -> Diary:
    """Only SQLite: the trigger is written in its words."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, at, old_until FROM lease_log WHERE old IS NOT NULL AND new IS NOT NULL")
        inherited = [
            (state, datetime.fromisoformat(at), datetime.fromisoformat(until)) for state, at, until in cursor.fetchall()
        ]
        cursor.execute("SELECT count(*) FROM lease_log WHERE new IS NOT NULL")
        taken = cursor.fetchone()[0]
        cursor.execute("DROP TRIGGER lease_note")
        cursor.execute("DROP TABLE lease_log")
    # Moments are written in milliseconds, leases in microseconds.
    overlaps = sum(at + timedelta(milliseconds=1) < until for _, at, until in inherited)
    # A queued job in a dead worker's hands waits for its turn like any other.
    rescues = [(at - until).total_seconds() + 30 for state, at, until in inherited if state != "queued"]
    return Diary(taken, overlaps, rescues)
