"""How many videos are approved, in the kept sums, which from now on are kept for each character and motion, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0048_names_of_uploads")]

    operations = [
        migrations.AddField("keptsum", "approvals", models.BigIntegerField(default=0, help_text="Approved videos.")),
        migrations.AlterField(
            "keptsum",
            "size",
            models.SmallIntegerField(help_text="In quarters of an hour; 0: of all time; -1, -2: of a source."),
        ),
    ]
