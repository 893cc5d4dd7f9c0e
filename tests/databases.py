"""The database of the running test, by an address that another process can be given."""

from urllib.parse import quote

from django.db import connection


def database_url() -> str:
    """`DATABASE_URL` for a process that is to see this test's rows."""
    now = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{now['NAME']}"
    return f"postgres://{quote(now['USER'])}@{now['HOST']}:{now['PORT']}/{quote(str(now['NAME']))}"
