"""What a short try is a try of, on jobs and on spend requests."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wanstudio', '0050_same_inputs'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='whole_end',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='whole_resolution',
            field=models.CharField(help_text='Of a try: what it is a try of.', max_length=10, null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='whole_start',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='spendrequest',
            name='whole_end',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='spendrequest',
            name='whole_resolution',
            field=models.CharField(help_text='Of a try: what it is a try of.', max_length=10, null=True),
        ),
        migrations.AddField(
            model_name='spendrequest',
            name='whole_start',
            field=models.FloatField(null=True),
        ),
    ]
