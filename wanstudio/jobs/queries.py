"""Jobs and timelines that a person may see, and how many videos each person of a team has made."""

from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.http import HttpRequest

from wanstudio.jobs.models.attempt import NOTEWORTHY, Attempt
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.teams.access import in_my_teams
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.queries import register_figure
from wanstudio.teams.roles import Act


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
