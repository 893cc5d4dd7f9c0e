"""What a person is told: a row each, in the page's bell, and by mail as they chose.

Rows are written in the transaction of what they tell, or after it by who finds them missing: one event is told to one
person once, whoever tries again.
"""

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.notifications import mail_templates as letters
from wanstudio.notifications.models.digest import Digest
from wanstudio.notifications.models.mail_choices import Kind, MailChoice, When
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.web.row_links import path_to


class Notifications(models.QuerySet["Notification"]):
    def for_person(self, person: User) -> "Notifications":
        """Theirs, of the teams they are in now."""
        return self.filter(person=person, team__memberships__user=person)

    def unread(self) -> "Notifications":
        return self.filter(read_at=None)

    def bell(self) -> tuple[int, int]:
        """How many are unread, and the id of the newest of them (0: none). One query."""
        found = self.unread().aggregate(count=models.Count("pk"), newest=models.Max(F("pk")))
        return found["count"], found["newest"] or 0

    def mark_read(self) -> None:
        # By id: a query over the memberships cannot be updated everywhere.
        Notification.objects.filter(pk__in=list(self.unread().values_list("pk", flat=True))).update(read_at=Now())


class Notification(models.Model):
    """`event` names what happened, for good ("job 12 ready"). `path` is where a click leads."""

    Kind = Kind

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    event = models.CharField(max_length=100)
    title = models.CharField(max_length=300, help_text="What happened, in a sentence.")
    detail = models.CharField(max_length=600, blank=True, help_text="What it means, and for the money.")
    path = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    waits_for_digest = models.BooleanField(default=False)

    objects: ClassVar[Notifications] = Notifications.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "event"], name="one_notification_an_event")]
        indexes = [
            models.Index(fields=["person", "-id"], name="notification_newest"),
            models.Index(fields=["person", "-id"], name="notification_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def tell(
        cls,
        kind: str,
        people: Iterable[User | int],
        *,
        team: Team | int,
        event: str,
        title: str,
        detail: str = "",
        on: models.Model | None = None,
        path: str = "",
    ) -> None:
        """Each of these who is in the team learns of it, once. Told again with the same `event`: nothing happens.

        `on`: the row whose page a click leads to; `path` instead, if that is a place within a page.
        In the caller's transaction, together with its mail: a crash leaves both or neither.
        """
        wanted = {person.pk if isinstance(person, User) else person for person in people}
        members = Membership.objects.filter(team=team, user__in=wanted, user__is_active=True).select_related("user")
        facts = {
            "team_id": team.pk if isinstance(team, Team) else team,
            "kind": Kind(kind),
            "title": title[:300],
            "detail": detail[:600],
            "path": (path or path_to(on))[:300],
        }
        for member in members.order_by("user"):
            told, is_new = cls.objects.get_or_create(person=member.user, event=event[:100], defaults=facts)
            if is_new:
                told._mail(member)

    @classmethod
    def tell_who_may(
        cls,
        act: Act,
        kind: str,
        *,
        team: Team | int,
        event: str,
        title: str,
        detail: str = "",
        on: models.Model | None = None,
        path: str = "",
        but: User | None = None,
    ) -> None:
        """The same, to everybody in the team whose role allows this; `but`: not to who did it."""
        who = Membership.objects.filter(team=team, role__in=roles_with(act)).exclude(user=but)
        people = who.values_list("user_id", flat=True)
        cls.tell(kind, people, team=team, event=event, title=title, detail=detail, on=on, path=path)

    def _mail(self, member: Membership) -> None:
        if self.kind == Kind.UNCONFIRMED and member.role == Membership.Role.OWNER:
            # The owner's alarm tells the same, by a mail of its own.
            return
        match MailChoice.of(self.person)[Kind(self.kind)]:
            case When.NOW:
                letters.at_once(self)
            case When.DAILY:
                Notification.objects.filter(pk=self.pk).update(waits_for_digest=True)
                Digest.wake_for(member)
