"""Databases: SQLite in the data folder, or PostgreSQL by `DATABASE_URL`, each with what it needs to be safe."""

from typing import Any

import dj_database_url
from environs import EnvError

SQLITE_OPTIONS = {
    # IMMEDIATE: a transaction that reads, then writes, would otherwise fail with "database is locked" under load.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: with NORMAL a power cut can take back an attempt's row whose POST went out, and it would be sent again.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
SQLITE_KEPT_S = 600
POSTGRES_OPTIONS = {
    "connect_timeout": 5,
    "application_name": "wanstudio",
    # A machine that vanished is noticed in half a minute, not in two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    # As SQLite's timeout. And a process that is stopped within a transaction must not hold its rows for ever:
    # the rescue of its job has to write them. An attempt's row is on the disk before its POST, whatever the
    # server's own default is.
    "options": "-c lock_timeout=20s -c idle_in_transaction_session_timeout=20s -c synchronous_commit=on",
}


def database(url: str) -> dict[str, Any]:
    """Django's settings for an address such as `postgres://user:password@db.local:5432/studio?sslmode=require`.

    Raises EnvError for any other kind of database, or an address without a name.
    """
    try:
        made: dict[str, Any] = {**dj_database_url.parse(url, conn_health_checks=True)}
    except ValueError:
        # What cannot be read can hold a password: it is not repeated.
        raise _refused("it cannot be read; write characters such as @ / # : in a password as %40 %2F %23 %3A") from None
    asked = made.pop("OPTIONS", {})
    if not made["NAME"]:
        raise _refused("it names no database")
    if made["ENGINE"] == "django.db.backends.sqlite3":
        # Kept: opening costs more than most requests ask. `work/reconnect.py` notices another file in its place.
        return made | {"CONN_MAX_AGE": SQLITE_KEPT_S, "OPTIONS": dict(SQLITE_OPTIONS)}
    if made["ENGINE"] != "django.db.backends.postgresql":
        raise _refused(f'"{url.partition(":")[0]}" is not a database the studio knows')
    # Without one a connection a request: 128 threads that each kept one would be more than PostgreSQL's usual 100.
    age = asked.pop("conn_max_age", 0)
    if type(age) is not int:
        raise _refused("conn_max_age is a number of seconds")
    return made | {"PORT": str(made["PORT"]), "CONN_MAX_AGE": age, "OPTIONS": {**POSTGRES_OPTIONS, **asked}}


def _refused(why: str) -> EnvError:
    return EnvError(
        f'Environment variable "DATABASE_URL" invalid: {why}. Use postgres://user:password@host:5432/name, or leave it '
        "out for SQLite."
    )
