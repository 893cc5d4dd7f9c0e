"""A whole studio: its people and what each of them has, by the product's own models and verbs; the many rows by SQL."""

from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from django.db.models import Max

from bench.seed import EMAIL, MEMBER, PASSWORD
from bench.seeding import history, library
from bench.seeding.bulk import insert, loading, run
from bench.seeding.plan import JOB, SOURCE, Crowd, Plan, moment
from tests.media.clips import FASTSTART, clip
from wanstudio.accounts.models import User
from wanstudio.api.authentication import create_token
from wanstudio.api.models import ApiToken
from wanstudio.jobs.models import Attempt, Job
from wanstudio.media.isolated import verify_video
from wanstudio.money.models import Entry, Money
from wanstudio.requests.models import LASTS, SpendRequest
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import FormerMember, Membership, Team
from wanstudio.videos.models import Collection, Tag, Video, key_of

TEAM, OTHER_TEAM = "Northlight", "Southpaw"
NAMES = (
    *("Ben Adler", "Mia Kowalska", "Zoë Lindqvist", "José Ñúñez", "Анна Петрова", "桜 田中", "ليلى حسن", "Tom Baker"),
    *("Ines Ferreira", "Lars Åberg", "Chloé Martin", "Иван Волков", "健 佐藤", "عمر خالد", "Ada Byron", "Finn O’Neill"),
    *("Nora Weiß", "Paul Ek", "Rita Moss", "Sam Vu", "Uma Left", "Vic Gone"),
)
MEMBERS = 20
TAGS, COLLECTIONS = 150, 40
FILES = 60


def fill_up(videos: int, now: float) -> dict[str, object]:
    """Into an empty, migrated database. The answer is what opens its doors."""
    people, teams = _people(), _teams()
    makers = [person.pk for person in people]
    # Viewers make nothing; two have left, with what they made.
    ours = Crowd(teams[0].pk, [*makers[:18], *makers[20:22]], [], [], deque(maxlen=50))
    theirs = Crowd(teams[1].pk, makers[22:24], [], [], deque(maxlen=50))
    _seats(teams, people)
    plan = Plan(videos, now, (ours, theirs))
    tags, collections = _shelves(teams, people, plan)
    days_ago = [moment(now - days * 86400 - 7) for days in range(1, 21)]
    team, owner = teams[0].pk, makers[0]
    with loading():
        insert("wanstudio_source", SOURCE, plan.sources(max(40, videos // 20)))
        insert("wanstudio_job", JOB, plan.rows(), callback=1)
        history.results()
        history.bin_some(days_ago, owner, team)
        history.attempts()
        history.timeline()
        history.ledger()
        history.balances()
        for one in teams:
            library.verdicts(one.pk, owner if one == teams[0] else makers[22])
        library.approvals()
        library.tags(team, tags, TAGS)
        library.collections(team, collections, COLLECTIONS, owner)
        library.stars(team, makers[:6])
        library.comments(team, makers[1:3])
        history.activity(owner, moment(now))
        history.notifications(moment(now - 180 * 86400))
    _sent_again(team)
    _requests(team, now)
    _files(team)
    return _doors(teams[0], people)


def _people() -> list[User]:
    """Ben the owner, Mia an admin, and so on; the last two are the other team's."""
    known = make_password(PASSWORD)
    names = (*NAMES, "Olga South", "Pete South")
    emails = [f"person{number}@northlight.example" for number in range(len(names))]
    emails[:2] = EMAIL, MEMBER
    rows = [User(name=name, email=email, password=known) for name, email in zip(names, emails, strict=True)]
    User.objects.bulk_create(rows)
    return list(User.objects.order_by("pk"))


def _teams() -> list[Team]:
    cap = Decimal("250000.00")
    return [Team.objects.create(name=TEAM, is_first=True, monthly_cap=cap), Team.objects.create(name=OTHER_TEAM)]


def _seats(teams: list[Team], people: list[User]) -> None:
    roles = ["owner", "admin", *["creator"] * 16, "viewer", "viewer"]
    caps = {2: Decimal("20.00"), 3: Decimal("60000.00"), 4: Decimal("60000.00"), 5: Decimal("0.00")}
    for number, role in enumerate(roles):
        Membership.objects.create(team=teams[0], user=people[number], role=role, monthly_cap=caps.get(number))
    for person, role in zip(people[22:24], ("owner", "creator"), strict=True):
        Membership.objects.create(team=teams[1], user=person, role=role)
    FormerMember.objects.create(team=teams[0], user=people[20], monthly_cap=Decimal("20.00"))
    User.objects.filter(pk__in=[person.pk for person in people[:MEMBERS]]).update(last_team=teams[0])


def _shelves(teams: list[Team], people: list[User], plan: Plan) -> tuple[int, int]:
    """Empty tags and collections; the ids of the first ones."""
    names = list({key_of(word): word for word in plan.talker.words}.values())[:TAGS]
    Tag.objects.bulk_create([Tag(team=teams[0], name=name, key=key_of(name)) for name in names])
    for number in range(COLLECTIONS):
        is_private = number % 8 == 7
        Collection.objects.create(
            team=teams[0],
            person=people[number % 5],
            name=plan.talker.phrase(1, 3),
            position=number,
            visibility="private" if is_private else "team",
        )
    Tag.objects.create(team=teams[1], name="Theirs", key="theirs")
    Collection.objects.create(team=teams[1], person=people[22], name="Theirs")
    tag = Tag.objects.filter(team=teams[0]).order_by("pk").values_list("pk", flat=True)[0]
    return tag, Collection.objects.filter(team=teams[0]).order_by("pk").values_list("pk", flat=True)[0]


def _sent_again(team: int) -> None:
    """Five jobs whose first attempt may have been charged, too."""
    chosen = Job.objects.filter(team=team, state="done", provider="apixo").order_by("-pk")[40:540:100]
    for job in chosen:
        first = Attempt.objects.create(
            job=job, provider=job.provider, outcome="unknown", money=Money.UNKNOWN, created_at=job.created_at
        )
        came = Entry.objects.filter(job=job).order_by("pk")[0]
        same = {"team_id": team, "person_id": job.person_id, "job": job, "provider": job.provider, "amount": job.price}
        Entry.objects.create(**same, attempt=first, kind="unknown", reserved=-job.price, unknown=job.price, origin=came)
        Entry.objects.create(**same, kind="reserved", reserved=job.price)


def _requests(team: int, now: float) -> None:
    """Forty spend requests, eight of them open."""
    at = datetime.fromtimestamp(now, UTC)
    like = list(Job.objects.filter(team=team, state="done", spend_request=None).order_by("-pk")[:40])
    for number, job in enumerate(like):
        is_open = number < 8
        SpendRequest.objects.create(
            team_id=team,
            person_id=job.person_id,
            provider="apixo",
            character_id=job.character_id,
            motion_id=job.motion_id,
            behaviour=job.behaviour,
            resolution=job.resolution,
            prompt=job.prompt,
            seed=job.seed,
            price=job.price,
            note="For the launch." if number % 2 else "",
            state="asked" if is_open else "declined" if number % 3 == 0 else "withdrawn",
            created_at=at - timedelta(hours=number),
            expires_at=at + LASTS * 300,
            decided_at=None if is_open else at,
        )


def _files(team: int) -> None:
    """The newest videos have their files, all the same ones."""
    chosen = list(Video.objects.filter(job__team=team).order_by("-pk")[:FILES])
    film = clip(4.0, options=FASTSTART)
    storage = Video._meta.get_field("file").storage
    for number, video in enumerate(chosen):
        name, poster = str(video.file.name), str(video.poster.name)
        storage.save(name, ContentFile(film))
        if number == 0:
            picture = verify_video(Path(storage.path(name)))[1]
        storage.save(poster, ContentFile(picture))
    size = {"size_bytes": len(film), "sha256": sha256(film).hexdigest()}
    Video.objects.filter(pk__in=[video.pk for video in chosen]).update(**size)


def _doors(team: Team, people: list[User]) -> dict[str, object]:
    """A link to the newest video, one to a collection, and a token of the owner."""
    video = Video.objects.filter(job__team=team, binned_at=None).order_by("-pk")[0]
    collection = Collection.objects.filter(team=team).order_by("pk")[0]
    for old in Video.objects.filter(job__team=team, binned_at=None).order_by("-pk")[100:300:5]:
        make_link(old, people[1])
    one, many = make_link(video, people[0], may_comment=True), make_link(collection, people[0])
    membership = Membership.objects.get(team=team, user=people[0])
    return {
        "video_link": f"/s/{one.token}/",
        "collection_link": f"/s/{many.token}/",
        "api_token": create_token(membership, "Bench", ApiToken.Scope.MAKE).secret,
        "newest_job": Job.objects.aggregate(pk=Max("pk"))["pk"],
        "newest_video": video.pk,
        "rows": {table: run(f"SELECT count(*) FROM {table}")[0][0] for table in ("wanstudio_job", "wanstudio_video")},
    }
