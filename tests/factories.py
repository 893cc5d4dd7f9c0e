"""Rows for tests, each as the product itself would make it."""

from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile

from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.verbs.decisions import JobOrder
from wanstudio.money.queries import quote_today
from wanstudio.requests import verbs as request_verbs
from wanstudio.requests.models import SpendRequest
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source

PASSWORD = "correct-horse-battery"


def user(name: str = "Alice", team: Team | None = None, **fields: Any) -> User:
    made = User.objects.create_user(f"{name.lower()}@example.com", PASSWORD, name=name, **fields)
    if team:
        Membership.objects.create(team=team, user=made)
    return made


def team(name: str = "Northlight", **fields: Any) -> Team:
    return Team.objects.create(name=name, **fields)


def character(team: Team, person: User, **fields: Any) -> Source:
    facts = {"file_name": "mira.png", "format": "PNG", "width": 768, "height": 1152, "size_bytes": 1000}
    if not fields.get("url"):
        fields.setdefault("file", ContentFile(b"picture", name="mira.png"))
    return Source.objects.create(team=team, person=person, kind=Source.Kind.CHARACTER, **{**facts, **fields})


def motion(team: Team, person: User, **fields: Any) -> Source:
    facts = {
        "file_name": "walk.mp4",
        "format": "mp4",
        "width": 720,
        "height": 1280,
        "size_bytes": 1000,
        "duration": 14.2,
        "fps": 30.0,
    }
    if not fields.get("url"):
        fields.setdefault("file", ContentFile(b"clip", name="walk.mp4"))
    return Source.objects.create(team=team, person=person, kind=Source.Kind.MOTION, **{**facts, **fields})


def order(team: Team, person: User, **fields: Any) -> JobOrder:
    clip = fields.pop("motion", None) or motion(team, person)
    defaults: dict[str, Any] = {
        "nonce": uuid4(),
        "team": team,
        "person": person,
        "provider": "sandbox",
        "character": fields.pop("character", None) or character(team, person),
        "motion": clip,
        "behaviour": "animate",
        "quote": quote_today(clip.duration or 0, fields.pop("resolution", "720p")),
        "prompt": "",
        "seed": 7,
        "seed_generated": False,
    }
    return JobOrder(**{**defaults, **fields})


def job(team: Team, person: User, **fields: Any) -> Job:
    """A queued job, due now."""
    return verbs.accept(order(team, person, **fields))


def spend_request(team: Team, person: User, *, note: str = "", **fields: Any) -> SpendRequest:
    return request_verbs.ask(order(team, person, **fields), note=note)
