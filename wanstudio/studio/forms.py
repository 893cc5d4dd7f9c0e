"""Forms of the studio: the order of a video, and the values that its price depends on."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from typing import cast
from uuid import UUID, uuid4

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from wanstudio.accounts.models import User
from wanstudio.jobs.models import Job
from wanstudio.jobs.verbs.decisions import JobOrder
from wanstudio.keys import in_force
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import RESOLUTIONS, quote_today
from wanstudio.studio import words
from wanstudio.teams.models import Team
from wanstudio.uploads.bridge import bucket_check
from wanstudio.uploads.crops import Crop
from wanstudio.uploads.forms import Draft, first_error, take
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import Trim, Whole, trim_of
from wanstudio.uploads.verbs import touch
from wanstudio.uploads.words import NAMES_THE_FILE

MAX_SEED = in_force.model().inputs.max_seed
TRIM = ("trim_start", "trim_end")
# Of a try: what it is a try of.
TRY_OF = ("whole_resolution", "whole_start", "whole_end")
_OPTIONS = ("behaviour", "resolution", "prompt", "seed_mode", "seed")
_TYPED = ("nonce", *TRIM, *TRY_OF, "crop", *_OPTIONS, "character_url", "motion_url")


class JobForm(forms.Form):
    """Inputs and options. `quoted` is the price the person saw, in dollars; empty if none was shown yet.

    One `nonce`, one job. `named`: what was chosen before and is not replaced, also when another field is wrong.
    """

    nonce = forms.UUIDField(widget=forms.HiddenInput)
    quoted = forms.DecimalField(required=False, widget=forms.HiddenInput)
    character = forms.ModelChoiceField(Source.objects.none(), required=False, widget=forms.HiddenInput)
    character_file = forms.FileField(required=False, allow_empty_file=True, max_length=255)
    character_url = forms.CharField(required=False)
    motion = forms.ModelChoiceField(Source.objects.none(), required=False, widget=forms.HiddenInput)
    motion_file = forms.FileField(required=False, allow_empty_file=True, max_length=255)
    motion_url = forms.CharField(required=False)
    trim_start = forms.FloatField(required=False, min_value=0, max_value=1_000_000)
    trim_end = forms.FloatField(required=False, min_value=0, max_value=1_000_000)
    # As `crop_of` reads it.
    crop = forms.CharField(required=False)
    whole_resolution = forms.CharField(required=False, max_length=10)
    whole_start = forms.FloatField(required=False)
    whole_end = forms.FloatField(required=False)
    behaviour = forms.ChoiceField(choices=Job.Behaviour.choices, initial=Job.Behaviour.ANIMATE)
    resolution = forms.ChoiceField(choices=[(name, name) for name in RESOLUTIONS], initial=RESOLUTIONS[0])
    prompt = forms.CharField(required=False, max_length=2000, widget=forms.Textarea, strip=True)
    seed_mode = forms.ChoiceField(required=False, choices=words.SEED_MODES, initial="random")
    # Text, so that it is checked only where a fixed seed was asked for.
    seed = forms.CharField(required=False, max_length=100)

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile[bytes]] | None = None,
        *,
        sources: QuerySet[Source],
        initial: dict[str, object] | None = None,
        team: Team | None = None,
    ) -> None:
        super().__init__(data, files, initial={"nonce": uuid4()} | (initial or {}))
        self._team = team
        self.drafts: dict[str, Draft] = {}
        self.named: dict[str, Source | None] = {}
        self.trim: Trim | None = None
        self.frame: Crop | None = None
        self._wrong: dict[str, str] = {}
        self._file: dict[str, str] = {}
        for kind in Source.Kind.values:
            field = cast("forms.ModelChoiceField[Source]", self.fields[kind])
            field.queryset = sources.filter(kind=kind)
            field.error_messages["invalid_choice"] = words.NOT_YOURS.format(kind=kind)

    @classmethod
    def unsent(cls, data: QueryDict, *, sources: QuerySet[Source], kind: str, wrong: str, file: str) -> JobForm:
        """The form as it was when another of its buttons was pressed: shown again, not checked.

        `wrong` is what that button has to say about the input `kind`, and `file` the name that it does not say.
        """
        # The part that was chosen is one of the clip that was there.
        kept = [
            name
            for name in _TYPED
            if name in data and (wrong or kind != Source.Kind.MOTION or name not in (*TRIM, *TRY_OF))
        ]
        form = cls(initial={name: data[name] for name in kept}, sources=sources)
        form._wrong = {kind: wrong} if wrong else {}
        form._file = {kind: file}
        for each in Source.Kind.values:
            with suppress(forms.ValidationError):
                form.named[each] = form.fields[each].clean(data.get(each, ""))
        if not wrong:
            form.initial[f"{kind}_url"] = ""
            if kind == Source.Kind.CHARACTER:
                form.initial["crop"] = ""
        return form

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        for kind in Source.Kind.values:
            file, url = cleaned.get(f"{kind}_file"), cleaned.get(f"{kind}_url", "")
            # New input replaces what was there.
            self.named[kind] = None if file or url else cleaned.get(kind)
            if {kind, f"{kind}_file", f"{kind}_url"} & set(self.errors):
                continue
            try:
                self.drafts[kind] = take(kind, team=self._team, source=self.named[kind], file=file, url=url)
            except forms.ValidationError as wrong:
                self.add_error(kind, wrong)
        if motion := self.drafts.get(Source.Kind.MOTION):
            try:
                self.trim = motion.trimmed(cleaned.get("trim_start"), cleaned.get("trim_end"))
            except forms.ValidationError as wrong:
                self.add_error(Source.Kind.MOTION, wrong)
        if character := self.drafts.get(Source.Kind.CHARACTER):
            try:
                self.frame = character.cropped(cleaned.get("crop", ""), motion)
            except forms.ValidationError as wrong:
                self.add_error(Source.Kind.CHARACTER, wrong)
        # The provider has to fetch what the form says.
        provider = in_force.provider_in_use()
        for kind, draft in self.drafts.items():
            if not draft.is_link and (problem := bucket_check.fetch_problem(provider)):
                self.add_error(kind, f"{problem} {words.give_a_link()}")
        return cleaned

    def clean_seed(self) -> int:
        """The number to send: random by us unless it was fixed, or left to the provider (-1)."""
        mode, seed = self.seed_choice, self.cleaned_data.get("seed", "")
        if mode == "provider":
            return -1
        if mode == "random":
            return secrets.randbelow(MAX_SEED + 1)
        if not seed:
            raise forms.ValidationError(words.SEED_MISSING, "missing")
        if not (re.fullmatch(r"-?[0-9]{1,10}", seed) and -1 <= int(seed) <= MAX_SEED):
            raise forms.ValidationError(words.SEED_RANGE.format(max=MAX_SEED), "range")
        return int(seed)

    @property
    def seed_choice(self) -> str:
        """`random`, `fixed` or `provider`; a seed without a choice is a fixed one."""
        if not self.is_bound:
            return str(self["seed_mode"].value())
        return self.data.get("seed_mode") or ("fixed" if self.data.get("seed") else "random")

    @property
    def named_nonce(self) -> UUID | None:
        """The nonce of this form, if it has a good one."""
        try:
            return cast(UUID | None, self.fields["nonce"].clean(self["nonce"].value()))
        except forms.ValidationError:
            return None

    def wrong_with(self, kind: str) -> str:
        """The first error of an input, from any of its three fields."""
        wrong = self._error_of(kind)
        return str(wrong.messages[0]) if wrong else self._wrong.get(kind, "")

    def unnamed_file(self, kind: str) -> str:
        """The name of a file that was given, unless the sentence about it says it."""
        wrong, file = self._error_of(kind), self.files.get(f"{kind}_file")
        if file is None:
            return self._file.get(kind, "")
        return "" if wrong and wrong.code in NAMES_THE_FILE else file.name or ""

    def _error_of(self, kind: str) -> forms.ValidationError | None:
        numbers = ("crop",) if kind == Source.Kind.CHARACTER else TRIM
        return first_error(self, (kind, f"{kind}_file", f"{kind}_url", *numbers))

    def unkept(self, kind: str) -> str:
        """The name of a good file that a form with another mistake did not keep: browsers do not send it again."""
        file = self.drafts[kind].file if self.errors and kind in self.drafts else None
        return (file.name or "") if file else ""

    def keep(self, team: Team, person: User) -> JobOrder:
        """The order at today's price, its inputs kept as rows. Call only when the form is valid."""
        data, seconds = self.cleaned_data, self.drafts["motion"].duration or 0
        character, motion = (self.drafts[kind].keep(team, person) for kind in ("character", "motion"))
        quote = quote_today(self.trim.length if self.trim else seconds, data["resolution"])
        touch(character, motion)
        return JobOrder(
            nonce=data["nonce"],
            team=team,
            person=person,
            provider=in_force.provider_in_use(),
            character=character,
            motion=motion,
            behaviour=data["behaviour"],
            quote=quote,
            prompt=data["prompt"],
            seed=data["seed"],
            seed_generated=self.seed_choice == "random",
            trim=self.trim,
            crop=self.frame,
            whole=self._whole(seconds, quote),
        )

    def _whole(self, seconds: float, quote: Quote) -> Whole | None:
        """What this is a try of: something that costs more. Other values of these fields are ignored."""
        resolution, start, end = (self.cleaned_data.get(name) for name in TRY_OF)
        if resolution not in RESOLUTIONS:
            return None
        with suppress(ValueError):
            whole = Whole(resolution, trim_of(start, end, seconds))
            costs = quote_today(whole.trim.length if whole.trim else seconds, resolution).price
            return whole if costs > quote.price else None
        return None


class PriceForm(forms.Form):
    """Numbers that a price is asked with. `seconds`: the length of a file that is still on its way."""

    trim_start = forms.FloatField(required=False, min_value=0, max_value=1_000_000)
    trim_end = forms.FloatField(required=False, min_value=0, max_value=1_000_000)
    nonce = forms.UUIDField(required=False)
    seconds = forms.FloatField(required=False, min_value=0.001, max_value=1_000_000)
