"""An index of what makes jobs versions of each other: a click asks for it in a studio of a million jobs, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0049_sums_of_sources")]

    operations = [
        migrations.AddIndex("job", models.Index(fields=["character", "motion", "behaviour"], name="job_same_inputs")),
    ]
