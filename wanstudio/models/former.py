"""What stays of a membership that has ended: the cap that was set for this person."""

from decimal import Decimal

from django.db import models
from django.utils import timezone

from wanstudio.models.people import Membership, Team, User


class FormerMember(models.Model):
    """Leaving and joining again lifts no cap: it waits here, and the next membership takes it over."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    monthly_cap = models.DecimalField(max_digits=8, decimal_places=2, help_text="Dollars.")
    left_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_former_member_a_team")]

    def __str__(self) -> str:
        return f"{self.user}, once in {self.team}"

    @classmethod
    def keep_cap(cls, membership: Membership) -> None:
        """In the transaction that ends the membership. One without a cap leaves nothing."""
        cap = Membership.objects.filter(pk=membership.pk).values_list("monthly_cap", flat=True).first()
        if cap is not None:
            now = {"monthly_cap": cap, "left_at": timezone.now()}
            cls.objects.update_or_create(team_id=membership.team_id, user_id=membership.user_id, defaults=now)

    @classmethod
    def take_cap(cls, team_id: int, user: User) -> Decimal | None:
        """For the membership that begins in the caller's transaction: the cap of the last one, or None."""
        mine = cls.objects.filter(team=team_id, user=user)
        cap = mine.values_list("monthly_cap", flat=True).first()
        mine.delete()
        return cap
