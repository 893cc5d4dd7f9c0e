"""Outgrown mode: with `BROKER_URL`, Celery carries hints about rows that are due over RabbitMQ or Redis.

A message is an id and nothing more: the row decides whether there is work, so a lost or a doubled one changes nothing.
Beat asks for a sweep every second, and a worker's sweep hands over what is due (see `work/tasks.py`).
"""

import logging
import logging.config
import os

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler
from celery.signals import setup_logging
from django.conf import settings
from kombu.messaging import Producer

from wanstudio.work.leases import ANNOUNCED_FOR
from wanstudio.work.outages import BROKER

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanstudio.settings")

QUEUE = "wanstudio"
ADVANCE, SWEEP = "wanstudio.advance", "wanstudio.sweep"
SWEEP_EVERY_S = 1.0
# The worker retries for ever.
PUBLISHING = {"max_retries": 1, "interval_start": 0.0, "interval_step": 0.2, "interval_max": 0.2}

log = logging.getLogger(__name__)

app = Celery("wanstudio", include=["wanstudio.work.tasks"])
app.conf.update(
    broker_url=settings.BROKER_URL or "memory://",
    task_default_queue=QUEUE,
    task_ignore_result=True,
    # Taken off the queue only once it is done, one a thread in hand: what a dead worker held comes back.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # Steps wait for the network nearly all their time, and one process keeps their leases.
    worker_pool="threads",
    worker_concurrency=24,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    # The connection is retried for as long as the broker is away.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_connection_timeout=2.0,
    broker_heartbeat=10.0,
    broker_transport_options=(
        # Redis delivers a message again if it was not acknowledged within this time.
        {"visibility_timeout": 60, "socket_connect_timeout": 2.0, "socket_timeout": 10.0, "socket_keepalive": True}
        if settings.BROKER_URL.startswith("redis")
        else {"read_timeout": 10.0, "write_timeout": 5.0}
    )
    | PUBLISHING,
    task_publish_retry_policy=PUBLISHING,
    beat_scheduler="wanstudio.celery:Sweeper",
    beat_max_loop_interval=SWEEP_EVERY_S,
    beat_schedule={
        "sweep": {
            "task": SWEEP,
            "schedule": SWEEP_EVERY_S,
            # Sweeps that were not done in time expire.
            "options": {"expires": 2 * SWEEP_EVERY_S, "delivery_mode": "transient"},
        }
    },
)
# Celery would close the database connection after every task, and a task takes a few milliseconds.
app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000_000


class OneLine(logging.Filter):
    """A worker's own attempts to connect are one outage, not a line each."""

    def filter(self, record: logging.LogRecord) -> bool:
        if str(record.msg).startswith("consumer: Cannot connect to") and isinstance(record.args, tuple):
            BROKER.failed(f"The broker does not answer ({record.args[1]}).")
            return False
        if str(record.msg).startswith("Connected to"):
            BROKER.over()
        return True


class Sweeper(Scheduler):
    """Beat's schedule, kept in memory: there is one entry, and nothing to remember of it."""

    def apply_entry(self, entry: ScheduleEntry, producer: Producer | None = None) -> None:
        """While the broker is away, it logs no traceback a second."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
            BROKER.over()
        except Exception as wrong:
            BROKER.failed(f"The broker takes no messages, so no sweep can be asked for ({wrong}).")


def hand_over(name: str, pk: int) -> None:
    """Publish that this row (of the model `name`) can be ready. Raises what the broker's client raises."""
    app.send_task(ADVANCE, (name, pk), queue=QUEUE, expires=ANNOUNCED_FOR.total_seconds(), delivery_mode="transient")


@setup_logging.connect
def _keep_our_logging(**kwargs: object) -> None:
    """As in every process of the studio; and Celery says something only when it matters, not twice a second."""
    logging.config.dictConfig(settings.LOGGING)
    for name in ("celery.beat", "celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("celery.worker.consumer.consumer", "celery.worker.consumer.connection"):
        logging.getLogger(name).addFilter(OneLine())
