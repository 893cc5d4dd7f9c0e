"""The index of an upload's team alone is gone: every list has one that begins with it.

SQLite, to which both cost the same, sometimes read all uploads of a team by it to find those in the bin.
"""

from django.db import migrations, models

NAME = "wanstudio_source_team_id_fe0877cc"
TEAM = models.ForeignKey("wanstudio.Team", models.CASCADE, db_index=False, related_name="sources")


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0058_placeholders")]

    operations = [
        # On SQLite, AlterField would write the whole table anew.
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(f"DROP INDEX {NAME}", f"CREATE INDEX {NAME} ON wanstudio_source (team_id)")],
            [migrations.AlterField("source", "team", TEAM)],
        )
    ]
