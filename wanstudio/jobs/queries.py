"""Jobs and timelines that a person may see, and the answers of jobs to what teams and keys ask."""

from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest

from wanstudio.jobs.models.attempt import NOTEWORTHY, Attempt
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED, State
from wanstudio.keys import needs
from wanstudio.money.models import Money
from wanstudio.money.verbs import note_reading
from wanstudio.teams.access import in_my_teams
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.queries import register_figure
from wanstudio.teams.roles import Act

# The provider may have charged these already.
HANDED_OVER = (State.SUBMITTING, State.RUNNING)


def visible_jobs(request: HttpRequest) -> QuerySet[Job]:
    mine = Job.objects.filter(in_my_teams(request, "team__"))
    return mine.select_related("person", "character", "motion", "video", "team")


def visible_transitions(request: HttpRequest) -> QuerySet[Transition]:
    """Timelines with their jobs in one query, for the status poll; `role` is this person's in the job's team.

    `has_earlier`: its page has something to say about earlier attempts.
    """
    mine = Transition.objects.filter(in_my_teams(request, "job__team__"))
    parts = ("person", "character", "motion", "video", "team")
    noteworthy = Attempt.objects.filter(NOTEWORTHY, job=OuterRef("job"))
    besides = {"role": F("job__team__memberships__role"), "has_earlier": Exists(noteworthy)}
    mine = mine.annotate(**besides)
    return mine.select_related("job", *(f"job__{part}" for part in parts))


def _videos_made(team: Team, memberships: list[Membership]) -> dict[int, int]:
    made = Job.objects.filter(team=team, state=State.DONE).order_by().values("person")
    return dict(made.annotate(count=Count("pk")).values_list("person", "count"))


register_figure("videos", Act.VIEW, _videos_made)


class JobNeeds:
    def unfinished(self, provider: str) -> int:
        return Job.objects.unfinished().filter(provider=provider).count()

    def open_tasks(self) -> QuerySet[Attempt]:
        is_open = ~Q(job__state__in=ENDED) | Q(job__money=Money.UNKNOWN) | Q(money=Money.UNKNOWN) | ~Q(due_at=None)
        return Attempt.objects.filter(is_open)

    def note_balance(self, provider: str, balance: Decimal, *, key_changed: bool) -> None:
        note_reading(provider, balance, handed_over=HANDED_OVER, key_changed=key_changed)


needs.register(JobNeeds())
