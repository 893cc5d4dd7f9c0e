"""The verbs of a person, who holds no lease: an order, and decisions about a job in the state that the person saw."""

from dataclasses import dataclass, fields
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs.models import Job, State, Transition
from wanstudio.jobs.verbs import moves
from wanstudio.jobs.verbs.attempts import note_task
from wanstudio.jobs.verbs.moves import Move
from wanstudio.jobs.words import Sentence
from wanstudio.money import verbs as ledger
from wanstudio.money.models import Money
from wanstudio.money.pricing import Quote
from wanstudio.money.verbs import lock_budget, require_room
from wanstudio.teams.models import Team
from wanstudio.uploads.crops import Crop
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import Trim, Whole
from wanstudio.work.leases import Stale
from wanstudio.work.prepared import Prepared


@dataclass(frozen=True)
class JobOrder:
    """Of a job, or a spend request. `nonce`: the form's. `seed`: as sent; `seed_generated`: by us, not chosen."""

    nonce: UUID
    team: Team
    person: User
    provider: str
    character: Source
    motion: Source
    behaviour: str
    quote: Quote
    prompt: str
    seed: int
    seed_generated: bool
    trim: Trim | None = None
    crop: Crop | None = None
    whole: Whole | None = None

    def columns(self) -> dict[str, object]:
        """As the row of either keeps it; of the quote that is the resolution and the price."""
        other = ("quote", "trim", "crop", "whole")
        kept = {part.name: getattr(self, part.name) for part in fields(self) if part.name not in other}
        if self.trim:
            kept |= {"trim_start": self.trim.start, "trim_end": self.trim.end}
        if self.crop:
            kept |= {f"crop_{part.name}": getattr(self.crop, part.name) for part in fields(self.crop)}
        if self.whole:
            start, end = (self.whole.trim.start, self.whole.trim.end) if self.whole.trim else (None, None)
            kept |= {"whole_resolution": self.whole.resolution, "whole_start": start, "whole_end": end}
        return {**kept, "resolution": self.quote.resolution, "price": self.quote.price}


def accept(order: JobOrder, *, beyond_cap: bool = False) -> Job:
    """The job of this form, queued with its price reserved.

    Posting a form twice, or fifty times at once, returns the one job. The same inputs again are a new version,
    under the same title. A crash before the commit leaves nothing; after it, a queued job that is sent as usual.
    `OverCap` if it does not fit under a monthly cap, unless someone has agreed to go `beyond_cap`.
    """
    team, quote = order.team, order.quote
    try:
        with transaction.atomic():
            held = lock_budget(team.pk)
            if made := _MADE.first(order.nonce, team.pk):
                return made
            if not beyond_cap:
                require_room(held, order.person, order.provider, quote.price)
            # While the team is locked: of two first ones at once, one is the first.
            first = Job.objects.same_inputs(order.character, order.motion, order.behaviour).order_by("pk").first()
            job = Job.objects.create(
                **order.columns(),
                title=first.title if first else f"{order.character.name[:98]} · {order.motion.name[:98]}",
                lineage_id=first.lineage_id or first.pk if first else None,
                duration=float(quote.duration),
                billed_seconds=quote.billed_seconds,
                unit_price=quote.unit_price,
                due_at=Now(),
            )
            Transition.objects.create(job=job, to_state=State.QUEUED)
            ledger.write(job, Money.RESERVED, before=None)
            record(team=team, person=order.person, act="job.made", about=job.title, on=job)
            job.wake()
            return job
    except IntegrityError:
        return Job.objects.get(nonce=order.nonce, team=team)


_MADE = Prepared(lambda nonce, team: Job.objects.filter(nonce=nonce, team=team))


def rename(job: Job, title: str, *, by: User) -> None:
    """A title says nothing to the provider, so it can change at any time. Versions under it change with it."""
    root = job.lineage_id or job.pk
    stack = Q(pk=job.pk) | (Q(title=job.title) & (Q(pk=root) | Q(lineage=root)))
    with transaction.atomic():
        Job.objects.filter(stack).update(title=title, version=F("version") + 1)
        if title != job.title:
            record(team=job.team_id, person=by, act="job.renamed", about=f"{job.title} → {title}", on=job)
    job.title = title


def cancel(job: Job, *, by: User | None = None) -> None:
    """queued → cancelled: never sent, nothing charged. `Stale` once it is in the queue."""
    with transaction.atomic():
        changes = {"ended_at": Now()}
        moves.move(job, Move(State.CANCELLED, money=Money.RELEASED, decided_in=State.QUEUED, changes=changes))
        moves.log_act(job, "job.cancelled", by)


def attach(job: Job, task_id: str, *, by: User | None = None) -> None:
    """A task id found in the provider's dashboard. Believed once the worker has confirmed it by statusTask."""
    attempt = moves.newest_attempt(job)
    if job.state != State.UNCERTAIN or attempt is None:
        raise Stale(f"{job} is not uncertain")
    with transaction.atomic():
        moves.log_act(job, "job.attached", by)
        job.nudge()
        note_task(attempt, task_id[:200], by_hand=True)


def send_again(job: Job, *, seen: int, by: User | None = None) -> None:
    """uncertain → queued: a new attempt, which a person has agreed to pay for even if the first was charged.

    The first one's price stays unknown, on its attempt, and the price is reserved once more. Regardless of who presses,
    it counts for the maker of the job, as the usage shows it. So it has to fit under that person's cap once more, and
    the team's; else `OverCap`, before anything is sent. `seen`: the version that the person looked at; `Stale` if the
    job has changed since.
    """
    if seen != job.version:
        raise Stale(f"{job} has changed since it was looked at")
    again = Move(
        State.QUEUED,
        Sentence.SENT_AGAIN.value,
        timedelta(0),
        money=Money.RESERVED,
        money_was=None,
        decided_in=State.UNCERTAIN,
        seen=seen,
        changes={"retries": 0, "problem": "", "ask_person": False, "position": None},
    )
    with transaction.atomic():
        # The team before the job, as everywhere.
        require_room(lock_budget(job.team_id), job.person, job.provider, job.price)
        moves.move(job, again)
        moves.supersede(moves.newest_attempt(job))
        moves.log_act(job, "job.sent_again", by)
    job.wake()


def mark_not_charged(job: Job, *, by: User | None = None) -> None:
    """uncertain → failed: a person says it was not accepted. If its task still turns up, another job follows it."""
    failed = Move(
        State.FAILED,
        Sentence.NOT_CHARGED.value,
        money=Money.RELEASED,
        decided_in=State.UNCERTAIN,
        changes={"failure": "NOT_CHARGED", "ended_at": Now()},
    )
    with transaction.atomic():
        moves.move(job, failed)
        moves.supersede(moves.newest_attempt(job), Money.RELEASED)
        moves.log_act(job, "job.not_charged", by)
