"""Placeholders of posters: null until they are made, so that no row is written now."""

from django.db import migrations, models

PLACEHOLDER = models.TextField(
    null=True, editable=False, help_text="A tiny WebP of its poster, in base64; null before 0.6.0, empty if unknown."
)


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0057_pushes")]

    operations = [
        migrations.AddField("video", "placeholder", PLACEHOLDER),
        migrations.AddField("source", "placeholder", PLACEHOLDER.clone()),
    ]
