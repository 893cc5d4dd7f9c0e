"""Status of the studio: figures, and one sentence for each thing that needs attention."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.db.models.functions import Now
from django.template.defaultfilters import filesizeformat, pluralize
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.timesince import timesince

from wanstudio.data_files import is_writable
from wanstudio.jobs.models import ENDED, Attempt, Job, State
from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.words import UNREADABLE, pause_advice
from wanstudio.money import kept_sums
from wanstudio.money.models import BILLED, EVER, KeptSum, Money, dollars
from wanstudio.operations import startup
from wanstudio.operations.backups import backup, snapshot, versions
from wanstudio.provider import providers
from wanstudio.uploads.bridge.bucket_check import last_look, media_problem
from wanstudio.uploads.bridge.copies import BucketCopy
from wanstudio.videos.models import Video
from wanstudio.web.addresses import mail_problem
from wanstudio.work.models import SILENT_AFTER, Heartbeat


@dataclass
class Status:
    """`facts` are ready for JSON: dollars as text, times in s; `lines`: title and text. No `attention`: all is well."""

    facts: dict[str, object] = field(default_factory=dict)
    lines: list[tuple[str, str]] = field(default_factory=list)
    attention: list[str] = field(default_factory=list)

    def show(self, title: str, text: object) -> None:
        self.lines.append((title, str(text)))

    def warn(self, sentence: str) -> None:
        self.attention.append(sentence)


def look() -> Status:
    """Reads rows and the disk, calls no one. While migrations are pending, of the rows only that."""
    address, provider, pending = settings.ADDRESS, in_force.provider_in_use(), versions.pending()
    status = Status(
        {"version": settings.VERSION, "address": address, "provider": provider, "pending_migrations": pending}
    )
    status.show("Version", settings.VERSION)
    status.show("Address", address)
    status.show("Provider", provider)
    if refused := startup.problem():
        status.warn(refused)
    if pending:
        status.warn(f"{len(pending)} migrations are pending. Stop the studio and run “make run”; it backs up first.")
    rows = [_workers, _queue, _bucket, _key, _money, _unconfirmed, _undecided, _unsaved]
    if problem := mail_problem():
        status.warn(problem)
    for part in (_storage, *([] if pending or versions.newer() else rows), _backup):
        part(status)
    return status


def _storage(status: Status) -> None:
    size_bytes = backup.engine().size_bytes()
    status.facts["database"] = {"kind": connection.vendor, "size_bytes": size_bytes}
    status.show("Database", f"{connection.vendor}, {filesizeformat(size_bytes)}")
    free, kept = shutil.disk_usage(settings.DATA_DIR).free, settings.MIN_FREE_BYTES
    status.facts["disk"] = {"free_bytes": free, "keep_free_bytes": kept}
    status.show("Disk", f"{filesizeformat(free)} free, {filesizeformat(kept)} kept")
    if free < kept:
        status.warn(
            f"Only {filesizeformat(free)} free in {settings.DATA_DIR}. Nothing is sent until there is enough space."
        )
    elif not is_writable(snapshot.media_root()):
        status.warn(f"{snapshot.media_root()} cannot be written: no video can be saved. Check its owner and its mount.")
    if exposed := startup.open_to_others():
        status.warn(
            f"Other accounts of this machine have access to {get_text_list(exposed[:3], 'and')}. "
            f"Run “chmod -R go-rwx {settings.DATA_DIR}”."
        )
    for sentence in settings.UNKNOWN_NAMES:
        status.warn(sentence)


def _bucket(status: Status) -> None:
    """As the worker last found it."""
    if problem := media_problem():
        status.warn(problem)
    if not settings.BUCKET:
        return
    last, where = last_look(), f"{settings.BUCKET.name} at {settings.BUCKET.origin}"
    age = _seconds(timezone.now() - last.checked_at) if last.checked_at else None
    copies = BucketCopy.objects.count()
    status.facts["bucket"] = {"checked_s_ago": age, "problem": last.problem, "objects": copies}
    checked = "not checked yet" if last.checked_at is None else "does not work" if last.problem else "works"
    status.show("Bucket", f"{where}, {checked}, {copies} file{pluralize(copies)} there")
    if last.problem:
        status.warn(f"Uploads cannot be sent. {last.problem}")


def _backup(status: Status) -> None:
    status.facts["last_backup"] = None
    if (last := backup.last()) is None:
        status.show("Last backup", "never")
        status.warn("The studio was never backed up. Run “manage.py backup DIR”, preferably with DIR on another disk.")
        return
    age, folder, missing = last
    status.facts["last_backup"] = {"age_s": _seconds(age), "folder": folder, "missing_files": missing}
    status.show("Last backup", f"{_seconds(age) // 3600} h ago, {folder}")
    if missing:
        status.warn(f"{missing} files were missing at the last backup. Look for them in an earlier backup.")
    if age > timedelta(days=7):
        status.warn(f"The last backup is {age.days} days old. Run “manage.py backup {folder.rpartition('/')[0]}”.")


def _workers(status: Status) -> None:
    rows = Heartbeat.objects.order_by("-seen_at").annotate(now=Now()).values_list("name", "now", "seen_at")
    ages = {name: now - seen for name, now, seen in rows}
    status.facts["workers"] = [{"name": name, "seen_s_ago": _seconds(age)} for name, age in ages.items()]
    living = sum(age < SILENT_AFTER for age in ages.values())
    last = f", last seen {_span(min(ages.values()))} ago" if ages else ""
    status.show("Workers", f"{living or 'no'} worker{pluralize(living)}{last}")
    if not living:
        status.warn("No worker is running: jobs wait, and finished videos are not saved. Start it with “make run”.")


def _queue(status: Status) -> None:
    counts = dict.fromkeys(State.values, 0) | dict(Job.objects.values_list("state").annotate(Count("pk")))
    status.facts["jobs"] = counts
    status.show("Jobs", ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none yet")
    status.facts["oldest_due"] = None
    late = Job.objects.exclude(state__in=ENDED).filter(due_at__lt=Now()).order_by("due_at").first()
    if late is None or late.due_at is None:
        return
    overdue = timezone.now() - late.due_at
    status.facts["oldest_due"] = {"job": late.pk, "due_s_ago": _seconds(overdue)}
    status.show("Oldest due", f"job {late.pk}, {_span(overdue)} ago")
    # Work that is due for longer although a worker is alive is stuck.
    if overdue > timedelta(minutes=5) and Heartbeat.alive():
        since = timesince(late.due_at, depth=1)
        status.warn(f"Job {late.pk} has been due for {since}, and no worker took it. Read the log.")


def _key(status: Status) -> None:
    provider = in_force.provider_in_use()
    key = ProviderKey.peek(provider)
    opens, current = ProviderKey.opens_at(provider), in_force.key_at(in_force.PROVIDER)
    opens_in_s = _seconds(opens - timezone.now()) if opens else 0
    balance = None if key.balance is None else str(key.balance)
    balance_s_ago = _seconds(timezone.now() - key.balance_at) if key.balance_at else None
    status.facts["key"] = {
        "set": bool(current.secret),
        "from": ("environment" if in_force.is_from_environment() else "page") if current.secret else None,
        "pause": key.pause,
        "stopped": bool(key.stopped_at),
        "opens_in_s": opens_in_s,
        "balance": balance,
        "balance_s_ago": balance_s_ago,
        "problem": key.problem,
    }
    read = "not known" if key.balance_at is None else f"${balance}, {_span(timezone.now() - key.balance_at)} ago"
    slowed = f"; no calls for {opens_in_s} s" if opens_in_s else ""
    blocked = "; sending is stopped" if key.stopped_at else f"; paused: {key.pause}" if key.pause else ""
    status.show("Balance", read + slowed + blocked)
    if current.unreadable:
        status.warn(providers.named(f"{UNREADABLE} Enter it in Settings again.", in_force.PROVIDER))
    if key.pause:
        status.warn(pause_advice(provider, key.pause))
    elif key.problem and provider != in_force.SANDBOX:
        status.warn(f"The balance could not be read: {key.problem}")
    if key.stopped_at:
        status.warn(key.stopped_why or "All sending is stopped. Jobs wait until it is started again in Settings.")


def _money(status: Status) -> None:
    """What is in the ledger, in dollars, and what it has released; the sandbox bills nothing."""
    sums = KeptSum.objects.filter(BILLED, size=EVER).aggregate(**{kind: Sum(kind) for kind in Money.values})
    totals = {kind: f"{dollars(sums[kind]):.2f}" for kind in Money.values}
    status.facts["money"] = totals
    status.show("Money", ", ".join(f"${total} {kind}" for kind, total in totals.items()))
    status.facts["videos"] = Video.objects.count()
    if not kept_sums.agree():
        status.warn("The sums on the usage page differ from the ledger. Run “manage.py recount”: it recalculates them.")


def _unconfirmed(status: Status) -> None:
    rows = list(Job.objects.filter(state=State.UNCERTAIN).order_by("pk"))
    status.facts["unconfirmed"] = [
        {"job": job.pk, "title": job.title, "price": str(job.price), "asks": job.ask_person} for job in rows
    ]
    for job in rows:
        status.show("Unconfirmed", f"job {job.pk}, ${job.price}, {job.title}")
    if asking := [job for job in rows if job.ask_person]:
        total = sum((job.price for job in asking if job.is_billed), Decimal(0))
        status.warn(
            f"{len(asking)} unconfirmed, ${total:.2f} might have been charged. {_decide(job.pk for job in asking)}"
        )


def _undecided(status: Status) -> None:
    """Other amounts that might have been charged: of attempts sent again by hand, and of lost tasks."""
    tries = Attempt.objects.filter(money=Money.UNKNOWN).exclude(provider=in_force.SANDBOX)
    lost = Job.objects.filter(state=State.FAILED, money=Money.UNKNOWN).exclude(provider=in_force.SANDBOX)
    found = sorted([*tries.values_list("job_id", "job__price"), *lost.values_list("pk", "price")])
    status.facts["undecided"] = [{"job": pk, "price": str(price)} for pk, price in found]
    for pk, price in found:
        status.show("Undecided", f"job {pk}, ${price}")
    if found:
        total, decide = sum((price for _, price in found), Decimal(0)), _decide(pk for pk, _ in found)
        status.warn(f"${total:.2f} might have been charged for earlier attempts and lost tasks. {decide}")


def _decide(ids: Iterable[int]) -> str:
    return f"Decide on the pages of the jobs: {', '.join(str(pk) for pk in sorted({*ids})[:10])}."


def _unsaved(status: Status) -> None:
    found: list[dict[str, object]] = []
    for job in Job.objects.filter(state=State.ARCHIVING, setbacks__gt=0).order_by("result_at"):
        left = (job.expires_at - timezone.now()) if job.expires_at else timedelta(0)
        hours = round(left.total_seconds() / 3600, 1)
        found.append({"job": job.pk, "price": str(job.price), "hours_left": hours})
        status.show("Not saved", f"job {job.pk}, ${job.price}, {hours} h left")
        status.warn(
            f"Job {job.pk} was charged (${job.price}) and cannot be saved; "
            f"{providers.get(job.provider).display_name} deletes it in {hours} h. {job.problem}"
        )
    status.facts["unsaved"] = found


def _span(span: timedelta) -> str:
    """`2 s`, `3 minutes`, `5 hours`."""
    return f"{_seconds(span)} s" if span < timedelta(minutes=2) else timesince(timezone.now() - span, depth=1)


def _seconds(span: timedelta) -> int:
    return max(int(span.total_seconds()), 0)
