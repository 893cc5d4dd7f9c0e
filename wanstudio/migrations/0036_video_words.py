"""The words of videos: an empty table, which `search_index.lay` fills after the migrations."""

import django.db.models.deletion
from django.db import migrations, models

import wanstudio.videos.models


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0035_source_codec")]

    operations = [
        migrations.CreateModel(
            name="VideoWords",
            fields=[
                (
                    "video",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="wanstudio.video",
                    ),
                ),
                ("words", wanstudio.videos.models.WordsField()),
            ],
        ),
    ]
