"""Names of keys and of balance readings; tables and rows stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0030_claims")]

    operations = [
        migrations.AlterModelTable("StoredKey", "wanstudio_storedkey"),
        migrations.RenameModel("StoredKey", "StudioKey"),
        migrations.AlterModelTable("BalanceNote", "wanstudio_balancenote"),
        migrations.RenameModel("BalanceNote", "BalanceReading"),
        migrations.RenameField("BalanceReading", "told_at", "read_at"),
        migrations.RenameField("ProviderKey", "throttles", "rate_limits"),
        migrations.AlterField(
            "BalanceReading",
            "balance",
            models.DecimalField(decimal_places=4, help_text="Dollars; null: never read.", max_digits=14, null=True),
        ),
        migrations.AlterField(
            "BalanceReading",
            "moment",
            models.CharField(
                choices=[
                    ("told", "Read"),
                    ("sent", "A POST went out"),
                    ("ended", "A task ended"),
                    ("key", "Another key"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            "ProviderKey",
            "balance",
            models.DecimalField(decimal_places=4, help_text="Dollars, as last read.", max_digits=14, null=True),
        ),
        migrations.AlterField(
            "ProviderKey",
            "mark",
            models.CharField(blank=True, help_text="Of the key whose balance it is.", max_length=32),
        ),
    ]
