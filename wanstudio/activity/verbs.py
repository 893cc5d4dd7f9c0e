"""Recording an activity: a row in the transaction of what it is about, so that a crash leaves both or neither."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from wanstudio.activity.models import Activity

FAILED = "signin.failed"
# Of wrong sign-ins from one address, more than these an hour add rows and no knowledge.
MAX_FAILURES_AN_HOUR = 20


def record(
    act: str,
    *,
    team: models.Model | int | None = None,
    person: models.Model | str | None = None,
    about: str = "",
    on: models.Model | None = None,
) -> None:
    """One row. `person`: a user, the name of a guest, or None for the studio itself. `on`: the row it was done to."""
    _write(
        act=act,
        team_id=team.pk if isinstance(team, models.Model) else team,
        person_id=person.pk if isinstance(person, models.Model) else None,
        who=str(person or "Wan Studio"),
        about=about,
        thing=on._meta.model_name or "" if on else "",
        thing_id=on.pk if on else None,
    )


def record_sign_in(act: str, person: models.Model, ip: str | None) -> None:
    """A row about signing in or out, or a password: with the address it came from."""
    _write(act=act, person_id=person.pk, who=str(person), ip=ip or None)


def record_failure(person: models.Model | None, typed: str, ip: str | None) -> None:
    """A sign-in that went wrong, under the name that was `typed`; of many an hour from one address only some."""
    recent = Activity.objects.filter(ip=ip or None, at__gt=timezone.now() - timedelta(hours=1), act=FAILED)
    if recent.count() < MAX_FAILURES_AN_HOUR:
        _write(act=FAILED, person_id=person.pk if person else None, who=str(person or typed), ip=ip or None)


def _write(act: str, who: str, about: str = "", **fields: object) -> None:
    Activity.objects.create(act=act[:40], who=_one_line(who)[:200], about=_one_line(about)[:300], **fields)


def _one_line(text: str) -> str:
    """On one line, and without the NUL that PostgreSQL refuses."""
    return " ".join(text.replace("\0", "").split())
