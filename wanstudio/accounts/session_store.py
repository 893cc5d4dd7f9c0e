"""Sessions as Django keeps them in the database, read with SQL that is written once a process: every request asks."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.db.models.functions import Now

from wanstudio.work.compiled import Written, rows_of, write

_written: list[Written] = []


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, object]:
        """What the session holds. Of a key that has none, or an expired one, nothing; and the key is not used again."""
        if not _written:
            _written.append(write(_living(".")))
        sql, _ = _written[0]
        rows = rows_of(sql, [self.session_key])
        if rows:
            return self.decode(rows[0][0])
        self._session_key = None
        return {}


def _living(key: str) -> QuerySet[Session, tuple[str]]:
    return Session.objects.filter(session_key=key, expire_date__gt=Now()).values_list("session_data")
