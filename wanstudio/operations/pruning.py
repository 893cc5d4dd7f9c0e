"""Pruning: which rows are deleted at what age. Jobs, attempts, ledger, transitions and activity stay for good."""

import logging
from collections.abc import Callable
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
from wanstudio.work.mails import Mail

log = logging.getLogger(__name__)

BATCH = 1000


@dataclass(frozen=True)
class Rule:
    """Rows of `model` whose `since` is more than so many days ago and that fulfil the `condition`."""

    model: type[Model]
    since: str
    days: int
    condition: Callable[[], Any] = Q


RULES = (
    Rule(Mail, "created_at", 30, lambda: Q(sent_at__isnull=False) | Q(gave_up_at__isnull=False)),
    Rule(Delivery, "created_at", 30, lambda: Q(arrived_at__isnull=False) | Q(gave_up_at__isnull=False)),
    Rule(Notification, "at", 180),
    # A request that is repeated later makes a job again: the page of the API says so.
    Rule(ApiPost, "created_at", REMEMBERED_DAYS, lambda: Q(job=None) | Q(job__state__in=ENDED)),
    # READ alone: what surrounds a POST is evidence of what it cost.
    Rule(BalanceReading, "at", 365, lambda: Q(moment=BalanceReading.Moment.READ)),
    Rule(UserSession, "created_at", 1, lambda: ~Exists(Session.objects.filter(session_key=OuterRef("session_key")))),
)


def prune() -> None:
    """Delete what is old, a thousand rows at a time, so that no page waits. Crash anywhere: the next run goes on."""
    for rule in RULES:
        if deleted := _apply(rule):
            log.info("%d %s of %d days ago deleted", deleted, rule.model._meta.verbose_name_plural, rule.days)
    expired = Session.objects.filter(expire_date__lt=timezone.now()).values_list("pk", flat=True)
    while pks := list(expired[:BATCH]):
        Session.objects.filter(pk__in=pks).delete()


def _apply(rule: Rule) -> int:
    """Ids rise with time, so only what is old is read, and the batch after it: a million rows need no further index."""
    rows, limit = rule.model._default_manager.order_by("pk"), timezone.now() - timedelta(days=rule.days)
    last, deleted = 0, 0
    while True:
        batch = list(rows.filter(pk__gt=last).values_list("pk", rule.since)[:BATCH])
        old = [pk for pk, since in batch if since < limit]
        deleted += rows.filter(rule.condition(), pk__in=old).order_by().delete()[0]
        if len(old) < BATCH:
            return deleted
        last = batch[-1][0]
