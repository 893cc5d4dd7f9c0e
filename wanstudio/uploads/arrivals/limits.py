"""Limits of a file: the size of its kind, and the room that its team has. Told before it is sent, if it can be."""

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from wanstudio.teams.models import Team
from wanstudio.uploads import words
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import room_of


def check_size(kind: str, name: str, size_bytes: int) -> None:
    """Raises `forms.ValidationError` for a file that is larger than one of its kind can be."""
    limit = settings.IMAGE_MAX_BYTES if kind == Source.Kind.CHARACTER else settings.CLIP_MAX_BYTES
    if size_bytes > limit:
        size = filesizeformat(size_bytes)
        size = f"a little more than {size}" if size == filesizeformat(limit) else size
        thing = words.THINGS[Source.Kind(kind)]
        sentence = words.TOO_LARGE.format(name=name, size=size, limit=filesizeformat(limit), thing=thing)
        raise forms.ValidationError(sentence, "too_large")


def check_room(team: Team, kind: str, name: str, size_bytes: int) -> None:
    """Raises `forms.ValidationError` for a file that the team's storage has no room for."""
    room = room_of(team)
    if room and size_bytes > room.left_bytes:
        left, thing = filesizeformat(room.left_bytes), words.THINGS[Source.Kind(kind)]
        size, limit = filesizeformat(size_bytes), filesizeformat(room.limit_bytes)
        sentence = words.NO_ROOM.format(name=name, size=size, left=left, limit=limit, thing=thing)
        raise forms.ValidationError(sentence, "no_room")
