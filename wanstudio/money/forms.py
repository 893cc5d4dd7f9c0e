"""Monthly caps and the time zone in which months begin."""

from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.forms import BoundField
from django.http import QueryDict

from wanstudio.money.words import CAP_ERRORS, NO_SUCH_ZONE
from wanstudio.teams.models import Membership, Team

MAX_CAP = Decimal("999999.99")


class CapsForm(forms.Form):
    """`time_zone`, `team_cap` and `cap_<id>` a membership. What a form does not name stays; an empty cap is none."""

    time_zone = forms.CharField(required=False, max_length=64, label="Months begin in")

    def __init__(self, data: QueryDict | None = None, *, team: Team, memberships: list[Membership]) -> None:
        self.team, self.memberships = team, memberships
        initial = {"time_zone": team.time_zone, "team_cap": team.monthly_cap}
        initial |= {f"cap_{one.pk}": one.monthly_cap for one in memberships}
        super().__init__(data, initial=initial)
        self.fields["team_cap"] = _cap("The whole team")
        for one in memberships:
            self.fields[f"cap_{one.pk}"] = _cap(str(one.user))
        self.fields["time_zone"].widget = forms.Select(choices=_zones(team.time_zone))
        for name in self.fields:
            self.fields[name].widget.attrs["id"] = f"id_{name}"

    @property
    def caps(self) -> list[BoundField]:
        """The fields of the people."""
        return [self[f"cap_{one.pk}"] for one in self.memberships]

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        if name in ("", self.team.time_zone):
            # Also one that this machine no longer knows: it must not stand in the way of a cap.
            return self.team.time_zone
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise forms.ValidationError(NO_SUCH_ZONE) from None
        return name

    @property
    def changed_caps(self) -> list[tuple[Team | Membership, Decimal | None]]:
        """Only what the form named and changed: whose cap, and the new one."""
        owners: list[tuple[str, Team | Membership]] = [("team_cap", self.team)]
        owners += [(f"cap_{one.pk}", one) for one in self.memberships]
        given = [(owner, self.cleaned_data[name]) for name, owner in owners if name in self.data]
        return [(owner, cap) for owner, cap in given if cap != owner.monthly_cap]


def _cap(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
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
