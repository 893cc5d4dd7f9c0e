"""Databases: SQLite in the data folder, or PostgreSQL by `DATABASE_URL`, each with what it needs to be safe."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from environs import EnvError

POSTGRES = ("postgres", "postgresql", "pgsql")
# Read from the address besides the parameters of libpq itself (sslmode, …).
MAX_AGE = "conn_max_age"

SQLITE_OPTIONS = {
    # IMMEDIATE: a transaction that reads, then writes, would otherwise fail with "database is locked" under load.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: with NORMAL a power cut can take back an attempt's row whose POST went out, and it would be sent again.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
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
        parts = urlsplit(url)
        host, port = _host(parts.netloc, parts.hostname), parts.port
    except ValueError:
        # What cannot be read may hold a password: it is not repeated.
        raise _refused("it cannot be read; signs such as @ / # : in a password are written %40 %2F %23 %3A") from None
    name = unquote(parts.path[1:])
    if not name:
        raise _refused("it names no database")
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": dict(SQLITE_OPTIONS)}
    if parts.scheme not in POSTGRES:
        raise _refused(f'"{parts.scheme}" is not a database the studio knows')
    asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port or ""),
        # A connection a request: 128 threads that each kept one would be more than PostgreSQL's usual 100.
        "CONN_MAX_AGE": _seconds(asked.pop(MAX_AGE, "0")),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**POSTGRES_OPTIONS, **asked},
    }


def _host(netloc: str, name: str | None) -> str:
    """A host's name, or the folder of a socket (`%2Frun%2Fpostgresql`), whose capitals count."""
    raw = netloc.rpartition("@")[2]
    return unquote(raw.partition(":")[0]) if raw.upper().startswith("%2F") else name or ""


def _seconds(text: str) -> int:
    if not text.isdecimal():
        raise _refused(f"{MAX_AGE} is a number of seconds")
    return int(text)


def _refused(why: str) -> EnvError:
    return EnvError(
        f'Environment variable "DATABASE_URL" invalid: {why}. Use postgres://user:password@host:5432/name, or leave it '
        "out for SQLite."
    )
