"""Monthly caps and the time zone in which months begin."""

from decimal import Decimal
from zoneinfo import available_timezones

from django import forms
from django.forms import BoundField
from django.http import QueryDict

from wanstudio.money.words import CAP_ERRORS, NO_SUCH_ZONE
from wanstudio.teams.models import Membership, Team

MAX_CAP = Decimal("999999.99")


class CapsForm(forms.Form):
    """`time_zone`, `team_cap` and `cap_<id>` a membership. What a form does not name stays; an empty cap is none."""

    time_zone = forms.ChoiceField(
        required=False, label="Months begin in", error_messages={"invalid_choice": NO_SUCH_ZONE}
    )

    def __init__(self, data: QueryDict | None = None, *, team: Team, memberships: list[Membership]) -> None:
        self.owners: dict[str, Team | Membership] = {"team_cap": team} | {f"cap_{one.pk}": one for one in memberships}
        super().__init__(data, initial={"time_zone": team.time_zone})
        for name, owner in self.owners.items():
            label = str(owner.user) if isinstance(owner, Membership) else "The whole team"
            self.fields[name] = _cap(label, owner.monthly_cap)
        # Also a zone that this machine no longer knows: it must not prevent a change of a cap.
        self.fields["time_zone"].choices = _zones(team.time_zone)  # type: ignore[attr-defined]

    @property
    def caps(self) -> list[BoundField]:
        return [self[name] for name in self.owners if name != "team_cap"]

    @property
    def changed_caps(self) -> list[tuple[Team | Membership, Decimal | None]]:
        """Only what the form named and changed: whose cap, and the new one."""
        given = [(owner, self.cleaned_data[name]) for name, owner in self.owners.items() if name in self.data]
        return [(owner, cap) for owner, cap in given if cap != owner.monthly_cap]


def _cap(label: str, now: Decimal | None) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        initial=now,
        required=False,
        min_value=Decimal(0),
        max_value=MAX_CAP,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "No cap"}),
        error_messages=CAP_ERRORS,
    )


def _zones(now: str) -> list[tuple[str, str]]:
    names = sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix", "right"))
    )
    return [(name, name.replace("_", " ")) for name in dict.fromkeys(["UTC", now, *names])]
