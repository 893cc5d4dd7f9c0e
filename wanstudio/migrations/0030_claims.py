"""What a leased row counts are its claims. `attempts` is the word for the POSTs of a job."""

from django.db import migrations

LEASED = ("job", "attempt", "source", "providerkey", "storedkey", "alert", "mail", "digest", "delivery", "chore")


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0029_share_link_names")]

    operations = [migrations.RenameField(model, "attempts", "claims") for model in LEASED]
