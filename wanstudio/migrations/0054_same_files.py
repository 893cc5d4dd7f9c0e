"""The index of copies of one file leads to them alone: one that had only the team lost to an index of all uploads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0053_link_copies")]

    operations = [
        migrations.RemoveIndex("source", "source_same"),
        migrations.AddIndex("source", models.Index(fields=["team", "kind", "fingerprint", "id"], name="source_same")),
    ]
