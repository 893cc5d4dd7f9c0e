"""The history of jobs: each transition, for timelines; and which person was served last, for fair shares."""

from django.db import models
from django.utils import timezone


class Transition(models.Model):
    job = models.ForeignKey("Job", on_delete=models.CASCADE, related_name="transitions")
    at = models.DateTimeField(default=timezone.now)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12)
    why = models.CharField(max_length=300, blank=True)

    # Read by `visible_transitions` besides.
    role: str
    has_earlier: bool

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"


class FairShare(models.Model):
    """When a person last had a job sent: one row a person, team and provider."""

    provider = models.CharField(max_length=20)
    team = models.ForeignKey("Team", on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey("User", on_delete=models.CASCADE, related_name="+")
    sent_at = models.DateTimeField()

    class Meta:
        db_table = "wanstudio_turn"
        constraints = [models.UniqueConstraint(fields=["provider", "team", "person"], name="one_turn_a_person")]

    def __str__(self) -> str:
        return f"fair share of {self.person_id} at {self.provider}"
