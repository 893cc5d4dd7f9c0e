"""Pruning: which rows are deleted at which age. Jobs, attempts, ledger, transitions and activity stay for good."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, Model, OuterRef, Q
from django.utils import timezone

from wanstudio.api.models import REMEMBERED_DAYS, ApiPost
from wanstudio.jobs.models import ENDED
from wanstudio.money.models import BalanceReading
from wanstudio.notifications.models import Delivery, Notification
from wanstudio.notifications.push_rows import Push
from wanstudio.provider.providers import PROVIDERS
from wanstudio.work.mails import Mail

log = logging.getLogger(__name__)

BATCH = 500
# A pause of so many times what a batch took: jobs and pages write between two of them.
PAUSES = 4


@dataclass(frozen=True)
class Rule:
    """Rows of `model` whose `since` is more than so many days ago and that fulfil the `condition`.

    `among`: the parts of the table to read, each by an index, where most old rows are kept.
    """

    model: type[Model]
    since: str
    days: int
    condition: Callable[[], Any] = Q
    among: Callable[[], Iterable[Q]] = lambda: [Q()]


def _readings() -> list[Q]:
    return [Q(provider=name, moment=BalanceReading.Moment.READ) for name in PROVIDERS]


RULES = (
    Rule(Mail, "created_at", 30, lambda: Q(sent_at__isnull=False) | Q(gave_up_at__isnull=False)),
    Rule(Delivery, "created_at", 30, lambda: Q(arrived_at__isnull=False) | Q(gave_up_at__isnull=False)),
    Rule(Push, "created_at", 30, lambda: Q(sent_at__isnull=False) | Q(gave_up_at__isnull=False)),
    Rule(Notification, "at", 180),
    # A request that is repeated later makes a job again: the page of the API says so.
    Rule(ApiPost, "created_at", REMEMBERED_DAYS, lambda: Q(job=None) | Q(job__state__in=ENDED)),
    # READ alone: readings around a POST are evidence of what it cost.
    Rule(BalanceReading, "at", 365, among=_readings),
    Rule(UserSession, "created_at", 1, lambda: ~Exists(Session.objects.filter(session_key=OuterRef("session_key")))),
)


def prune() -> None:
    """Delete what is old, hundreds of rows at a time, so that nothing waits. Crash anywhere: the next run continues."""
    for rule in RULES:
        if deleted := sum(_apply(rule, part) for part in rule.among()):
            log.info("%d %s of %d days ago deleted", deleted, rule.model._meta.verbose_name_plural, rule.days)
    expired = Session.objects.filter(expire_date__lt=timezone.now()).values_list("pk", flat=True)
    while pks := list(expired[:BATCH]):
        with _pausing():
            Session.objects.filter(pk__in=pks).delete()


def _apply(rule: Rule, part: Q) -> int:
    """Ids rise with time, so only old rows are read, and the batch after them: no further index is needed."""
    rows, limit = rule.model._default_manager.filter(part).order_by("pk"), timezone.now() - timedelta(days=rule.days)
    last, deleted = 0, 0
    while True:
        batch = list(rows.filter(pk__gt=last).values_list("pk", rule.since)[:BATCH])
        if old := [pk for pk, since in batch if since < limit]:
            with _pausing():
                deleted += rows.filter(rule.condition(), pk__in=old).order_by().delete()[0]
        if len(old) < BATCH:
            return deleted
        last = batch[-1][0]


@contextmanager
def _pausing() -> Iterator[None]:
    began = time.monotonic()
    yield
    time.sleep(PAUSES * (time.monotonic() - began))
