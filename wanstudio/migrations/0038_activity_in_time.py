"""Indexes of the activity in the order of time: of a team, of one person, of one group of acts."""

import wanstudio.activity.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0037_kept_sums"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="activity",
            name="activity_newest",
        ),
        migrations.RemoveIndex(
            model_name="activity",
            name="activity_of_person",
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(fields=["team", "at", "id"], name="activity_in_time"),
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(fields=["team", "person", "at", "id"], name="activity_by_person"),
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(
                models.F("team"),
                wanstudio.activity.models.Group("act"),
                models.F("at"),
                models.F("id"),
                name="activity_in_group",
            ),
        ),
    ]
