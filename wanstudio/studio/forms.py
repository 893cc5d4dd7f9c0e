"""The studio's form: what a click on Generate says."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

from django import forms
from django.http import QueryDict

from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.keys import in_force
from wanstudio.money.quoting import RESOLUTIONS
from wanstudio.teams.models import Team
from wanstudio.uploads.forms import Draft, take
from wanstudio.uploads.models import Source

MAX_SEED = in_force.model().inputs.max_seed
SEED_MODES = [("random", "Random"), ("fixed", "Fixed"), ("provider", f"Let {in_force.MAIN.display_name} draw")]
_TYPED = ("nonce", "behaviour", "resolution", "prompt", "seed_mode", "seed", "character_url", "motion_url")
_WHOLE = re.compile(r"-?[0-9]{1,10}")


class JobForm(forms.Form):
    """Inputs and options. `quoted` is the price the person saw, in dollars; empty if none was shown yet."""

    nonce = forms.UUIDField(widget=forms.HiddenInput)
    quoted = forms.DecimalField(required=False, widget=forms.HiddenInput)
    character = forms.ModelChoiceField(Source.objects.none(), required=False, widget=forms.HiddenInput)
    character_file = forms.FileField(required=False, allow_empty_file=True, max_length=255)
    character_url = forms.CharField(required=False)
    motion = forms.ModelChoiceField(Source.objects.none(), required=False, widget=forms.HiddenInput)
    motion_file = forms.FileField(required=False, allow_empty_file=True, max_length=255)
    motion_url = forms.CharField(required=False)
    behaviour = forms.ChoiceField(choices=Job.Behaviour.choices, initial=Job.Behaviour.ANIMATE)
    resolution = forms.ChoiceField(choices=[(name, name) for name in RESOLUTIONS], initial=RESOLUTIONS[0])
    prompt = forms.CharField(required=False, max_length=2000, widget=forms.Textarea, strip=True)
    seed_mode = forms.ChoiceField(required=False, choices=SEED_MODES, initial="random")
    # Text, so that what stands in it is looked at only where a fixed seed was asked for.
    seed = forms.CharField(required=False, max_length=100)

    def __init__(self, *args: Any, sources: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("nonce", self.draw_nonce())
        super().__init__(*args, **kwargs)
        self.drafts: dict[str, Draft] = {}
        self._named: dict[str, Source | None] = {}
        self._wrong: dict[str, str] = {}
        self._renewed: UUID | None = None
        for kind in Source.Kind.values:
            self.fields[kind].queryset = sources.filter(kind=kind)  # type: ignore[attr-defined]
            self.fields[kind].error_messages["invalid_choice"] = (
                f"This {kind} is not among your team's uploads. Nothing was sent; add it again."
            )

    @classmethod
    def unsent(cls, data: QueryDict, *, sources: Any, kind: str, wrong: str) -> JobForm:
        """The form as it stood when another of its buttons was pressed: to be shown again, not to be judged.

        `wrong` is what that button has to say about the input `kind`.
        """
        form = cls(initial={name: data[name] for name in _TYPED if name in data}, sources=sources)
        form._wrong = {kind: wrong} if wrong else {}
        for each in Source.Kind.values:
            with suppress(forms.ValidationError):
                form._named[each] = form.fields[each].clean(data.get(each, ""))
        if not wrong:
            form.initial[f"{kind}_url"] = ""
        return form

    @staticmethod
    def draw_nonce() -> UUID:
        """A new form's: one form, one job."""
        return uuid4()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for kind in Source.Kind.values:
            file, url = cleaned.get(f"{kind}_file"), cleaned.get(f"{kind}_url", "")
            # What is given anew takes the place of what was there.
            self._named[kind] = None if file or url else cleaned.get(kind)
            if {kind, f"{kind}_file", f"{kind}_url"} & set(self.errors):
                continue
            try:
                self.drafts[kind] = take(kind, source=self._named[kind], file=file, url=url)
            except forms.ValidationError as wrong:
                self.add_error(kind, wrong)
        return cleaned

    def clean_seed(self) -> int | None:
        """The number to send: drawn by us unless it was fixed, or left to the provider (-1)."""
        mode, seed = self.seed_choice, self.cleaned_data.get("seed", "")
        if mode == "provider":
            return -1
        if mode == "random":
            return secrets.randbelow(MAX_SEED + 1)
        if not seed:
            raise forms.ValidationError("Type the seed to use, or choose Random. Nothing was sent.", "missing")
        if not (_WHOLE.fullmatch(seed) and -1 <= int(seed) <= MAX_SEED):
            raise forms.ValidationError(
                f"The seed is a whole number from 0 to {MAX_SEED:,}, or -1. Nothing was sent.", "range"
            )
        return int(seed)

    @property
    def seed_choice(self) -> str:
        """`random`, `fixed` or `provider`; a seed without a choice is a fixed one."""
        if not self.is_bound:
            return str(self["seed_mode"].value())
        return self.data.get("seed_mode") or ("fixed" if self.data.get("seed") else "random")

    @property
    def seed_generated(self) -> bool:
        return self.seed_choice == "random"

    @property
    def named_nonce(self) -> UUID | None:
        """The nonce of this form, if it has a good one."""
        try:
            return cast(UUID | None, self.fields["nonce"].clean(self["nonce"].value()))
        except forms.ValidationError:
            return None

    @property
    def next_nonce(self) -> UUID:
        """The nonce for the page that shows this form: its own, which has made no job yet."""
        return self._renewed or self.named_nonce or self.draw_nonce()

    def renew_nonce(self) -> None:
        """What it has asked for is decided: sent from the page that shows it next, it is another form."""
        self._renewed = self.draw_nonce()

    def kept(self, kind: str) -> Source | None:
        """What was chosen before and is not replaced, also when something else in the form is wrong."""
        return self._named.get(kind)

    def wrong_with(self, kind: str) -> str:
        """The first sentence about an input, whichever of its three fields it came in by."""
        for name in (kind, f"{kind}_file", f"{kind}_url"):
            if name in self.errors:
                return str(self.errors[name][0])
        return self._wrong.get(kind, "")

    def unkept(self, kind: str) -> str:
        """The name of a good file that a form with another mistake did not keep: browsers do not send it again."""
        file = self.drafts[kind].file if self.errors and kind in self.drafts else None
        return (file.name or "") if file else ""

    def keep_inputs(self, team: Team, person: User) -> tuple[Source, Source]:
        """The rows of character and motion. Call only when the form is valid."""
        character, motion = (self.drafts[kind].keep(team, person) for kind in ("character", "motion"))
        return character, motion

    def agrees_with(self, price: Decimal) -> bool:
        """Whether this price is the one the person saw before the click."""
        return bool(self.cleaned_data["quoted"] == price)


class PriceForm(forms.Form):
    """What a price depends on. `seconds` is the length the browser read from a file that is still on its way."""

    nonce = forms.UUIDField(required=False)
    character = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    motion = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    seconds = forms.FloatField(required=False, min_value=0.001, max_value=1_000_000)
    behaviour = forms.ChoiceField(choices=Job.Behaviour.choices, required=False)
    resolution = forms.ChoiceField(choices=[(name, name) for name in RESOLUTIONS], required=False)
