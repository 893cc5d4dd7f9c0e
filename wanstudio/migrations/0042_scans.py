"""Scans of clips: what is in their pictures, and the film strip."""

import django.db.models.deletion
import wanstudio.uploads.scans
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0041_notice_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Scan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("nudged_at", models.DateTimeField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("announced_at", models.DateTimeField(blank=True, null=True)),
                ("claims", models.PositiveIntegerField(default=0)),
                (
                    "strip",
                    models.FileField(blank=True, max_length=200, upload_to=wanstudio.uploads.scans._stored_strip),
                ),
                ("strip_width", models.PositiveIntegerField(default=0, help_text="Of one of its pictures, in pixels.")),
                ("strip_height", models.PositiveIntegerField(default=0)),
                ("strip_count", models.PositiveIntegerField(default=0)),
                ("cuts", models.JSONField(default=list)),
                ("ranges", models.JSONField(default=list)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scan", to="wanstudio.source"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="scan_due"),
                    models.Index(
                        condition=models.Q(("nudged_at__isnull", False)), fields=["nudged_at"], name="scan_nudged"
                    ),
                ],
            },
        ),
    ]
