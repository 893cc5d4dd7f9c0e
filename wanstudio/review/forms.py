"""Comments and decisions as they are posted; times as `0:03.4` or in seconds."""

from django import forms

from wanstudio.review import drawings, words
from wanstudio.review.models import MAX_NAME, MAX_NOTE, MAX_TEXT, Comment, Verdict
from wanstudio.review.verbs import Said
from wanstudio.videos.models import clean_name, seconds_of


class TimecodeField(forms.CharField):
    """Seconds as `float`, or None if it was left empty."""

    def clean(self, value: object) -> float | None:
        text = super().clean(value)
        if not text:
            return None
        if (seconds := seconds_of(text)) is None:
            raise forms.ValidationError(words.TIME_UNREADABLE)
        return seconds


class DrawingField(forms.CharField):
    def clean(self, value: object) -> list[drawings.Shape]:
        try:
            return drawings.read(super().clean(value))
        except drawings.UnreadableDrawing:
            raise forms.ValidationError(words.DRAWING_UNREADABLE) from None


class CommentForm(forms.Form):
    text = forms.CharField(
        max_length=MAX_TEXT,
        strip=True,
        error_messages={"required": words.TEXT_MISSING, "max_length": words.TEXT_TOO_LONG},
    )
    at = TimecodeField(required=False, max_length=20)
    until = TimecodeField(required=False, max_length=20)
    internal = forms.BooleanField(required=False)
    drawing = DrawingField(required=False, max_length=drawings.MAX_TEXT)

    def clean_text(self) -> str:
        # Browsers send line breaks as two signs, and count them as one.
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")

    def said(self, parent: Comment | None = None) -> Said:
        found = self.cleaned_data
        return Said(found["text"], found["at"], found["until"], parent, found["internal"], found["drawing"])

    @property
    def wrong(self) -> str:
        """The first sentence about it, or nothing."""
        return next((str(sentence) for errors in self.errors.values() for sentence in errors), "")


class GuestForm(CommentForm):
    name = forms.CharField(max_length=MAX_NAME, strip=True, error_messages={"required": words.NAME_MISSING})

    def clean_name(self) -> str:
        if not (name := clean_name(self.cleaned_data["name"], MAX_NAME)):
            raise forms.ValidationError(words.NAME_MISSING)
        return name


class VerdictForm(forms.Form):
    decision = forms.ChoiceField(choices=Verdict.Decision.choices)
    note = forms.CharField(required=False, max_length=MAX_NOTE, strip=True)
