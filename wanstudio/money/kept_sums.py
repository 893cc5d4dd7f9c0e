"""Kept sums of the ledger: triggers of the database add each entry to them, in the transaction that writes it.

So they are right for any writer: a verb, a restore, a migration, a line of SQL. Each entry is in five rows of
`KeptSum`: that of the quarter of an hour in which its money was reserved, that of the day (UTC), that of all time, and
those of the character and the motion of its job. The ledger is the truth: `recount` recalculates the sums from it, and
so does `install` whenever the triggers were missing.
"""

from collections.abc import Sequence
from itertools import chain

from django.db import connection, transaction

from wanstudio.money.kept_statements import AGAIN, KEPT, KEYS, OF_MONEY, SUMS, note_again, of_entries
from wanstudio.money.kept_triggers import PREFIX, statements

_INSTALLED = {
    "sqlite": f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'",
    "postgresql": (
        f"SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE tgname LIKE '{PREFIX}%' "
        "AND pg_table_is_visible(pg_class.oid)"
    ),
}
_LIFT = {
    "sqlite": f"SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'",
    "postgresql": (
        f"SELECT 'DROP FUNCTION ' || oid::regprocedure || ' CASCADE' FROM pg_proc WHERE proname LIKE '{PREFIX}%' "
        "AND pg_function_is_visible(oid)"
    ),
}


def install(**kwargs: object) -> None:
    """Create the triggers and count what they have missed; nothing if they exist, or the tables do not."""
    wanted = statements(connection.vendor)
    with connection.cursor() as cursor:
        if KEPT not in connection.introspection.table_names(cursor):
            return
        cursor.execute(_INSTALLED[connection.vendor])
        if {name for (name,) in cursor.fetchall()} == wanted.keys():
            return
        with transaction.atomic():
            lift()
            for statement in chain(*wanted.values()):
                cursor.execute(statement)
            recount()


def lift() -> None:
    """Drop the triggers: SQLite's migrations cannot rebuild a table that another table's trigger names."""
    with connection.cursor() as cursor:
        cursor.execute(_LIFT[connection.vendor])
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


def lift_before(plan: Sequence[object], **kwargs: object) -> None:
    if plan:
        lift()


def recount() -> None:
    """Recalculates all sums in one transaction; writers to the ledger wait for it."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"LOCK TABLE {KEPT} IN EXCLUSIVE MODE")
            # After a restore the planner knows nothing of these rows: it would read the ledger once for each entry.
            cursor.execute("ANALYZE wanstudio_entry, wanstudio_job, wanstudio_video, wanstudio_verdict")
        cursor.execute(f"DELETE FROM {KEPT}")
        cursor.execute(f"DELETE FROM {AGAIN}")
        counted = of_entries("1 = 1", connection.vendor)
        cursor.execute(f"INSERT INTO {KEPT} ({', '.join((*KEYS, *SUMS))}, writer) SELECT d.*, 0 FROM ({counted}) d")
        cursor.execute(note_again("1 = 1", connection.vendor))


def differences() -> int:
    """How many of the kept sums are not what the ledger says: none, ever."""
    keys = ", ".join(KEYS)
    kept = f"SELECT {keys}, {', '.join(f'CAST(SUM({name}) AS bigint)' for name in SUMS)} FROM {KEPT} GROUP BY {keys}"
    counted = of_entries("1 = 1", connection.vendor)
    with connection.cursor() as cursor:
        found = 0
        for one, other in ((kept, counted), (counted, kept)):
            cursor.execute(f"SELECT COUNT(*) FROM (SELECT * FROM ({one}) a EXCEPT SELECT * FROM ({other}) b) c")
            found += int(cursor.fetchone()[0])
    return found


def agree() -> bool:
    """Whether the sums of all time are those of the columns of the ledger: a look at each entry, in one pass."""
    names = OF_MONEY[:3]
    entries = ", ".join(f"COALESCE(SUM(CAST(round({name} * 100) AS bigint)), 0)" for name in names)
    sums = ", ".join(f"COALESCE(SUM({name}), 0)" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM (SELECT {entries} FROM wanstudio_entry) e, (SELECT {sums} FROM {KEPT} WHERE size = 0) k"
        )
        found = [int(each) for each in cursor.fetchone()]
    return found[:3] == found[3:]
