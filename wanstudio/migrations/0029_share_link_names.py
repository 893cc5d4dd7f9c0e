from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0028_job_words")]

    operations = [migrations.RenameField("sharelink", "sealed_token", "encrypted_token")]
