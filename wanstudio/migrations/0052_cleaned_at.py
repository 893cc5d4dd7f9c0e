"""When an upload was cleaned of its metadata: not yet, if an earlier version has kept it as it was sent."""

import django.utils.timezone
from django.db import migrations, models

WORDS = "Null: added before 0.5.0, and its metadata is still there."
UNCLEANED = models.Index(
    fields=["cleaned_at", "id"],
    name="source_uncleaned",
    condition=models.Q(cleaned_at=None) & ~models.Q(file=""),
)


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0051_short_tries")]

    operations = [
        # Without a default at first: the rows that are there get none.
        migrations.AddField("source", "cleaned_at", models.DateTimeField(blank=True, help_text=WORDS, null=True)),
        migrations.AlterField(
            "source",
            "cleaned_at",
            models.DateTimeField(blank=True, default=django.utils.timezone.now, help_text=WORDS, null=True),
        ),
        migrations.AddIndex("source", UNCLEANED),
    ]
