"""A comment as it is typed: its words, and its times as `0:03.4` or in seconds."""

import re
from typing import Any

from django import forms

from wanstudio.review.models.comments import LONGEST
from wanstudio.videos.models.tags import clean_name

_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,6}(?:[.,][0-9]{1,6})?)s?")


def seconds_of(text: str) -> float | None:
    """`0:03.4`, `3.4` or `83` as seconds; None for anything else."""
    found = _CLOCK.fullmatch(text.strip())
    return int(found[1] or 0) * 60 + float(found[2].replace(",", ".")) if found else None


class TimecodeField(forms.CharField):
    """Seconds as `float`, or None if it was left empty."""

    def clean(self, value: Any) -> float | None:
        text = super().clean(value)
        if not text:
            return None
        if (seconds := seconds_of(text)) is None:
            raise forms.ValidationError("A time reads like 0:03.4. The comment was not sent.")
        return seconds


class CommentForm(forms.Form):
    text = forms.CharField(
        max_length=LONGEST,
        strip=True,
        error_messages={
            "required": "A comment needs a word. Nothing was sent.",
            "max_length": f"A comment has at most {LONGEST:,} signs. It was not sent.",
        },
    )
    at = TimecodeField(required=False, max_length=20)
    until = TimecodeField(required=False, max_length=20)

    def clean_text(self) -> str:
        # Browsers send line breaks as two signs, and count them as one.
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")

    @property
    def wrong(self) -> str:
        """The first sentence about it, or nothing."""
        return next((str(sentence) for errors in self.errors.values() for sentence in errors), "")


class GuestForm(CommentForm):
    name = forms.CharField(
        max_length=60, strip=True, error_messages={"required": "A comment needs your name. Nothing was sent."}
    )

    def clean_name(self) -> str:
        name = clean_name(self.cleaned_data["name"], 60)
        if not name:
            raise forms.ValidationError("A comment needs your name. Nothing was sent.")
        return name


class VerdictForm(forms.Form):
    decision = forms.ChoiceField(choices=[("approved", ""), ("needs_work", ""), ("open", "")])
    note = forms.CharField(required=False, max_length=500, strip=True)
