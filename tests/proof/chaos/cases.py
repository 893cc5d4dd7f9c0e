"""One click each: a job, and what the provider does to it."""

import random
import secrets
from collections import deque
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import requests
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile

from tests import factories
from tests.media.clips import FASTSTART, clip
from tests.proof.chaos.apixo import Apixo
from tests.proof.chaos.outcomes import BY_CLASS, HANGS, MAY_REPEAT, Class, Variant
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.money.queries import quote_today
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source

LENGTHS = (2.0, 5.0, 7.25, 14.2, 26.0, 61.3, 120.0, 131.5)


@dataclass
class Case:
    """`marker` is the prompt, by which the provider's books and the studio's rows are compared."""

    marker: str
    nonce: UUID
    motion: Source
    resolution: str
    behaviour: str


class Cast:
    """Alice's team with its sources, and the way its jobs come to be: by row, or by her browser's form."""

    def __init__(self, apixo: Apixo, seed: int) -> None:
        self._apixo = apixo
        self._dice = random.Random(seed)
        self._count = 0
        self.team: Team = factories.team()
        self.alice: User = factories.user("Alice")
        Membership.objects.create(team=self.team, user=self.alice, role=Membership.Role.OWNER)
        self.film = clip(1.0, fps=5, options=FASTSTART)
        picture = ContentFile(self.film, name="mira.png")
        self.character = factories.character(self.team, self.alice, file=picture)
        self.motions = [
            factories.motion(self.team, self.alice, file=ContentFile(self.film, name="walk.mp4"), duration=length)
            for length in LENGTHS
        ]
        self._cookies = self._sign_in()

    def new(self, variant: Variant, call: str = "") -> Case:
        """A case whose first POST meets `variant`; what can be repeated may meet more trouble afterwards."""
        dice, self._count = self._dice, self._count + 1
        motion = dice.choice(self.motions)
        via = f" via {variant.via}{' always' * (dice.random() < 0.2)}" if variant.via else ""
        marker = f"case {self._count} {motion.duration}s{via}{HANGS * (variant.ending == 'hang')}"
        script = deque([] if variant.via else [variant])
        if variant.kind in MAY_REPEAT:
            more = [BY_CLASS[kind][0] for kind in dice.choices([variant.kind, *MAY_REPEAT - {Class.NOT_SENT}], k=3)]
            script.extend(each for each in more[: dice.choice((0, 0, 1, 2, 3))] if not each.via)
        self._apixo.script[marker] = script
        self._apixo.call[marker] = call or dice.choice(("early", "late", "late", "never"))
        return Case(marker, uuid4(), motion, dice.choice(("480p", "720p")), dice.choice(("animate", "replace")))

    def write(self, case: Case) -> None:
        """The job as the click makes it, without the web."""
        quote = quote_today(case.motion.duration or 0, case.resolution)
        options: dict[str, Any] = {"prompt": case.marker, "nonce": case.nonce, "behaviour": case.behaviour}
        inputs = {"character": self.character, "motion": case.motion}
        factories.job(self.team, self.alice, provider="apixo", quote=quote, **options, **inputs)

    def click(self, case: Case) -> bool:
        """The form, posted once. Whether the answer arrived and led to the job."""
        quote = quote_today(case.motion.duration or 0, case.resolution)
        fields = {
            "nonce": str(case.nonce),
            "team": str(self.team.pk),
            "quoted": str(quote.price),
            "character": str(self.character.pk),
            "motion": str(case.motion.pk),
            "prompt": case.marker,
            "behaviour": case.behaviour,
            "resolution": case.resolution,
            "seed_mode": "random",
        }
        return self._post("/jobs/", fields) == 302

    def upload(self, name: str) -> bool:
        """A clip for later, as the studio's script sends it."""
        files = {"file": (name, self.film, "video/mp4")}
        return self._post("/uploads/add/", {"kind": "motion", "team": str(self.team.pk)}, files) == 201

    def _post(self, path: str, fields: dict[str, str], files: Any = None) -> int:
        """The status, or 0 if the server died over it."""
        token = self._cookies[settings.CSRF_COOKIE_NAME]
        try:
            return requests.post(
                f"{settings.LINK_BASE}{path}",
                data=fields | {"csrfmiddlewaretoken": token},
                files=files,
                cookies=self._cookies,
                headers={"HX-Request": "true"} if files else {},
                allow_redirects=False,
                timeout=30,
            ).status_code
        except requests.RequestException:
            return 0

    def _sign_in(self) -> dict[str, str]:
        session = SessionStore()
        session[SESSION_KEY] = str(self.alice.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = self.alice.get_session_auth_hash()
        session.create()
        assert session.session_key
        return {settings.SESSION_COOKIE_NAME: session.session_key, settings.CSRF_COOKIE_NAME: secrets.token_hex(16)}


def job_of(case: Case) -> Job:
    return Job.objects.get(nonce=case.nonce)
