"""The status poll, which keeps pages true: one request for all jobs of a page and for its bell, and an end."""

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wanstudio.jobs.followed import Watch, look
from wanstudio.jobs.queries import visible_timelines
from wanstudio.jobs.views.job_pages import MAX_POLLED, Card, card, poll_context, show_team_of
from wanstudio.notifications.queries import bell_context
from wanstudio.teams import access

FRAGMENTS = {"job": "jobs/_job.html", "rows": "jobs/_row.html", "dock": "jobs/_dock_job.html"}
# A page that asks a second too early or too late is left alone.
NEAR = 1


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """What changed of the jobs a page shows, one request for all of them; 204 when nothing did.

    `seen` is `id:version,…` as the page knows it, `as` the fragment it wants, `shown` the ids that stand on it where
    the others are only counted, `worker` 1 if it shows one as living, `bell` count and newest that it shows, `every`
    the seconds from one poll to the next.
    At most 2 queries when nothing is new: session, and who asks with all that they watch. The third reads what changed.
    """
    seen, kind = _seen(request.GET.get("seen", "")), request.GET.get("as", "rows")
    if kind not in FRAGMENTS:
        raise Http404("no such fragment")
    watch = look(request, [*seen])
    if watch is None:
        return redirect_to_login(request.get_full_path())
    changed = [job.pk for job in watch.jobs if job.version != seen[job.pk]]
    context = _besides(request, watch)
    if not changed and not context and len(watch.jobs) == len(seen):
        return HttpResponse(status=204)
    shown = request.GET.get("shown", "") if _seen(request.GET.get("shown", "")) else ""
    cards = _cards(request, [pk for pk in changed if not shown or str(pk) in shown.split(",")])
    first = cards[0].job if cards else None
    context |= {"worker_missing": not watch.worker_lives, "bell": watch.bell} | context
    context |= {"template": FRAGMENTS[kind], "changed": cards, "poll_shown": shown}
    return render(request, "jobs/_status.html", context | poll_context(kind, watch.jobs, watch.every, first))


def _besides(request: HttpRequest, watch: Watch) -> dict[str, object]:
    """What else the page has to show again: that the worker is back or gone, the bell, or when it asks next."""
    asked, context = request.GET, dict[str, object]()
    if watch.jobs and asked.get("worker") in ("0", "1") and watch.worker_lives != (asked["worker"] == "1"):
        context["worker_changed"] = True
    if (bell := asked.get("bell")) and bell != "{}-{}".format(*watch.bell):
        context |= {"bell_changed": True} | bell_context(request, watch.bell, bell)
    every = access.number(asked.get("every"))
    if watch.jobs and every is not None and abs(every - watch.every) > NEAR:
        context["interval_changed"] = True
    return context


def _cards(request: HttpRequest, pks: list[int]) -> list[Card]:
    found = visible_timelines(request, pks) if pks else {}
    for past in found.values():
        show_team_of(request, past)
        break
    return [card(job, past) for job, past in found.items()]


def _seen(text: str) -> dict[int, int]:
    pairs = [pair.partition(":") for pair in text.split(",")[:MAX_POLLED]]
    good = [(pk, version) for pk, _, version in pairs if (pk + version).isdecimal() and max(len(pk), len(version)) < 19]
    return {int(pk): int(version or 0) for pk, version in good if pk}
