"""The budget of calls and tasks in each key's row."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0033_due_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="providerkey",
            name="calls_ceiling",
            field=models.FloatField(help_text="Calls that went through in the minute before it.", null=True),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="calls_limit",
            field=models.FloatField(help_text="Calls a minute, as the last 429 left them.", null=True),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="calls_limited_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="minute_at",
            field=models.DateTimeField(help_text="When the minute began whose calls are counted.", null=True),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="minute_before",
            field=models.PositiveIntegerField(default=0, help_text="Calls of the minute before it."),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="minute_calls",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="polls_until",
            field=models.DateTimeField(help_text="Until when polls have been given their times.", null=True),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="spent_until",
            field=models.DateTimeField(help_text="When the calls that were made are paid off.", null=True),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="tasks_limit",
            field=models.PositiveIntegerField(help_text="Tasks at a time; suspected until it has a time.", null=True),
        ),
        migrations.AddField(
            model_name="providerkey",
            name="tasks_limited_at",
            field=models.DateTimeField(null=True),
        ),
    ]
