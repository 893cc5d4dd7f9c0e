"""The names that people give to characters and motions, beside those of their files, whose column stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0047_crops")]

    operations = [
        migrations.AlterField(
            "source",
            "name",
            models.CharField(db_column="name", help_text="As it was sent, or as its link ends.", max_length=200),
        ),
        migrations.RenameField("source", "name", "file_name"),
        migrations.AddField(
            "source",
            "given_name",
            models.CharField(
                help_text="What people call it; null before 0.5.0: after its file.", max_length=200, null=True
            ),
        ),
    ]
