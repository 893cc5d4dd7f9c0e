"""Previews: what a clip becomes that browsers cannot show, and whether a provider, too, gets it in its place."""

from django.db import migrations, models

import wanstudio.uploads.models

USES = [("shown", "For players"), ("sent", "For players and for the provider")]


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0043_partial_uploads")]

    operations = [
        migrations.AddField("source", "conversion", models.CharField(blank=True, choices=USES, max_length=10)),
        migrations.AddField(
            "source",
            "preview",
            models.FileField(blank=True, max_length=200, upload_to=wanstudio.uploads.models._stored_name),
        ),
    ]
