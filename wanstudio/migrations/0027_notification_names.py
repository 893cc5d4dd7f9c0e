from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0026_versions")]

    operations = [
        migrations.RenameField("notification", "waits_for_digest", "in_next_digest"),
        migrations.RenameField("delivery", "tries", "posts"),
        migrations.RenameField("delivery", "tries_before", "posts_before"),
    ]
