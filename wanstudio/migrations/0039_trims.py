"""The part of a motion that is sent, on jobs and on spend requests."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0038_activity_in_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="trim_end",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="trim_start",
            field=models.FloatField(help_text="Seconds of the motion from which it is sent.", null=True),
        ),
        migrations.AddField(
            model_name="spendrequest",
            name="trim_end",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="spendrequest",
            name="trim_start",
            field=models.FloatField(help_text="Seconds of the motion from which it is sent.", null=True),
        ),
    ]
