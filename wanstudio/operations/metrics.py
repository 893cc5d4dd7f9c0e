"""Metrics for Prometheus: figures from the database and the disk, read again at each request.

So any web process, on any machine, answers for the whole studio, and nothing is counted in memory. Each query reads an
index, or the few rows that are unfinished: a million finished jobs cost nothing. No label names a job, person or team.
"""

import ipaddress
import shutil
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min, QuerySet, Sum
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from wanstudio.jobs.models import Job, State
from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import EVER, KeptSum, Money, dollars
from wanstudio.operations.backups import backup
from wanstudio.provider import providers
from wanstudio.uploads.models import PartialUpload
from wanstudio.work import outages
from wanstudio.work.models import SILENT_AFTER, Heartbeat

# Done jobs are counted by the kept sums; the others by the index of provider and state.
COUNTED = [state for state in State.values if state != State.DONE]
NAMES = tuple(provider.name for provider in (*providers.BILLED, providers.STAND_IN))
NOT_LISTED = "This address is not in WANSTUDIO_METRICS_ADDRESSES.\n"
HIDDEN = "The proxy in between is not in WANSTUDIO_TRUSTED_PROXIES, or does not say who asks.\n"
UNKNOWN = "Send WANSTUDIO_METRICS_TOKEN as a Bearer token.\n"


def show(request: HttpRequest) -> HttpResponse:
    """The figures, for requests with the token and from the addresses, as far as these are set."""
    if settings.METRICS_ADDRESSES:
        # Without this, a proxy on the same machine would lend its address to everyone.
        is_hidden = request.META["wanstudio.hidden"]
        if is_hidden or not _is_listed(request.META.get("REMOTE_ADDR", "")):
            return HttpResponse(HIDDEN if is_hidden else NOT_LISTED, status=403, content_type="text/plain")
    given = request.headers.get("Authorization", "")
    if settings.METRICS_TOKEN and not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        refused = HttpResponse(UNKNOWN, status=401, content_type="text/plain")
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Studio())
    return HttpResponse(encode(registry), content_type=content_type)


def _is_listed(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in settings.METRICS_ADDRESSES)


class Studio(Collector):
    """While the database is away, only figures without it are left, and `wanstudio_up` is 0."""

    def collect(self) -> Iterator[Metric]:
        running: Figures = {(settings.VERSION, connection.vendor): 1.0}
        yield _by(GaugeMetricFamily, "info", "What runs.", ("version", "database"), running)
        yield from _disk()
        parts = {"database": outages.DATABASE, "disk": outages.DISK, "broker": outages.BROKER}
        away: Figures = {(part,): float(outage.is_open) for part, outage in parts.items()}
        yield _by(GaugeMetricFamily, "outage", "1: this web process cannot use it now.", ("part",), away)
        try:
            rows = [*_jobs(), *_ages(), *_keys(), *_arrivals()]
        except DatabaseError:
            rows = []
        yield _one("up", "1: the database answered all questions.", bool(rows))
        yield from rows


Figures = dict[tuple[str, ...], float]


def _by(
    family: type[GaugeMetricFamily | CounterMetricFamily], name: str, about: str, labels: tuple[str, ...], of: Figures
) -> Metric:
    metric = family(f"wanstudio_{name}", about, labels=labels)
    for label, figure in of.items():
        metric.add_metric(label, figure)
    return metric


def _one(name: str, about: str, figure: float) -> Metric:
    return GaugeMetricFamily(f"wanstudio_{name}", about, value=figure)


def _disk() -> Iterator[Metric]:
    try:
        usage = shutil.disk_usage(settings.DATA_DIR)
    except OSError:
        return
    yield _one("disk_free_bytes", "Free on the disk of the data folder.", usage.free)
    yield _one("disk_size_bytes", "Size of the disk of the data folder.", usage.total)
    yield _one("disk_keep_free_bytes", "With less free than this, nothing is sent.", settings.MIN_FREE_BYTES)
    if last := backup.last():
        yield _one("backup_age_seconds", "Time since the last backup; absent without one.", last[0].total_seconds())


def state_counts() -> QuerySet[Job, tuple[str, str, int]]:
    rows = Job.objects.filter(provider__in=NAMES, state__in=COUNTED)
    return rows.order_by().values_list("provider", "state").annotate(Count("pk"))


def sums() -> QuerySet[KeptSum, dict[str, int | str | None]]:
    columns = ("videos", *Money.values)
    rows = KeptSum.objects.filter(size=EVER, provider__in=NAMES).order_by().values("provider")
    return rows.annotate(**{f"all_{column}": Sum(column) for column in columns})  # type: ignore[return-value]


def _jobs() -> Iterator[Metric]:
    kept = {str(row["provider"]): row for row in sums()}
    counts: Figures = {(name, state): 0 for name in {*kept, in_force.provider_in_use()} for state in State.values}
    counts |= {(provider, state): count for provider, state, count in state_counts()}
    counts |= {(provider, State.DONE): int(row["all_videos"] or 0) for provider, row in kept.items()}
    yield _by(GaugeMetricFamily, "jobs", "Jobs by state.", ("provider", "state"), counts)
    alerted = Job.objects.filter(alerted_at__isnull=False).count()
    yield _one("jobs_alerted", "Jobs with a problem that their owner was notified of.", alerted)
    money: Figures = {
        (provider, kind): float(dollars(int(row[f"all_{kind}"] or 0)))
        for provider, row in kept.items()
        for kind in Money.values
    }
    about = "The ledger by kind; what the sandbox costs is play money."
    yield _by(GaugeMetricFamily, "money_dollars", about, ("provider", "kind"), money)


def oldest_queued() -> QuerySet[Job, tuple[datetime]]:
    """The job that was made first of those that are queued: the lowest id in the index of provider and state."""
    queued = Job.objects.filter(provider__in=NAMES, state=State.QUEUED).order_by().values("state")
    first = queued.annotate(first=Min("pk")).values("first")
    return Job.objects.filter(pk__in=first).values_list("created_at")


def oldest_due() -> QuerySet[Job, tuple[datetime | None]]:
    return Job.objects.filter(due_at__lt=Now()).order_by("due_at").values_list("due_at")[:1]


def _ages() -> Iterator[Metric]:
    queued, due = ([one for (one,) in rows if one] for rows in (oldest_queued(), oldest_due()))
    yield _one("queue_age_seconds", "How long the oldest queued job has waited.", _age(queued))
    yield _one("worker_lag_seconds", "For how long the job that is due longest has been due.", _age(due))
    beats = Heartbeat.objects.annotate(now=Now()).values_list("now", "seen_at")
    ages = [now - seen for now, seen in beats]
    yield _one("workers", "Workers that were seen lately.", sum(age < SILENT_AFTER for age in ages))
    if ages:
        newest = max(min(ages).total_seconds(), 0)
        yield _one("worker_heartbeat_age_seconds", "Time since any worker was seen.", newest)


def _age(moments: list[datetime]) -> float:
    return max((timezone.now() - min(moments)).total_seconds(), 0) if moments else 0


TOTALS = {
    "provider_calls": ("calls_total", "Calls to the provider; not counted in the sandbox."),
    "provider_submissions": ("submissions_total", "Of the calls, submissions of jobs."),
    "provider_rate_limited": ("refused_total", "Answers of 429 by the provider."),
}


def _keys() -> Iterator[Metric]:
    rows = {row.provider: row for row in ProviderKey.objects.filter(provider__in=NAMES)}
    for name, (column, about) in TOTALS.items():
        totals: Figures = {(one,): getattr(row, column) for one, row in rows.items()}
        yield _by(CounterMetricFamily, name, about, ("provider",), totals)
    blocked: Figures = {}
    for one, row in rows.items():
        blocked[one, "stopped"], blocked[one, "paused"] = bool(row.stopped_at), bool(row.pause)
        blocked[one, "rate_limited"] = bool(row.paused_until and row.paused_until > timezone.now())
    about = "1: nothing is sent, for this reason."
    yield _by(GaugeMetricFamily, "provider_blocked", about, ("provider", "reason"), blocked)
    read = {(one,): row for one, row in rows.items() if row.balance is not None}
    balances: Figures = {label: float(row.balance or 0) for label, row in read.items()}
    yield _by(GaugeMetricFamily, "provider_balance_dollars", "The balance, as last read.", ("provider",), balances)
    ages: Figures = {label: _age([row.balance_at]) for label, row in read.items() if row.balance_at}
    yield _by(GaugeMetricFamily, "provider_balance_age_seconds", "Since it was read.", ("provider",), ages)


def _arrivals() -> Iterator[Metric]:
    arriving = PartialUpload.objects.filter(source=None, refusal="").aggregate(Count("pk"), Sum("size_bytes"))
    yield _one("uploads_pending", "Files that arrive in pieces now.", arriving["pk__count"])
    yield _one("uploads_pending_bytes", "Their size when they are whole.", arriving["size_bytes__sum"] or 0)
