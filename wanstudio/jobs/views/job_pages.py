"""Job pages: the list, one job, their cards, and what they need to be followed."""

from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import ordinal
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from wanstudio.jobs.attention import attention
from wanstudio.jobs.followed import Followed, poll_every
from wanstudio.jobs.models import MOVING, NOTEWORTHY, OPEN, Attempt, Job, State, Transition
from wanstudio.jobs.queries import Moment, request_of, timeline, visible_jobs, visible_timelines
from wanstudio.jobs.words import JobWords, describe
from wanstudio.keys import in_force
from wanstudio.money.queries import readings_around
from wanstudio.provider import providers
from wanstudio.teams import access
from wanstudio.teams.roles import Act, may
from wanstudio.uploads.bridge import copies
from wanstudio.uploads.queries import visible_sources
from wanstudio.web.lookups import page_view

MAX_POLLED = 200
# What the icon of a browser’s tab says about a job.
TABS = {State.DONE: "ready", State.FAILED: "failed", State.UNCERTAIN: "failed"}
PAGE = 50
FILTERS = {"": "All", "mine": "Mine", "running": "Running", "failed": "Failed", "unconfirmed": "Unconfirmed"}


class Card(NamedTuple):
    """One job with its words and its timeline, and whether who looks can decide about it."""

    job: Job
    words: JobWords
    timeline: list[Moment]
    may_decide: bool
    earlier: list[dict[str, object]]


def card(job: Job, past: list[Transition]) -> Card:
    """`past`: its whole timeline, as `visible_timelines` reads it."""
    earlier = _earlier_attempts(job) if past[0].has_earlier else []
    return Card(job, describe(job), timeline(job, past), may(past[0].role, Act.DECIDE), earlier)


def _earlier_attempts(job: Job) -> list[dict[str, object]]:
    """Each with the job that follows its task (or None), and the balances around its sending (or None)."""
    attempts = Attempt.objects.filter(NOTEWORTHY, job=job).prefetch_related("recovered").order_by("pk").distinct()
    return [
        {
            "attempt": attempt,
            "ordinal": ordinal(attempt.number),
            "recovered": next(iter(attempt.recovered.all()), None),
            "around": readings_around(attempt.pk) if attempt.is_unsettled else None,
        }
        for attempt in attempts
    ]


def page_context(kind: str, jobs: list[Job], counted: list[Followed] | None = None) -> dict[str, object]:
    """A page's first look at the jobs that it follows: the cards of those that stand on it, and its poller.

    `counted`: others that it only counts; None where it has no such.
    """
    shown = "" if counted is None else ",".join(str(job.pk) for job in jobs)
    cards = [{"job": job, "words": describe(job)} for job in jobs]
    followed = [*jobs, *(counted or ())]
    every = poll_every(followed, timezone.now())
    return {"cards": cards, "poll_shown": shown} | poll_context(kind, followed, every, jobs[0] if jobs else None)


def poll_context(kind: str, jobs: Sequence[Job | Followed], every: int, first: Job | None) -> dict[str, object]:
    """What a page needs to follow these jobs: nothing once all are final. `first`: a job's own page, if it changed."""
    open_ones = [job for job in jobs if not job.has_ended]
    moving = sum(job.state in MOVING for job in jobs)
    # Empty where the page has another subject.
    titles = {"rows": f"({moving}) Jobs" if moving else "Jobs"}
    if first:
        titles["job"] = f"{first.get_state_display()}: {first.title}"
    return {
        "poll_as": kind,
        "poll_seen": ",".join(f"{job.pk}:{job.version}" for job in open_ones[:MAX_POLLED]),
        "poll_every": every,
        "moving": moving,
        "tab_title": titles.get(kind, ""),
        "tab_icon": "running" if moving else TABS.get(State(jobs[0].state), "") if kind == "job" and jobs else "",
    }


@page_view
def index(request: HttpRequest) -> HttpResponse:
    """The list, newest first: all, `only` some, or those made from one `source`."""
    team = access.current_team(request)
    of_team = Job.objects.filter(team=team).order_by()
    rows = team.jobs.select_related("person", "character", "motion", "video")
    only = request.GET.get("only", "")
    match only:
        case "mine":
            rows = rows.filter(person=access.person(request))
        case "running":
            # Found by their states first: in the order of the list all of the team's would be read.
            rows = rows.filter(pk__in=of_team.filter(state__in=OPEN).values("pk"))
        case "failed" | "unconfirmed":
            rows = rows.filter(state=State.FAILED if only == "failed" else State.UNCERTAIN)
    named = access.number(request.GET.get("source"))
    if source := visible_sources(request, team).filter(pk=named).first() if named else None:
        # Where two filters meet, the jobs that were made from it first.
        made = {source.kind: source}
        rows = rows.filter(pk__in=of_team.filter(**made).values("pk")) if only else rows.filter(**made)
    before = request.GET.get("before", "")
    page, following = access.page(rows, before, PAGE)
    context = page_context("rows", page) | {
        "notices": attention(request, team),
        "source": source,
        "filters": list(FILTERS.items()),
        "only": only if only in FILTERS else "",
        "before": before,
        "next": following,
    }
    return render(request, "jobs/index.html", context)


@page_view
def show(request: HttpRequest, pk: int) -> HttpResponse:
    # No row has an id beyond 64 bits, and such an id would break the query.
    found = visible_timelines(request, [access.number(str(pk)) or 0])
    if not found:
        raise Http404("no such job")
    ((job, past),) = found.items()
    show_team_of(request, past)
    results = job.videos.filter(binned_at=None).order_by("position") if len(job.result_urls) > 1 else []
    sent = job.submissions.last() if job.state == State.UNCERTAIN else None
    more = {"results": results, "around": readings_around(sent.pk) if sent else None}
    return render(request, "jobs/show.html", page_context("job", [job]) | card(job, past)._asdict() | more)


@page_view
def curl(request: HttpRequest, pk: int) -> HttpResponse:
    """The request as one could send it by hand, without the key; without its callback, which no one would answer."""
    job: Job = access.mine_to(request, Act.MAKE, visible_jobs(request), pk)
    signed = not (job.character.url and job.motion.url)
    provider = providers.get(job.provider)
    context = {
        "job": job,
        "curl": provider.curl(in_force.base_url(job.provider), settings.MODEL, request_of(job, link=copies.shown_link)),
        "signed": signed,
        "bucket": settings.BUCKET,
        "key_variable": provider.variable("API_KEY"),
    }
    return render(request, "jobs/curl.html", context)


def show_team_of(request: HttpRequest, past: list[Transition]) -> None:
    """The page is about the job of this timeline; its team and this person's role there need no more asking."""
    access.show_as(request, past[0].job.team, past[0].role)
