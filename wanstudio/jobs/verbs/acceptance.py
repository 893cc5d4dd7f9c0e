"""The acceptance of a job: from an order to a queued row with its price reserved."""

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from wanstudio.activity.verbs import record
from wanstudio.jobs.job_order import JobOrder
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money import verbs as ledger
from wanstudio.money.models import Money
from wanstudio.money.verbs import lock_budget, require_room
from wanstudio.uploads.models import Source


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
            if made := Job.objects.filter(nonce=order.nonce, team=team).first():
                return made
            if not beyond_cap:
                require_room(held, order.person, order.provider, quote.price)
            # While the team is locked: of two first ones at once, one is the first.
            first = Job.objects.same_inputs(order.character, order.motion, order.behaviour).order_by("pk").first()
            job = Job.objects.create(
                **order.columns(),
                title=first.title if first else _title(order.character),
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


def _title(character: Source) -> str:
    return character.name.rsplit(".", 1)[0].replace("-", " ").replace("_", " ").strip().capitalize() or "Untitled"
