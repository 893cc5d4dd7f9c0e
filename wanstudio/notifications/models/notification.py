"""Notifications: what happened, a row for each person who is to know."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.notifications.models.mail_choices import Kind
from wanstudio.teams.models import Team


class Notifications(models.QuerySet["Notification"]):
    def for_person(self, person: User) -> "Notifications":
        """Theirs, of the teams they are in now."""
        return self.filter(person=person, team__memberships__user=person)

    def unread(self) -> "Notifications":
        return self.filter(read_at=None)

    def bell(self) -> tuple[int, int]:
        """How many are unread, and the id of the newest of them (0: none). One query."""
        found = self.unread().aggregate(count=models.Count("pk"), newest=models.Max("pk"))
        return found["count"], found["newest"] or 0


class Notification(models.Model):
    """`event` names what happened, for good ("job 12 ready"). `path` is where a click leads."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    event = models.CharField(max_length=100)
    title = models.CharField(max_length=300, help_text="What happened, in a sentence.")
    detail = models.CharField(max_length=600, blank=True, help_text="What it means, and for the money.")
    path = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    in_next_digest = models.BooleanField(default=False)

    objects: ClassVar[Notifications] = Notifications.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "event"], name="one_notification_an_event")]
        indexes = [
            models.Index(fields=["person", "-id"], name="notification_newest"),
            models.Index(fields=["person", "-id"], name="notification_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title
