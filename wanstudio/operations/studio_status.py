"""The studio at a glance: figures, and one sentence for each thing that needs somebody."""

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Sum
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED, State
from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.words import pause_advice
from wanstudio.money.models import Entry, Money, cents
from wanstudio.money.queries import NET
from wanstudio.operations.backups import backup, snapshot
from wanstudio.provider import providers
from wanstudio.settings_types import is_writable
from wanstudio.videos.models import Video
from wanstudio.work.models import SILENT_AFTER, Heartbeat

# Due work that a living worker has not taken up by then is stuck.
LATE_AFTER = timedelta(minutes=5)
BACKUP_OLD_AFTER = timedelta(days=7)


@dataclass
class Status:
    """`facts` is plain data, ready for JSON: dollars as text, times in seconds. No `attention`: all is well."""

    facts: dict[str, Any] = field(default_factory=dict)
    attention: list[str] = field(default_factory=list)


def look() -> Status:
    """Reads rows and the disk, calls nobody. While migrations are pending, of the rows only that."""
    status = Status({"address": settings.WANSTUDIO_URL or f"http://{settings.HOST}:{settings.PORT}"})
    status.facts["provider"] = in_force.provider_in_use()
    parts = [_database, _disk, _backup]
    pending = _pending()
    status.facts["pending_migrations"] = pending
    if pending:
        status.attention.append(f"{len(pending)} migrations are pending. Run “make run”; it backs up first.")
    else:
        parts += [_workers, _queue, _key, _unconfirmed, _undecided, _unsaved, _money]
    for part in parts:
        part(status)
    return status


def _pending() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _database(status: Status) -> None:
    status.facts["database"] = {"kind": connection.vendor, "size_bytes": backup.engine().size_bytes()}


def _disk(status: Status) -> None:
    free = shutil.disk_usage(settings.DATA_DIR).free
    status.facts["disk"] = {"free_bytes": free, "keep_free_bytes": settings.MIN_FREE_BYTES}
    if free < settings.MIN_FREE_BYTES:
        status.attention.append(
            f"Only {free / 1e6:,.0f} MB are free in {settings.DATA_DIR}. Nothing is sent until there is room."
        )
    if not is_writable(snapshot.media_root()):
        status.attention.append(f"{snapshot.media_root()} cannot be written: no video can be saved. Check its owner.")


def _backup(status: Status) -> None:
    last = backup.last()
    if last is None:
        status.facts["last_backup"] = None
        return
    age, folder, missing = last
    status.facts["last_backup"] = {"age_s": _seconds(age), "folder": folder, "missing_files": missing}
    if missing:
        status.attention.append(
            f"{missing} files that rows name were gone at the last backup. An earlier one may have them."
        )
    if age > BACKUP_OLD_AFTER:
        status.attention.append(
            f"The last backup is {age.days} days old. Run “manage.py backup {folder.rpartition('/')[0]}”."
        )


def _workers(status: Status) -> None:
    rows = Heartbeat.objects.order_by("-seen_at").annotate(now=Now()).values_list("name", "now", "seen_at")
    ages = {name: now - seen for name, now, seen in rows}
    status.facts["workers"] = [{"name": name, "seen_s_ago": _seconds(age)} for name, age in ages.items()]
    if not any(age < SILENT_AFTER for age in ages.values()):
        status.attention.append(
            "No worker lives: jobs wait, and finished videos are not saved. Start it with “make run”."
        )


def _queue(status: Status) -> None:
    counts = Job.objects.values_list("state").annotate(Count("pk"))
    status.facts["jobs"] = dict.fromkeys(State.values, 0) | dict(counts)
    late = Job.objects.exclude(state__in=ENDED).filter(due_at__lt=Now()).order_by("due_at").first()
    waits = timezone.now() - late.due_at if late and late.due_at else timedelta(0)
    status.facts["oldest_due"] = {"job": late.pk, "due_s_ago": _seconds(waits)} if late else None
    if late and waits > LATE_AFTER and Heartbeat.alive():
        status.attention.append(f"Job {late.pk} has been due for {_words(waits)}, and no worker took it. Read the log.")


def _key(status: Status) -> None:
    provider = in_force.provider_in_use()
    key, opens = ProviderKey.objects.filter(provider=provider).first(), ProviderKey.opens_at(provider)
    current = in_force.key_at(in_force.PROVIDER)
    status.facts["key"] = {
        "set": bool(current.secret),
        "from": ("environment" if in_force.is_from_environment() else "page") if current.secret else None,
        "pause": key.pause if key else "",
        "stopped": bool(key and key.stopped_at),
        "opens_in_s": _seconds(opens - timezone.now()) if opens else 0,
        "balance": str(key.balance) if key and key.balance is not None else None,
        "balance_s_ago": _seconds(timezone.now() - key.balance_at) if key and key.balance_at else None,
        "problem": key.problem if key else "",
    }
    if current.unreadable:
        status.attention.append(
            f"The stored {in_force.MAIN.key_name} cannot be read with this encryption key. Enter it in Settings again."
        )
    if key and key.pause:
        status.attention.append(pause_advice(provider, key.pause))
    elif key and key.problem and provider != in_force.SANDBOX:
        status.attention.append(f"The balance could not be read: {key.problem}")
    if key and key.stopped_at:
        why = key.stopped_why or "All sending is stopped. Jobs wait until it is started again in Settings."
        status.attention.append(why)


def _unconfirmed(status: Status) -> None:
    rows = list(Job.objects.filter(state=State.UNCERTAIN).order_by("pk"))
    status.facts["unconfirmed"] = [
        {"job": job.pk, "title": job.title, "price": str(job.price), "asks": job.ask_person} for job in rows
    ]
    asking = [job for job in rows if job.ask_person]
    if asking:
        total = sum((job.price for job in asking if job.is_billed), Decimal(0))
        ids = ", ".join(str(job.pk) for job in asking[:10])
        status.attention.append(
            f"{len(asking)} unconfirmed, ${total:.2f} may have been charged. Decide on the pages of the jobs: {ids}."
        )


def _undecided(status: Status) -> None:
    """What may have been charged besides: tries that were sent again by hand, and tasks that nobody knows any more."""
    tries = Attempt.objects.filter(money=Money.UNKNOWN).exclude(provider="sandbox").select_related("job")
    lost = Job.objects.filter(state=State.FAILED, money=Money.UNKNOWN).exclude(provider="sandbox")
    found = [(attempt.job_id, attempt.price) for attempt in tries] + [(job.pk, job.price) for job in lost]
    status.facts["undecided"] = [{"job": pk, "price": str(price)} for pk, price in sorted(found)]
    if found:
        total = sum((price for _, price in found), Decimal(0))
        ids = ", ".join(str(pk) for pk in sorted({pk for pk, _ in found})[:10])
        status.attention.append(
            f"${total:.2f} may have been charged for earlier tries and lost tasks. Decide on the pages of the jobs: "
            f"{ids}."
        )


def _unsaved(status: Status) -> None:
    rows = Job.objects.filter(state=State.ARCHIVING, setbacks__gt=0).order_by("result_at")
    status.facts["unsaved"] = []
    for job in rows:
        left = (job.expires_at - timezone.now()) if job.expires_at else timedelta(0)
        hours = round(left.total_seconds() / 3600, 1)
        status.facts["unsaved"].append({"job": job.pk, "price": str(job.price), "hours_left": hours})
        status.attention.append(
            f"Job {job.pk} is paid for (${job.price}) and cannot be saved; "
            f"{providers.get(job.provider).display_name} deletes it in {hours} h. {job.problem}"
        )


def _money(status: Status) -> None:
    """What stands in the ledger, in dollars, and what it has released; the sandbox bills nothing."""
    entries = Entry.objects.billed()
    given_back = entries.filter(kind__in=(Money.RELEASED, Money.ASSUMED)).order_by().values_list("kind")
    sums = {kind: -cents(net) for kind, net in given_back.annotate(net=Sum(NET))} | entries.balance()._asdict()
    status.facts["money"] = {kind: f"{sums.get(kind, Decimal(0)):.2f}" for kind in Money.values}
    status.facts["videos"] = Video.objects.count()


def _seconds(span: timedelta) -> int:
    return max(int(span.total_seconds()), 0)


def _words(span: timedelta) -> str:
    """`40 s`, `12 min`, `5 h`, `3 days`."""
    seconds = _seconds(span)
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
