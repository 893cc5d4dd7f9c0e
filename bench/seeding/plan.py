"""Sources and jobs of five years, row by row, each job the version of the first one with its inputs."""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import sqrt
from typing import NamedTuple

from bench.seeding.vocabulary import Talker

YEARS_S = 5 * 365.25 * 86400
UNFINISHED = ["running"] * 30 + ["queued"] * 5 + ["uncertain"] * 3
FAILURES = ("PROCESSING_TIMEOUT", "INVALID_PROMPT", "NSFW_DETECTED", "NOT_CHARGED")

SOURCE = (
    *("id", "team_id", "person_id", "kind", "name", "url", "file", "poster", "fingerprint", "format", "size_bytes"),
    *("width", "height", "duration", "fps", "has_audio", "probed_at", "used_at", "created_at", "cleaned_at"),
)
JOB = (
    *("id", "team_id", "person_id", "character_id", "motion_id", "lineage_id", "video_id", "nonce", "task_id"),
    *("title", "prompt", "behaviour", "resolution", "seed", "seed_generated", "duration", "billed_seconds"),
    *("unit_price", "price", "money", "state", "provider", "failure", "cost_ms", "polls", "version", "due_at"),
    *("created_at", "started_at", "result_at", "ended_at", "alerted_at", "ask_person", "position"),
)


# Its id, length, and billed seconds.
Motion = tuple[int, float, float]
Inputs = tuple[int, Motion, str]


class Crowd(NamedTuple):
    """A team: who makes how many of its videos (more often named, more often chosen), and its sources."""

    team: int
    makers: Sequence[int]
    characters: list[int]
    motions: list[Motion]
    recent: deque[Inputs]


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "microseconds")[:26]


class Plan:
    """`now`: when the newest job is made, in seconds. Later jobs come closer together: a studio that grows."""

    def __init__(self, videos: int, now: float, crowds: tuple[Crowd, Crowd]) -> None:
        self.now, self.crowds = now, crowds
        self.chance = random.Random(videos)
        self.talker = Talker(self.chance)
        self.done = videos
        # Of a hundred jobs two fail, and every two hundredth is the other team's.
        self.jobs = round(videos * 1.0205) + max(30, videos // 200) + len(UNFINISHED)
        self.stacks: dict[tuple[int, int, str], tuple[int, str]] = {}

    def sources(self, count: int) -> Iterator[tuple[object, ...]]:
        """Half of them pictures, half clips; the other team has at least twenty."""
        others = max(20, count // 200)
        for pk in range(1, count + others + 1):
            yield self._source(pk, self.crowds[pk > count], (pk if pk <= count else pk - count) / max(count, 1))

    def _source(self, pk: int, crowd: Crowd, share: float) -> tuple[object, ...]:
        at = moment(self.now - YEARS_S * (1 - sqrt(min(share, 1.0))) - 60)
        is_motion, name, hexes = pk % 2 == 0, self.talker.phrase(1, 3), f"{pk:032x}"
        person = crowd.makers[pk % len(crowd.makers)]
        linked = pk % 10 == 3
        ending = "mp4" if is_motion else "png"
        file = "" if linked else f"sources/{crowd.team}/{hexes}.{ending}"
        url = f"https://files.example/{hexes}.{ending}" if linked else ""
        poster = f"sources/{crowd.team}/{hexes}.jpg" if is_motion else ""
        same = (pk, crowd.team, person, "motion" if is_motion else "character", f"{name}.{ending}", url, file, poster)
        if not is_motion:
            crowd.characters.append(pk)
            return (*same, hexes * 2, "PNG", 900_000 + pk % 700_000, 768, 1152, None, None, False, at, at, at, at)
        length = round(2 + self.chance.random() ** 2 * 60, 2)
        crowd.motions.append((pk, length, min(max(length, 5.0), 120.0)))
        facts = ("mp4", 3_000_000 + pk % 7_000_000, 720, 1280, length, 30.0, pk % 4 == 0)
        return (*same, hexes * 2, *facts, at, at, at, at)

    def rows(self) -> Iterator[tuple[object, ...]]:
        """The jobs, oldest first. Ids of videos run on their own: failed jobs have none."""
        every = max(2, self.jobs // max(30, self.done // 200))
        video, unfinished = 0, self.jobs - len(UNFINISHED)
        for pk in range(1, self.jobs + 1):
            state = UNFINISHED[pk - unfinished - 1] if pk > unfinished else "failed" if pk % 50 == 7 else "done"
            crowd = self.crowds[pk % every == 1 and pk <= unfinished]
            video += state == "done"
            yield self._job(pk, crowd, state, video)

    def _inputs(self, crowd: Crowd, share: float) -> Inputs:
        """One in six is another version of a recent one; most others use what was uploaded lately."""
        chance = self.chance.random
        if len(crowd.recent) > 9 and chance() < 1 / 6:
            return crowd.recent[int(chance() * len(crowd.recent))]
        character = crowd.characters[int(share * (1 - chance() ** 3 * 0.9) * (len(crowd.characters) - 1))]
        motion = crowd.motions[int(share * (1 - chance() ** 3 * 0.9) * (len(crowd.motions) - 1))]
        crowd.recent.append((character, motion, "animate" if chance() < 0.8 else "replace"))
        return crowd.recent[-1]

    def _job(self, pk: int, crowd: Crowd, state: str, video: int) -> tuple[object, ...]:
        chance = self.chance.random
        share = sqrt(pk / self.jobs)
        character, (motion, length, billed), behaviour = self._inputs(crowd, share)
        inputs = (character, motion, behaviour)
        if inputs not in self.stacks:
            title = self.talker.phrase(1, 4)
            self.stacks[inputs] = (pk, title[0].upper() + title[1:])
        first, title = self.stacks[inputs]
        is_small = chance() < 0.4
        price = f"{billed * (0.04 if is_small else 0.08):.2f}"
        created = self.now - YEARS_S * (1 - share)
        began = created + 1.5 + chance()
        took = billed * (6 if is_small else 9) * (0.7 + chance())
        person = crowd.makers[int(chance() ** 2 * len(crowd.makers))]
        prompt = "" if chance() < 0.2 else self.talker.phrase(3, 18)
        seed = int(chance() * 2**31)
        is_moving = state in ("running", "queued", "uncertain")
        if is_moving:
            created = self.now - 5 * (self.jobs - pk) - 1
            began = created + 2
        waits = state == "queued"
        uncertain = state == "uncertain"
        provider = "sandbox" if pk % 25 == 3 else "apixo"
        failure = FAILURES[pk // 50 % 4] if state == "failed" else ""
        money = {"done": "settled", "failed": "assumed", "uncertain": "unknown"}.get(state, "reserved")
        ended = moment(began + took + 4) if not is_moving else None
        return (
            *(pk, crowd.team, person, character, motion, None if first == pk else first),
            *(video if state == "done" else None, f"{pk:032x}", "" if waits or uncertain else f"task-{pk:x}"),
            *(title, prompt, behaviour, "480p" if is_small else "720p", seed, seed % 3 > 0, length, f"{billed:.6f}"),
            *("0.0400" if is_small else "0.0800", price, money, state, provider, failure),
            *(int(took * 1000) if state == "done" else None, 2 + pk % 9, 5 if not is_moving else 3),
            # Far away: a worker that is started on this studio leaves them alone.
            moment(self.now + 365 * 86400) if is_moving and not uncertain else None,
            *(moment(created), None if waits or uncertain else moment(began)),
            *(moment(began + took) if state == "done" else None, ended),
            *(moment(created + 40) if uncertain else None, uncertain, pk - self.jobs + 8 if waits else None),
        )
