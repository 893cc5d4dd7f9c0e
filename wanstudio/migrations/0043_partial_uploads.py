"""Uploads that arrive in pieces."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0042_scans"),
    ]

    operations = [
        migrations.CreateModel(
            name="PartialUpload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("character", "Character"), ("motion", "Motion")], max_length=10)),
                ("name", models.CharField(max_length=255)),
                ("size_bytes", models.BigIntegerField()),
                ("metadata", models.TextField(blank=True, help_text="As the sender wrote it: it is told again.")),
                (
                    "fingerprint",
                    models.CharField(blank=True, help_text="SHA-256 of it as sent, once it is whole.", max_length=64),
                ),
                ("refusal", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="wanstudio.source"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="wanstudio.team"
                    ),
                ),
            ],
        ),
    ]
