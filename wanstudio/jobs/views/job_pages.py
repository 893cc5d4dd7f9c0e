"""Job pages: the list, one job, and the poll that keeps pages true."""

from itertools import groupby

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from wanstudio.jobs import verbs
from wanstudio.jobs.attention import attention
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.provider_request import request_of
from wanstudio.jobs.queries import visible_jobs, visible_transitions
from wanstudio.jobs.states import ENDED, State
from wanstudio.jobs.views.decision_input import decidable, task_id_in
from wanstudio.jobs.views.job_cards import MAX_POLLED, card, poll_context
from wanstudio.jobs.words import ALREADY_SENT, Sentence
from wanstudio.keys import in_force
from wanstudio.money.models import Money
from wanstudio.money.queries import readings_around
from wanstudio.money.verbs import OverCap
from wanstudio.money.words import over_words
from wanstudio.provider import providers
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.uploads.queries import visible_sources
from wanstudio.web.way_back import back
from wanstudio.work.leases import Stale
from wanstudio.work.models import Heartbeat

PAGE = 50
FILTERS = {"": "All", "mine": "Mine", "running": "Running", "failed": "Failed", "unconfirmed": "Unconfirmed"}
FRAGMENTS = {"job": "jobs/_job.html", "rows": "jobs/_row.html", "dock": "jobs/_dock_job.html"}


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list, newest first: all, `only` some, or those made from one `source`."""
    team = access.current_team(request)
    rows = visible_jobs(request).filter(team=team)
    only = request.GET.get("only", "")
    if only in FILTERS:
        rows = rows.filter(_filter(request, only))
    named = access.number(request.GET.get("source"))
    if source := visible_sources(request, team).filter(pk=named).first() if named else None:
        rows = rows.filter(Q(character=source) | Q(motion=source))
    before = request.GET.get("before", "")
    page, following = access.page(rows, before, PAGE)
    context = poll_context("rows", page) | {
        "notices": attention(request, team),
        "source": source,
        "filters": list(FILTERS.items()),
        "only": only if only in FILTERS else "",
        "before": before,
        "next": following,
    }
    return render(request, "jobs/index.html", context)


def _filter(request: HttpRequest, only: str) -> Q:
    match only:
        case "mine":
            return Q(person=access.person(request))
        case "running":
            return ~Q(state__in=ENDED)
        case "failed":
            return Q(state=State.FAILED)
        case "unconfirmed":
            return Q(state=State.UNCERTAIN)
        case _:
            return Q()


@login_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One job: it becomes the video in place."""
    # An id beyond 64 bits is nobody's; asked for, it would break the query.
    steps = list(visible_transitions(request).filter(job_id=access.number(str(pk)) or 0))
    if not steps:
        raise Http404("no such job")
    job = _shown(request, steps[0])
    results = job.videos.filter(binned_at=None).order_by("position") if len(job.result_urls) > 1 else []
    sent = job.submissions.last() if job.state == State.UNCERTAIN else None
    more = {"results": results, "around": readings_around(sent.pk) if sent else None}
    return render(request, "jobs/show.html", poll_context("job", [job]) | card(job, steps)._asdict() | more)


@login_required
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """What changed of the jobs a page shows, one request for all of them; 204 when nothing did.

    `seen` is `id:version,…` as the page knows it, `as` the fragment it wants, `shown` the ids that stand on it where
    the others are only counted, `worker` 1 if it shows one as living.
    At most 3 queries: session, person, and jobs with their timelines and the heartbeat in one.
    """
    seen = _seen(request.GET.get("seen", ""))
    kind = request.GET.get("as", "rows")
    template = FRAGMENTS.get(kind)
    if template is None:
        raise Http404("no such fragment")
    mine = visible_transitions(request).filter(job_id__in=seen).order_by("job_id", "pk")
    steps = list(mine.annotate(worker_lives=Exists(Heartbeat.living())))
    if steps:
        _shown(request, steps[0])
    cards = [card(job, group) for job, group in groupby(steps, key=lambda step: step.job)]
    changed = [one for one in cards if one.job.version != seen[one.job.pk]]
    worker = _worker(bool(steps[0].worker_lives) if steps else None, request.GET.get("worker", ""))
    if not changed and not worker.get("worker_changed") and len(cards) == len(seen):
        return HttpResponse(status=204)
    shown = request.GET.get("shown", "")
    if shown:
        changed = [one for one in changed if str(one.job.pk) in shown.split(",")]
    context = poll_context(kind, [one.job for one in cards]) | worker
    context |= {"template": template, "changed": changed, "poll_shown": shown if _seen(shown) else ""}
    return render(request, "jobs/_status.html", context)


def _worker(lives: bool | None, shown: str) -> dict[str, bool]:
    """Whether the page has to say something else about the worker; nothing if nobody knows."""
    if lives is None:
        return {}
    return {"worker_missing": not lives, "worker_changed": shown in ("0", "1") and lives != (shown == "1")}


def _seen(text: str) -> dict[int, int]:
    pairs = [pair.partition(":") for pair in text.split(",")[:MAX_POLLED]]
    good = [(pk, version) for pk, _, version in pairs if (pk + version).isdecimal() and max(len(pk), len(version)) < 19]
    return {int(pk): int(version or 0) for pk, version in good if pk}


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Only while queued; a job that has been sent cannot be cancelled."""
    job: Job = access.mine_to(request, Act.MAKE, visible_jobs(request), pk)
    try:
        verbs.cancel(job, by=access.person(request))
    except Stale:
        messages.info(request, ALREADY_SENT)
    return back(request, "jobs.show", pk)


@login_required
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """A title says nothing to the provider, so it may change at any time."""
    job: Job = access.mine_to(request, Act.ORGANISE, visible_jobs(request), pk)
    if title := " ".join(request.POST.get("title", "").split())[:200]:
        verbs.rename(job, title, by=access.person(request))
    else:
        messages.info(request, "A title needs at least one letter. Nothing was changed.")
    return back(request, "jobs.show", pk)


@login_required
@require_safe
def curl(request: HttpRequest, pk: int) -> HttpResponse:
    """The request as one could send it by hand, without the key; without its callback, which nobody would answer."""
    job: Job = access.mine_to(request, Act.MAKE, visible_jobs(request), pk)
    signed = not (job.character.url and job.motion.url)
    provider = providers.get(job.provider)
    context = {
        "job": job,
        "curl": provider.curl(in_force.base_url(job.provider), settings.MODEL, request_of(job)),
        "signed": signed,
        "key_variable": provider.variable("API_KEY"),
    }
    return render(request, "jobs/curl.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """What a person decides about an unconfirmed job: attach its task, send again, or it was not charged."""
    job, person = decidable(request, pk), access.person(request)
    try:
        match request.POST.get("decision"):
            case "attach" if task_id := task_id_in(request):
                verbs.attach(job, task_id, by=person)
                name = providers.get(job.provider).display_name
                messages.info(request, f"Asking {name} about this task. The page follows by itself.")
            case "again" if request.POST.get("price") == str(job.price):
                # A tab of yesterday agreed to pay for another try than the one that is open now.
                verbs.send_again(job, seen=access.number(request.POST.get("version")) or 0, by=person)
            case "not_charged" if job.state == State.FAILED:
                why = Sentence.NOT_CHARGED_BY.of(job.provider, person=person)
                verbs.settle_unknown(job, Money.RELEASED, why, by=person)
            case "not_charged":
                verbs.mark_not_charged(job, by=person)
            case _:
                messages.info(request, "Nothing was done. Choose one of the three, with the task id or the price.")
    except Stale:
        messages.info(request, "This job has moved on by itself in the meantime. Nothing was done.")
    except OverCap as over:
        other = job.person if job.person != person else None
        said = over_words(over, other, with_sums=access.may(request, job.team, Act.SPENDING))
        messages.info(request, f"{said} Nothing was sent. It can be sent again when the cap is raised.")
    return redirect("jobs.show", pk)


@login_required
@require_POST
def try_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Wakes the worker for a result that cannot be saved, or a task that has none after a day."""
    job = decidable(request, pk)
    if job.state in (State.ARCHIVING, State.RUNNING):
        job.nudge()
        messages.info(request, "Trying now. The page follows by itself.")
    else:
        messages.info(request, "This job has moved on by itself in the meantime. Nothing was done.")
    return redirect("jobs.show", pk)


def _shown(request: HttpRequest, step: Transition) -> Job:
    """The job of a step that `visible_transitions` found; its team and this person's role there need no more asking."""
    job = step.job
    access.show_as(request, job.team, step.role)
    return job
