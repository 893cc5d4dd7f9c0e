"""The input of decisions about a job: may this person decide, and which task do they name."""

from django.http import HttpRequest

from wanstudio.jobs.models.job import Job
from wanstudio.jobs.queries import visible_jobs
from wanstudio.teams import access
from wanstudio.teams.roles import Act


def decidable(request: HttpRequest, pk: int) -> Job:
    """The job, for who may decide about it; for everybody else there is nothing to decide."""
    job: Job = access.mine_to(request, Act.DECIDE, visible_jobs(request), pk)
    return job


def task_id_in(request: HttpRequest) -> str:
    """As it was copied from the dashboard: without blanks around it, and nothing that cannot be printed."""
    return "".join(letter for letter in request.POST.get("task_id", "") if letter.isprintable()).strip()
