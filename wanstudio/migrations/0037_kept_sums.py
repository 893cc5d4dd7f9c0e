"""Sums of the ledger that are kept: the tables. `money/kept_sums.py` lays their triggers, and counts, after every migration."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TRIGGERS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'wanstudio_kept_%'",
    "postgresql": "SELECT 'DROP FUNCTION ' || oid::regprocedure || ' CASCADE' FROM pg_proc "
    "WHERE proname LIKE 'wanstudio_kept_%' AND pg_function_is_visible(oid)",
}


def lift(apps, schema_editor):
    """On the way back: no trigger may name a table that is gone."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(TRIGGERS[schema_editor.connection.vendor])
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0036_video_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptSum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=20)),
                ("behaviour", models.CharField(max_length=10)),
                ("resolution", models.CharField(max_length=10)),
                ("size", models.SmallIntegerField(help_text="In quarters of an hour; 0: of all time.")),
                ("begins", models.IntegerField()),
                ("writer", models.IntegerField(default=0, help_text="On PostgreSQL writers at once have a row each.")),
                ("reserved", models.BigIntegerField(default=0)),
                ("settled", models.BigIntegerField(default=0)),
                ("unknown", models.BigIntegerField(default=0)),
                (
                    "released",
                    models.BigIntegerField(default=0, help_text="Given back; a part of what the columns before lost."),
                ),
                ("assumed", models.BigIntegerField(default=0)),
                ("jobs", models.BigIntegerField(default=0)),
                ("videos", models.BigIntegerField(default=0, help_text="Jobs that are done.")),
                ("approved", models.BigIntegerField(default=0, help_text="Microseconds.")),
            ],
        ),
        migrations.CreateModel(
            name="ReservedAgain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=20)),
                ("begins", models.IntegerField()),
                ("first", models.IntegerField()),
            ],
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("provider", "sandbox"), _negated=True), fields=["team", "-id"], name="entry_billed"
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("provider", "sandbox"), _negated=True),
                fields=["team", "person", "-id"],
                name="entry_billed_person",
            ),
        ),
        migrations.RemoveIndex(model_name="entry", name="entry_month"),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["team", "at", "job"], name="entry_months_jobs"),
        ),
        migrations.AddField(
            model_name="keptsum",
            name="person",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="keptsum",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="wanstudio.team"
            ),
        ),
        migrations.AddField(
            model_name="reservedagain",
            name="job",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="wanstudio.job"
            ),
        ),
        migrations.AddField(
            model_name="reservedagain",
            name="person",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="reservedagain",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="wanstudio.team"
            ),
        ),
        migrations.AddIndex(
            model_name="keptsum",
            index=models.Index(condition=models.Q(("size", 0)), fields=["provider"], name="kept_ever"),
        ),
        migrations.AddConstraint(
            model_name="keptsum",
            constraint=models.UniqueConstraint(
                fields=("team", "size", "begins", "person", "provider", "behaviour", "resolution", "writer"),
                name="kept_once",
            ),
        ),
        migrations.AddIndex(
            model_name="reservedagain",
            index=models.Index(fields=["team", "begins"], name="reserved_again"),
        ),
        migrations.RunPython(migrations.RunPython.noop, lift),
    ]
