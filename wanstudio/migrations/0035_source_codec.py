"""The codec of a clip, for the preflight and the line of facts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0034_call_budget"),
    ]

    operations = [
        migrations.AddField(
            model_name="source",
            name="codec",
            field=models.CharField(blank=True, help_text="Of a clip: h264, hevc; unknown before 0.4.0.", max_length=20),
        ),
    ]
