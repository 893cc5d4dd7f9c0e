"""The studio's form: what a click on Generate says."""

import secrets
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms

from wanstudio.forms.inputs import Draft, take
from wanstudio.models import Job, Source, Team, User
from wanstudio.models.job import MAX_SEED

SEED_MODES = [("random", "Random"), ("fixed", "Fixed"), ("provider", "Let APIXO draw")]


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
    resolution = forms.ChoiceField(choices=[("480p", "480p"), ("720p", "720p")], initial="480p")
    prompt = forms.CharField(required=False, max_length=2000, widget=forms.Textarea, strip=True)
    seed_mode = forms.ChoiceField(required=False, choices=SEED_MODES, initial="random")
    seed = forms.IntegerField(
        required=False,
        error_messages={"invalid": f"The seed is a whole number from 0 to {MAX_SEED:,}, or -1. Nothing was sent."},
    )

    def __init__(self, *args: Any, sources: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("nonce", uuid4())
        super().__init__(*args, **kwargs)
        for kind in Source.Kind.values:
            self.fields[kind].queryset = sources.filter(kind=kind)  # type: ignore[attr-defined]
            self.fields[kind].error_messages["invalid_choice"] = (
                f"This {kind} is not among your team's uploads. Nothing was sent; add it again."
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.drafts: dict[str, Draft] = {}
        for kind in Source.Kind.values:
            if {kind, f"{kind}_file", f"{kind}_url"} & set(self.errors):
                continue
            try:
                self.drafts[kind] = take(
                    kind,
                    source=cleaned.get(kind),
                    file=cleaned.get(f"{kind}_file"),
                    url=cleaned.get(f"{kind}_url", ""),
                )
            except forms.ValidationError as wrong:
                self.add_error(kind, wrong)
        return cleaned

    def clean_seed(self) -> int | None:
        """The number to send: drawn by us unless it was fixed, or left to the provider (-1)."""
        mode, seed = self.seed_choice, self.cleaned_data.get("seed")
        if mode == "provider":
            return -1
        if mode == "random":
            return secrets.randbelow(MAX_SEED + 1)
        if seed is None:
            raise forms.ValidationError("Type the seed to use, or choose Random. Nothing was sent.", "missing")
        if not -1 <= seed <= MAX_SEED:
            raise forms.ValidationError(
                f"The seed is a whole number from 0 to {MAX_SEED:,}, or -1. Nothing was sent.", "range"
            )
        return int(seed)

    @property
    def seed_choice(self) -> str:
        """`random`, `fixed` or `provider`; a seed without a choice is a fixed one."""
        return self.data.get("seed_mode") or ("fixed" if self.data.get("seed") else "random")

    @property
    def seed_drawn(self) -> bool:
        return self.seed_choice == "random"

    def keep_inputs(self, team: Team, person: User) -> tuple[Source, Source]:
        """The rows of character and motion. Call only when the form is valid."""
        character, motion = (self.drafts[kind].keep(team, person) for kind in ("character", "motion"))
        return character, motion

    def agrees_with(self, price: Decimal) -> bool:
        """Whether this price is the one the person saw before the click."""
        return bool(self.cleaned_data["quoted"] == price)


class SourceForm(forms.Form):
    """Something added to the team's sources, before or without a job."""

    kind = forms.ChoiceField(choices=Source.Kind.choices)
    file = forms.FileField(required=False, allow_empty_file=True, max_length=255)
    url = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.draft = take(cleaned["kind"], file=cleaned.get("file"), url=cleaned.get("url", ""))
            except forms.ValidationError as wrong:
                self.add_error("url" if cleaned.get("url") else "file", wrong)
        return cleaned


class PriceForm(forms.Form):
    """What a price depends on. `seconds` is the length the browser read from a file that is still on its way."""

    character = forms.IntegerField(required=False, min_value=1)
    motion = forms.IntegerField(required=False, min_value=1)
    seconds = forms.FloatField(required=False, min_value=0.001, max_value=1_000_000)
    behaviour = forms.ChoiceField(choices=Job.Behaviour.choices, required=False)
    resolution = forms.ChoiceField(choices=[("480p", "480p"), ("720p", "720p")], required=False)
