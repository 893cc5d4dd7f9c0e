"""The verbs of a job, by subject; callers write `verbs.cancel(job, …)`."""

# ruff: noqa: F403
from wanstudio.jobs.verbs.alerts import *
from wanstudio.jobs.verbs.attempts import *
from wanstudio.jobs.verbs.decisions import *
from wanstudio.jobs.verbs.moves import *
from wanstudio.jobs.verbs.progress import *
from wanstudio.jobs.verbs.recovery import *
