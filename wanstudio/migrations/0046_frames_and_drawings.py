"""Frame times of videos, null until they are measured; comments that stay in the team, and what they draw."""

from django.db import migrations, models

FRAME_TIMES = models.TextField(
    null=True, editable=False, help_text="When each frame begins, measured once; null before, empty if unknown."
)
DRAWING = models.JSONField(
    default=list, blank=True, help_text="Shapes on the picture, as review/drawings.py reads them."
)


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0045_words")]

    operations = [
        migrations.AddField("video", "frame_times", FRAME_TIMES),
        migrations.AddField(
            "comment", "is_internal", models.BooleanField(default=False, help_text="Of the team: guests never get it.")
        ),
        migrations.AddField("comment", "drawing", DRAWING),
    ]
