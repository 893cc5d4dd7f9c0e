"""Indexes of what the notices are about hold the column of their condition: every planner takes them."""

from django.db import migrations, models

UNKNOWN = models.Q(money="unknown")
INDEXES = (
    ("job", models.Index(fields=["alerted_at"], name="job_alerted", condition=models.Q(alerted_at__isnull=False))),
    ("job", models.Index(fields=["money"], name="job_unsettled", condition=UNKNOWN)),
    ("attempt", models.Index(fields=["money", "job"], name="attempt_unsettled", condition=UNKNOWN)),
)


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0040_wall_facts")]

    operations = [
        operation
        for model, index in INDEXES
        for operation in (migrations.RemoveIndex(model, index.name), migrations.AddIndex(model, index))
    ]
