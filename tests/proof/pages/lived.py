"""A team that has lived in its studio: all roles, money, links, things in the bin. Run by the studio's own shell."""

import json
from decimal import Decimal

from tests import factories
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.api.authentication import create_token
from wanstudio.api.models import ApiToken
from wanstudio.notifications.models import Kind
from wanstudio.notifications.verbs import Event, notify, set_up_webhook
from wanstudio.review.verbs import Said, add_comment
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.uploads import verbs as source_verbs
from wanstudio.videos.models import Video
from wanstudio.videos.verbs import bin_videos, collect, collection_named, put_tag_on, tag_named

LONG = "The final cut of the launch film for the harbour festival"


def live() -> None:
    """Prints the addresses that such a team has, by the group of pages they belong to."""
    team, owner = Team.objects.get(is_first=True), User.objects.get(memberships__role="owner")
    video, member = _works(team, owner)
    print(json.dumps(_money(team, owner) | _people(team, owner, member) | _library(team, owner, video)))  # noqa: T201


def _works(team: Team, owner: User) -> tuple[Video, Membership]:
    people = {role: factories.user(role.label, team) for role in Membership.Role if role != Membership.Role.OWNER}
    for role, person in people.items():
        Membership.objects.filter(user=person).update(role=role, monthly_cap=Decimal(2))
        finished(team, person, title=LONG, provider="apixo")
    video = finished(team, owner, title=LONG)
    add_comment(video, Said("The left hand melts.", 1.0, 2.0), people[Membership.Role.VIEWER])
    notify([owner], Event(team, Kind.FAILED, "lived", f"“{LONG}” failed.", on=video.job))
    return video, Membership.objects.get(user=people[Membership.Role.CREATOR])


def _money(team: Team, owner: User) -> dict[str, list[str]]:
    Team.objects.filter(pk=team.pk).update(monthly_cap=Decimal(100))
    creator = User.objects.get(name="Creator")
    asked = factories.spend_request(
        team,
        creator,
        character=factories.character(team, owner),
        motion=factories.motion(team, owner, duration=120.0),
        note=LONG,
    )
    return {"money": ["/usage/", "/usage/?month=all", "/usage/?month=2020-01", f"/spending/{asked.pk}/"]}


def _people(team: Team, owner: User, member: Membership) -> dict[str, list[str]]:
    invitation = Invitation.objects.create(team=team, role="viewer", invited_by=owner, email="dora@client.example")
    Invitation.objects.create(team=team, role="admin", invited_by=owner)
    set_up_webhook(team, "https://hooks.example.com/northlight", by=owner)
    create_token(Membership.objects.get(user=owner), "Nightly renders", ApiToken.Scope.MAKE)
    return {
        "people": ["/team/", "/team/new/", f"/team/people/{member.pk}/owner/", "/activity/", "/settings/webhook/"],
        "invited": [f"/invite/{invitation.token}/"],
    }


def _library(team: Team, owner: User, video: Video) -> dict[str, list[str]]:
    tag, collection = tag_named(team, LONG), collection_named(team, owner, LONG)
    assert tag
    assert collection
    put_tag_on(tag, [video])
    collect(collection, [video], owner)
    bin_videos([finished(team, owner, title=LONG)], owner)
    source_verbs.discard(factories.character(team, owner, name=f"{LONG}.png"), owner)
    links = [
        make_link(video, owner, may_comment=True, may_download=True),
        make_link(video, owner, password="quay at dawn"),
        make_link(collection, owner),
    ]
    lists = ["/collections/", f"/videos/?collection={collection.pk}", "/videos/bin/", "/videos/bin/?kind=uploads"]
    return {
        "library": [
            *lists,
            f"/videos/{video.pk}/",
            f"/videos/{video.pk}/share/",
            f"/collections/{collection.pk}/share/",
        ],
        "guests": [*(f"/s/{link.token}/" for link in links), "/s/nothing/"],
    }
