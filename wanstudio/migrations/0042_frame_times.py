"""Frame times of videos: null until they are measured, which archiving does, and for older ones their page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0041_notice_indexes")]

    operations = [
        migrations.AddField(
            "video",
            "frame_times",
            models.TextField(
                null=True,
                editable=False,
                help_text="When each frame begins, measured once; null before, empty if unknown.",
            ),
        ),
    ]
