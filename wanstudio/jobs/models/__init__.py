"""The rows of a job and their states."""

# ruff: noqa: F403
from wanstudio.jobs.models.attempt import *
from wanstudio.jobs.models.history import *
from wanstudio.jobs.models.job import *
from wanstudio.jobs.states import *
