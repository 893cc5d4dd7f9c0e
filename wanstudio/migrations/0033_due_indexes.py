"""Indexes of what is due, without the rows that never will be again, and of a team's jobs by state, person and notice."""

from django.db import migrations, models

OLD = {
    "chore": ("chore_due",),
    "delivery": ("delivery_due",),
    "digest": ("digest_due",),
    "job": ("job_due", "job_nudged"),
    "mail": ("mail_due",),
    "source": ("source_due",),
    "studiokey": ("key_due",),
}
# Attempts have theirs already.
KINDS = ("alert", "chore", "delivery", "digest", "job", "mail", "providerkey", "source", "studiokey")


def due(kind: str, field: str) -> migrations.AddIndex:
    name = f"{kind}_{field.removesuffix('_at')}"
    index = models.Index(fields=[field], name=name, condition=models.Q(**{f"{field}__isnull": False}))
    return migrations.AddIndex(kind, index)


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0032_money_labels")]

    operations = [
        *(migrations.RemoveIndex(kind, name) for kind, names in OLD.items() for name in names),
        *(due(kind, field) for kind in KINDS for field in ("due_at", "nudged_at")),
        migrations.AddIndex("job", models.Index(fields=["team", "state", "-id"], name="job_of_state")),
        migrations.AddIndex("job", models.Index(fields=["team", "person", "-id"], name="job_of_person")),
        migrations.AddIndex(
            "job", models.Index(fields=["team"], name="job_alerted", condition=models.Q(alerted_at__isnull=False))
        ),
        migrations.AddIndex(
            "job", models.Index(fields=["team"], name="job_unsettled", condition=models.Q(money="unknown"))
        ),
    ]
