"""Addresses of a studio's pages: empty, in use, and signed out."""

from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until

EMPTY = ["/", "/jobs/", "/jobs/?only=failed", "/videos/", "/videos/?q=nothing", "/uploads/"]
SIGNED_OUT = [
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-no/",
]
OWNER = [
    "/team/",
    "/usage/",
    "/settings/",
    "/account/tokens/",
    "/api/",
    "/accounts/logout/",
    "/jobs/4040/",
    "/nowhere/",
]


def in_use(studio: Studio, person: Person) -> list[str]:
    """Addresses of a studio in use: a job in each state that lasts, and what came of them."""
    video = int(studio.python("from tests.e2e.finished import finish; print(finish(prompt='Slowly').pk)"))
    ready = studio.rows("SELECT job_id FROM wanstudio_video WHERE id = ?", video)[0][0]
    wanted = {
        ready: "done",
        person.make_sample(prompt="[fail:InputImageSensitiveContentDetected]"): "failed",
        person.make_sample(prompt="[html:504] Keep the face stable."): "uncertain",
        person.make_sample(prompt="[slow:600]"): "running",
    }
    states = "SELECT id, state FROM wanstudio_job"
    wait_until(lambda: dict(studio.rows(states)) == wanted, f"the jobs are {wanted}", 90)
    for job in list(wanted)[:2]:
        person.rename(job, f"Mira {'walks' * 30}")
    jobs = [f"/jobs/{job}/" for job in wanted]
    lists = ["/?character=1&motion=2", "/jobs/", "/jobs/?only=failed", "/videos/", "/uploads/"]
    return [*lists, *jobs, f"{jobs[0]}curl/", f"/videos/{video}/"]
