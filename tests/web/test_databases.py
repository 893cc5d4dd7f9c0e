"""`DATABASE_URL`: what it may be, and one sentence for what it may not."""

import pytest
from environs import EnvError

from wanstudio.settings_databases import database


def test_sqlite_is_safe_under_load() -> None:
    made = database("sqlite:////srv/data/studio.sqlite3")
    assert (made["ENGINE"], made["NAME"]) == ("django.db.backends.sqlite3", "/srv/data/studio.sqlite3")
    assert made["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert made["CONN_MAX_AGE"] > 0


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "pgsql"])
def test_postgres_url_sets_its_options(scheme: str) -> None:
    made = database(f"{scheme}://ben:p%40ss%2F@db.local:5433/wan%20studio?sslmode=require&conn_max_age=60")
    assert made["ENGINE"] == "django.db.backends.postgresql"
    assert [made[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        *("ben", "p@ss/", "db.local", "5433", "wan studio")
    ]
    assert (made["CONN_MAX_AGE"], made["CONN_HEALTH_CHECKS"]) == (60, True)
    assert made["OPTIONS"]["sslmode"] == "require"
    assert "idle_in_transaction_session_timeout" in made["OPTIONS"]["options"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgres:///studio", ""),
        ("postgres://%2Frun%2FPostgres/studio", "/run/Postgres"),
        ("postgres://[::1]/x", "::1"),
    ],
)
def test_sockets_and_other_hosts(url: str, host: str) -> None:
    assert (database(url)["HOST"], database(url)["PORT"]) == (host, "")


@pytest.mark.parametrize(
    "url",
    [
        *("mysql://ben:secret@db/studio", "postgres://ben:secret@db", "postgres://ben:sec#ret@db/studio", "secret"),
        *("postgres://ben:secret@db:port/studio", "postgres://ben:secret@db/studio?conn_max_age=long"),
    ],
)
def test_nonsense_is_refused_in_one_sentence_that_repeats_no_password(url: str) -> None:
    with pytest.raises(EnvError) as refused:
        database(url)
    assert "DATABASE_URL" in str(refused.value)
    assert "sec" not in str(refused.value).replace("seconds", "")
