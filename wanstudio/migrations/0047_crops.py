"""The frame around a character that is sent, on jobs and on spend requests."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0046_frames_and_drawings"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="crop_height",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="crop_width",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="crop_x",
            field=models.FloatField(help_text="Parts of the picture's width and height.", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="crop_y",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="spendrequest",
            name="crop_height",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="spendrequest",
            name="crop_width",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="spendrequest",
            name="crop_x",
            field=models.FloatField(help_text="Parts of the picture's width and height.", null=True),
        ),
        migrations.AddField(
            model_name="spendrequest",
            name="crop_y",
            field=models.FloatField(null=True),
        ),
    ]
