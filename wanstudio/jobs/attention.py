"""Notices on the front page and above the jobs: jobs that need a decision, results that can soon be lost."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.text import capfirst

from wanstudio.jobs.job_progress import time_left
from wanstudio.jobs.models import Job, State, unsettled_attempts
from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.words import pause_fact
from wanstudio.money.models import Money
from wanstudio.provider import providers
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.work.prepared import Prepared

MAX_LINKS = 3
MAX_NOTICES = 3
# Before any alert: an index range begins at a value, never at "is not null".
EVER = datetime(1970, 1, 1, tzinfo=UTC)


def _waiting(team: int) -> QuerySet[Job]:
    """Each by an index of its own, and the few rows of all teams where it is of them alone: with the team beside it, a
    planner takes the index of all of the team's jobs.
    """
    every = Job.objects.order_by()
    unknown, alerted = every.filter(money=Money.UNKNOWN), every.filter(alerted_at__gt=EVER)
    return every.filter(team=team, state=State.UNCERTAIN).union(unknown, alerted, all=True)


_WAITING = Prepared(_waiting)


class Link(NamedTuple):
    label: str
    url: str


class Notice(NamedTuple):
    """`fact` leads with the sum; `links` go to where it is decided."""

    tone: str
    fact: str
    consequence: str
    links: list[Link]


def attention(request: HttpRequest, team: Team) -> list[Notice]:
    """For people who can decide in the team of this page; empty for others. A fixed number of queries."""
    if not access.may(request, team, Act.DECIDE):
        return []
    once = {job.pk: job for job in _WAITING.all(team.pk) if job.team_id == team.pk}
    mine = [once[pk] for pk in sorted(once)]
    jobs = [job for job in mine if job.alerted_at or job.state in (State.UNCERTAIN, State.FAILED)]

    def about(state: State, write: Callable[[list[Job]], Notice]) -> Notice | None:
        mine = [job for job in jobs if job.state == state and (job.is_billed or state != State.FAILED)]
        return write(mine) if mine else None

    found = [about(State.ARCHIVING, _unsaved), _paused(), about(State.UNCERTAIN, _unconfirmed)]
    found += [_earlier_attempts(team), about(State.FAILED, _lost), about(State.RUNNING, _overdue)]
    return [notice for notice in found if notice][:MAX_NOTICES]


def _unsaved(jobs: list[Job]) -> Notice:
    soonest = min((job.expires_at for job in jobs if job.expires_at), default=None)
    what = "it" if len(jobs) == 1 else "the first"
    until = f"{capfirst(_provider(jobs))} deletes {what} in {time_left(soonest)}." if soonest else ""
    paid = f"; ${total} was charged" if (total := _sum(jobs)) else ""
    return Notice(
        "block",
        f"{_count(jobs, 'finished video')} cannot be saved{paid}.",
        f"{until} We keep trying. Try now, or save it by hand.",
        _links(jobs, "only=running"),
    )


def _unconfirmed(jobs: list[Job]) -> Notice:
    count = f"{_count(jobs, 'video')} unconfirmed."
    return Notice(
        "warn",
        f"${total} might have been charged: {count}"
        if (total := _sum(jobs))
        else f"{count} Nothing is billed in the sandbox.",
        f"We don’t know whether {_provider(jobs)} accepted {'it' if len(jobs) == 1 else 'them'}. Nothing is sent again "
        "unless you decide.",
        _links(jobs, "only=unconfirmed", "Decide"),
    )


def _earlier_attempts(team: Team) -> Notice | None:
    """Jobs that were sent again by hand: the earlier attempt might have been charged, too."""
    tries = list(unsettled_attempts(team))
    if not tries:
        return None
    total = sum((attempt.price for attempt in tries), Decimal(0))
    jobs = list({attempt.job_id: attempt.job for attempt in tries}.values())
    return Notice(
        "warn",
        f"${total} might have been charged for {len(tries)} earlier {'attempt' if len(tries) == 1 else 'attempts'}.",
        "They were sent again by hand. It is not known yet whether the earlier attempts were charged.",
        _links(jobs, "", "Decide"),
    )


def _lost(jobs: list[Job]) -> Notice:
    """Tasks that the provider no longer knows, until a person says that they were not charged."""
    name = _provider(jobs)
    return Notice(
        "warn",
        f"${_sum(jobs)} might have been charged: {name} no longer has the task of {_count(jobs, 'video')}.",
        f"{'It' if len(jobs) == 1 else 'They'} failed. Compare {name}'s dashboard, then say if nothing was charged.",
        _links(jobs, "only=failed", "Decide"),
    )


def _overdue(jobs: list[Job]) -> Notice:
    reserved = f", ${total} reserved" if (total := _sum(jobs)) else ""
    return Notice(
        "warn",
        f"{_count(jobs, 'video')} without a result after a day{reserved}.",
        f"We keep asking. Look up the task in {_provider(jobs)}’s dashboard.",
        _links(jobs, "only=running"),
    )


def _paused() -> Notice | None:
    key = ProviderKey.objects.filter(provider=in_force.provider_in_use()).exclude(pause="").first()
    if key is None:
        return None
    consequence = "Nothing is charged. Jobs wait in the queue and are sent automatically once this is solved."
    links = [Link("Settings", reverse("settings.show"))]
    return Notice("block", f"{pause_fact(key.provider, key.pause)}.", consequence, links)


def _links(jobs: list[Job], query: str, verb: str = "See it") -> list[Link]:
    if len(jobs) == 1:
        return [Link(verb, reverse("jobs.show", args=[jobs[0].pk]))]
    shown = [Link(job.title, reverse("jobs.show", args=[job.pk])) for job in jobs[:MAX_LINKS]]
    if len(jobs) > MAX_LINKS:
        shown = [*shown[: MAX_LINKS - 1], Link(f"All {len(jobs)}", f"{reverse('jobs.index')}?{query}")]
    return shown


def _count(jobs: list[Job], what: str) -> str:
    return f"{len(jobs)} {what}{pluralize(len(jobs))}"


def _sum(jobs: list[Job]) -> Decimal:
    return sum((job.price for job in jobs if job.is_billed), Decimal(0))


def _provider(jobs: list[Job]) -> str:
    billed = next((job for job in jobs if job.is_billed), jobs[0])
    return providers.get(billed.provider).display_name
