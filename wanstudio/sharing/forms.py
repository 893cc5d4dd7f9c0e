"""The form of a share link: expiry, password, and what guests can do."""

from datetime import datetime, time, timedelta

from django import forms
from django.http import QueryDict
from django.utils import timezone

from wanstudio.sharing import words
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.verbs import Options
from wanstudio.teams.models import Team

LASTS = {"1": "1 day", "7": "7 days", "30": "30 days", "never": "Never", "date": "On a date"}
KEEP = "keep"


class ShareForm(forms.Form):
    """`options` is what `make_link` and `change_link` take. A day ends at midnight in the team's zone."""

    lasts = forms.ChoiceField(label="Expires after", choices=list(LASTS.items()), initial="7", required=False)
    until = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}), input_formats=["%Y-%m-%d"]
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    no_password = forms.BooleanField(label="Remove the password", required=False)
    may_download = forms.BooleanField(initial=True, label="Guests can download", required=False)
    may_comment = forms.BooleanField(label="Guests can comment", required=False)

    def __init__(self, posted: QueryDict | None = None, *, team: Team, link: ShareLink | None = None) -> None:
        initial = {"may_download": link.may_download, "may_comment": link.may_comment} if link else None
        super().__init__(posted, initial=initial, auto_id=f"share-{link.pk}-%s" if link and posted is None else "id_%s")
        self._zone, self._link = team.zone, link
        if link is not None:
            self.fields["lasts"] = forms.ChoiceField(
                label="Expires after", choices=[(KEEP, "No change"), *LASTS.items()], required=False
            )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("lasts") == "date" and "until" not in self.errors:
            until = cleaned.get("until")
            if until is None:
                self.add_error("until", words.LAST_DAY_MISSING)
            elif until < timezone.localdate(timezone=self._zone):
                self.add_error("until", words.LAST_DAY_OVER)
            elif until.year > 9000:
                self.add_error("until", words.LAST_DAY_TOO_FAR)
        return cleaned

    @property
    def options(self) -> Options:
        found = self.cleaned_data
        options: Options = {"may_download": found["may_download"], "may_comment": found["may_comment"]}
        lasts = found["lasts"] or (KEEP if self._link else "7")
        if lasts != KEEP:
            options["expires_at"] = self._end(lasts)
        if found["password"] or found["no_password"]:
            options["password"] = "" if found["no_password"] else found["password"]
        return options

    def _end(self, lasts: str) -> datetime | None:
        if lasts == "never":
            return None
        if lasts == "date":
            return datetime.combine(self.cleaned_data["until"] + timedelta(days=1), time(), tzinfo=self._zone)
        return timezone.now() + timedelta(days=int(lasts))
