"""`manage.py recount`: compares the sums of usage and caps with the ledger, and recalculates them where they differ."""

from wanstudio.money import kept_sums
from wanstudio.operations.health import StudioCommand


class Command(StudioCommand):
    help = "Compares the sums that usage and caps read with the ledger. Where they differ, it recalculates them."

    def handle(self, *args: object, **options: object) -> None:
        found = kept_sums.differences()
        if found:
            kept_sums.recount()
            self.stdout.write(f"{found} sums differed from the ledger. All of them were recalculated.")
        else:
            self.stdout.write("All sums agree with the ledger.")
