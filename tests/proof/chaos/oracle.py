"""The final check, when all jobs have ended: the provider's books against the studio's rows.

Every complaint is one sentence; the books and the studio know each other by the marker alone.
"""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from django.db.models import Count, Q, Sum
from django.db.models.functions import Now

from tests.ledger_check import disagreements
from tests.proof.chaos.cases import Case
from tests.proof.chaos.crew import wait_until
from tests.proof.chaos.ledger import Ledger, Post
from tests.proof.chaos.outcomes import COUNTED, MOST_FAILURES
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED, State
from wanstudio.media.errors import FetchError, MediaError, MediaProblem
from wanstudio.media.isolated import verify_video
from wanstudio.money.models import NOTHING, Entry, Money, cents
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video

DECODED_WITHIN_S = 180.0


class Sums(NamedTuple):
    """Dollars. `billed` by the provider; ours `settled`, and `unknown` where the provider has billed a task."""

    billed: Decimal
    settled: Decimal
    unknown: Decimal

    @property
    def agree(self) -> bool:
        return self.billed == self.settled + self.unknown


def posts_beyond(books: Ledger) -> list[str]:
    """POSTs that the table does not allow: after an end or an open question, or a fifth after four failures."""
    found: list[str] = []
    for marker, posts in books.posts.items():
        for before, after in pairwise(posts):
            if before.is_final and after.again == before.again:
                found.append(f"{marker}: POST again after {before.variant.name}{' (killed)' * before.died}")
        for pressed in {post.again for post in posts}:
            failures = [post for post in posts if post.again == pressed and _failed(post)]
            if len(failures) > MOST_FAILURES:
                found.append(f"{marker}: {len(failures)} failed POSTs where {MOST_FAILURES} are allowed")
    return found


def _failed(post: Post) -> bool:
    return post.variant.kind in COUNTED and post.answered


def unattached(books: Ledger) -> list[str]:
    """Tasks that the provider has, and that are neither followed by a job nor listed as unconfirmed.

    One that failed, and was of an attempt that its job went on without, stays with the attempt: it cost nothing.
    """
    held = set(Job.objects.exclude(task_id="").values_list("task_id", flat=True))
    ended = set(Attempt.objects.filter(money=Money.ASSUMED).values_list("task_id", flat=True))
    held |= {task_id for task_id in ended if task_id and books.tasks[task_id].fails}
    listed = unconfirmed()
    return [
        f"{task.marker}: task {task.task_id} is nobody's"
        for task in list(books.tasks.values())
        if task.task_id not in held and task.marker not in listed
    ]


def unconfirmed() -> set[str]:
    """Markers of what a person is shown as unconfirmed: a job, or an attempt that its job went on without."""
    jobs = Job.objects.filter(state=State.UNCERTAIN, money=Money.UNKNOWN).values_list("prompt", flat=True)
    attempts = Attempt.objects.filter(money=Money.UNKNOWN).values_list("job__prompt", flat=True)
    return {*jobs, *attempts}


def stuck() -> list[str]:
    """Jobs that have neither ended nor asked a person, or have been called about since.

    Who was killed right after asking left a lease that nobody needs: it runs out, and its token stays.
    """
    in_nobodys_hand = Q(lease_until=None) | Q(lease_until__lte=Now())
    asking = Q(in_nobodys_hand, state=State.UNCERTAIN, ask_person=True, nudged_at=None)
    moving = Job.objects.exclude(state__in=ENDED).exclude(pk__in=Job.objects.filter(asking))
    return [
        f"{job.prompt}: {job.state}, asks {job.ask_person}, due {job.due_at}, nudged {job.nudged_at}, "
        f"leased until {job.lease_until}, {job.problem}"
        for job in moving
    ]


def called() -> bool:
    """Whether an attempt that its job went on without was called about: the worker makes another job of it."""
    return Attempt.objects.exclude(nudged_at=None, due_at=None).exists()


def half_written(books: Ledger, played: set[int], *, anew: bool = True) -> list[str]:
    """Videos that are Ready and not exactly what was served, whole and playable; uploads whose file is gone.

    `played`: videos that were decoded before; the same bytes are not decoded again. `anew`: yet all are hashed again.
    """
    found = list(_unready())
    videos = Video.objects.select_related("job")
    for video in videos if anew else videos.exclude(pk__in=played):
        path = Path(video.file.path)
        served = books.tasks[video.job.task_id].hashes[video.position]
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != served or video.sha256 != served:
            found.append(f"{video}: not what was served")
        elif not Path(video.poster.path).exists():
            found.append(f"{video}: no poster")
        elif video.pk not in played:
            assert wait_until(partial(_plays, path), DECODED_WITHIN_S, 1), f"{video} cannot be decoded"
            played.add(video.pk)
    return found + [f"{source}: upload is lost" for source in Source.objects.exclude(file="") if _is_lost(source)]


def _plays(path: Path) -> bool:
    """False while the machine is too busy to tell. Raises what is wrong with it."""
    try:
        verify_video(path)
    except FetchError:
        return False
    except MediaError as wrong:
        if wrong.code != MediaProblem.TOO_COSTLY:
            raise
        return False
    return True


def _is_lost(source: Source) -> bool:
    if Path(source.file.path).exists():
        return False
    # The worker can have cleaned it meanwhile, and taken the old file away.
    source.refresh_from_db()
    return not Path(source.file.path).exists()


def _unready() -> Iterator[str]:
    done = Job.objects.filter(state=State.DONE).annotate(count=Count("videos"))
    for marker, urls, count, main in done.values_list("prompt", "result_urls", "count", "video"):
        if count != len(urls) or main is None:
            yield f"{marker}: Ready with {count} of {len(urls)} videos"


def wrong_ends(books: Ledger, cases: list[Case]) -> list[str]:
    """Jobs whose end is not what the provider did to them."""
    found: list[str] = []
    listed = unconfirmed()
    for case in cases:
        jobs = list(Job.objects.filter(prompt=case.marker, recovered_from=None))
        if len(jobs) != 1:
            found.append(f"{case.marker}: one click made {len(jobs)} jobs")
        for job in Job.objects.filter(prompt=case.marker):
            found += [f"{case.marker}: {wrong}" for wrong in _wrong_end(job, books, listed)]
    return found


def _wrong_end(job: Job, books: Ledger, listed: set[str]) -> Iterator[str]:
    task = books.tasks.get(job.task_id)
    expected = {
        State.DONE: Money.SETTLED,
        State.UNCERTAIN: Money.UNKNOWN,
        State.FAILED: Money.ASSUMED if task else Money.RELEASED,
    }
    if job.money != expected.get(State(job.state)):
        yield f"{job.state} with its money {job.money}"
    if job.state == State.DONE and (task is None or task.fails or (task.marker, task.price) != (job.prompt, job.price)):
        yield f"Ready at {job.price}, the provider has {task}"
    if job.state == State.FAILED and task and not task.fails:
        yield "failed, but the provider has made and billed it"
    if job.state == State.UNCERTAIN and not any(post.is_final for post in books.posts.get(job.prompt, [])):
        # Killed before a POST of it was whole: the studio cannot know that.
        why = job.transitions.filter(to_state=State.UNCERTAIN).values_list("why", flat=True).last()
        if why != "The worker stopped while sending":
            yield f"unconfirmed without a reason: {why}"


def sums(books: Ledger) -> Sums:
    """Of everything so far, from the provider's books and from the rows of the jobs."""
    billed = [task for task in list(books.tasks.values()) if not task.fails]
    settled = Job.objects.filter(provider="apixo", money=Money.SETTLED)
    held, listed = set(settled.values_list("task_id", flat=True)), unconfirmed()
    loose = [task for task in billed if task.task_id not in held and task.marker in listed]
    return Sums(
        sum((task.price for task in billed), NOTHING),
        sum(settled.values_list("price", flat=True), NOTHING),
        sum((task.price for task in loose), NOTHING),
    )


def wrong_money(books: Ledger) -> list[str]:
    """Sums that do not agree to the cent: the provider's, the rows', and the studio's own ledger."""
    found = [f"the ledger disagrees: {wrong}" for wrong in disagreements()]
    total, ledger = sums(books), Entry.objects.filter(provider="apixo").aggregate(Sum("settled"))["settled__sum"]
    if not total.agree:
        found.append(f"the sums differ: {total}")
    if cents(ledger) != total.settled:
        found.append(f"the ledger settled {ledger}, the jobs {total.settled}")
    return found
