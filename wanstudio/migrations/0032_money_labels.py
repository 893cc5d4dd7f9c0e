"""Labels of what became of a price, as pages say them; the database does not change."""

from django.db import migrations, models

CHOICES = [
    ("reserved", "Reserved"),
    ("settled", "Charged"),
    ("released", "Released"),
    ("assumed", "Released, we assume"),
    ("unknown", "May have been charged"),
]


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0031_key_names")]

    operations = [
        migrations.AlterField(
            "Attempt",
            "money",
            models.CharField(
                blank=True, choices=CHOICES, help_text="Superseded: what became of its price.", max_length=10
            ),
        ),
        migrations.AlterField("Entry", "kind", models.CharField(choices=CHOICES, max_length=10)),
        migrations.AlterField("Job", "money", models.CharField(choices=CHOICES, default="reserved", max_length=10)),
    ]
