"""The jobs of before the ledger get the entries that their present money stands for."""

from django.db import migrations
from django.utils import timezone

COLUMNS = ("reserved", "settled", "unknown")


def write_entries(apps, schema_editor):
    Job = apps.get_model("wanstudio", "Job")
    for job in Job.objects.order_by("pk").iterator(chunk_size=500):
        entry(apps, job, "reserved", None, job.created_at)
        for attempt, moment in superseded(apps, job):
            attempt.money = "unknown"
            attempt.save(update_fields=["money"])
            entry(apps, job, "unknown", None, moment, attempt=attempt, why="Sent again by hand")
        if job.money != "reserved":
            attempt = job.submissions.order_by("pk").last()
            entry(apps, job, job.money, "reserved", job.ended_at or job.result_at or job.created_at, attempt=attempt)


def look_at_hints(apps, schema_editor):
    """Tasks that callbacks named and nobody followed: the worker looks at each once."""
    apps.get_model("wanstudio", "Attempt").objects.exclude(hinted_task_id="").update(due_at=timezone.now())


def superseded(apps, job):
    """Attempts that a person sent again after, of which nobody knows what became."""
    for step in job.transitions.filter(from_state="uncertain", to_state="queued", why="Sent again by hand"):
        attempt = job.submissions.filter(created_at__lte=step.at).order_by("pk").last()
        followed = attempt and job.task_id and job.task_id in (attempt.task_id, attempt.hinted_task_id)
        if attempt and not followed and not attempt.money:
            yield attempt, step.at


def entry(apps, job, kind, before, at, attempt=None, why="From before the ledger"):
    change = dict.fromkeys(COLUMNS, 0)
    if before:
        change[before] -= job.price
    if kind in COLUMNS:
        change[kind] += job.price
    apps.get_model("wanstudio", "Entry").objects.create(
        team_id=job.team_id,
        person_id=job.person_id,
        job=job,
        attempt=attempt,
        provider=job.provider,
        kind=kind,
        amount=job.price,
        at=at,
        why=why,
        **change,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0008_ledger"),
    ]

    operations = [
        migrations.RunPython(write_entries, migrations.RunPython.noop),
        migrations.RunPython(look_at_hints, migrations.RunPython.noop),
    ]
