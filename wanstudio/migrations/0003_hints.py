"""Every task id that was named for an attempt, not only the first."""

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def keep_named(apps: Any, schema_editor: Any) -> None:
    for attempt in apps.get_model("wanstudio", "Attempt").objects.exclude(hinted_task_id=""):
        named = {"task": attempt.hinted_task_id, "by_hand": False, "at": timezone.now().isoformat(), "asked": False}
        attempt.hints = [named]
        attempt.save(update_fields=["hints"])


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0002_roles")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="hints",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Every id that was named and is not yet settled, the next one first.",
            ),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="hinted_task_id",
            field=models.CharField(
                blank=True,
                help_text="The first of the hints; believed once statusTask confirms it.",
                max_length=200,
            ),
        ),
        migrations.RunPython(keep_named, migrations.RunPython.noop),
    ]
