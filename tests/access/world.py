"""One row of everything that addresses name, in Alice's team; and a browser for everybody who may come for it."""

import time
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

from django.core import signing
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.access import people as who
from tests.money.test_ledger import again, follow, lost
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.api.authentication import create_token
from wanstudio.api.models import ApiToken
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.money.queries import quote_today
from wanstudio.notifications.models import Delivery, Kind, Notification, Webhook, unsubscribe_token
from wanstudio.notifications.push_devices import Subscription, add_device
from wanstudio.notifications.verbs import Event, notify, set_up_webhook
from wanstudio.review.verbs import Said, add_comment
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Invitation, Membership
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import PartialUpload, Source
from wanstudio.uploads.queries import _SALT as FILES
from wanstudio.uploads.scans import Scan
from wanstudio.videos.models import Video
from wanstudio.videos.verbs import bin_videos, collect, collection_named, put_tag_on, tag_named

# In every title and text of the team, and in no template: a page that holds it shows what is the team's.
MARK = "zebrafish"
PASSWORD = "a password for guests"


class World:
    """`ids`: what forms name. `at`: the parts of an address, by the name of the thing it is about."""

    def __init__(self) -> None:
        self.team = factories.team("Northlight", is_first=True)
        self.people = {name: self._person(name) for name in who.in_order(who.PERSONS)}
        self.ids: dict[str, Any] = {"team": self.team.pk, "nonce": uuid4(), "price": quote_today(14.2, "720p").price}
        self.at: dict[str, dict[str, Any]] = {}
        self._make_inputs()
        self._make_jobs()
        self._make_videos()
        self._make_links()
        self._make_money()
        self.tokens = {name: self._token(name) for name in self.people}
        # Last of all: what they did before stays theirs.
        Membership.objects.get(user=self.people[who.REMOVED]).delete()
        self._cookies = {name: self._signed_in(name) for name in who.EVERYBODY}

    def browser(self, name: str, *, api: bool = False) -> Client:
        """As it was when it came: what one request does to its cookies does not reach the next."""
        headers = {"Authorization": f"Bearer {self.tokens[name]}"} if api and name in self.tokens else {}
        client = Client(headers=headers, raise_request_exception=False)
        client.cookies = SimpleCookie(self._cookies[name].output(header="", sep=";"))
        return client

    def _person(self, name: str) -> User:
        team = factories.team("Elsewhere") if name == who.ELSEWHERE else self.team
        role = {who.ELSEWHERE: who.OWNER, who.REMOVED: who.ADMIN}.get(name, name)
        made = factories.user(name.title())
        Membership.objects.create(team=team, user=made, role=role)
        return made

    def _token(self, name: str) -> str:
        mine = Membership.objects.get(user=self.people[name])
        created = create_token(mine, MARK if name == who.CREATOR else name, ApiToken.Scope.MAKE)
        if name == who.CREATOR:
            self._is("token", created.token)
        return created.secret

    def _signed_in(self, name: str) -> "SimpleCookie":
        client = Client()
        if name in self.people:
            client.force_login(self.people[name])
            session = client.session
            # A password given late enough that nobody is stopped for having to give it again.
            given = {"method": "password", "reauthenticated": True, "at": time.time() + 3600}
            session["account_authentication_methods"] = [given]
            session["account_authentication_methods_user"] = str(self.people[name].pk)
            session.save()
        if name == who.GUEST:
            client.post(reverse("shared.unlock", args=[self.at["share"]["token"]]), {"password": PASSWORD})
        return client.cookies

    def _is(self, name: str, row: Any, **more: Any) -> None:
        self.ids[name] = row.pk
        self.at[name] = {"pk": row.pk, **more}

    def _make_inputs(self) -> None:
        owner, facts = self.people[who.OWNER], {"name": f"{MARK}.png", "poster": ContentFile(b"poster", name="p.jpg")}
        self.upload = factories.character(self.team, owner, **facts)
        self.clip = factories.motion(self.team, owner, **(facts | {"name": f"{MARK}.mp4"}))
        binned: Source = factories.character(self.team, owner, **facts)
        source_verbs.discard(binned, owner)
        self._is("upload", self.upload)
        self._is("clip", self.clip)
        strip = ContentFile(b"strip", name="s.jpg")
        shown = {"preview": ContentFile(b"clip", name="p.mp4"), "conversion": "shown"}
        scanned = factories.motion(self.team, owner, **(facts | shown | {"name": f"{MARK}.mp4"}))
        Scan.objects.create(source=scanned, strip=strip, strip_count=24)
        self._is("scanned_clip", scanned)
        self._is("binned_upload", binned)
        begun = {"team": self.team, "person": self.people[who.CREATOR], "kind": "motion", "size_bytes": 5}
        self._is("part", PartialUpload.objects.create(**begun, name=f"{MARK}.mp4"))
        self.at["signed"] = {"signed": signing.dumps(self.upload.pk, salt=FILES), "name": "character.png"}

    def _make_jobs(self) -> None:
        by = self.people[who.CREATOR]
        job = factories.job(self.team, by, prompt=MARK)
        verbs.rename(job, MARK, by=by)
        self._is("job", job)
        self._is("unconfirmed", lost(factories.job(self.team, by, provider="apixo")))
        twice = follow(again(lost(factories.job(self.team, by, provider="apixo"))), "task_2")
        attempt = Attempt.objects.filter(job=twice).order_by("pk")[0]
        self._is("running", twice)
        self._is("try", twice, attempt=attempt.pk)
        self.at["callback"] = {"token": attempt.callback_token}

    def _make_videos(self) -> None:
        by = self.people[who.CREATOR]
        self.video = finished(self.team, by, title=MARK)
        binned = finished(self.team, by, title=MARK)
        bin_videos([binned], by)
        tag = tag_named(self.team, MARK)
        self.collection = collection_named(self.team, by, MARK)
        assert tag
        assert self.collection
        put_tag_on(tag, [self.video])
        collect(self.collection, [self.video], by)
        self._is("video", self.video)
        self._is("binned", Video.objects.get(pk=binned.pk))
        self._is("collection", self.collection)
        self._is("comment", add_comment(self.video, Said(MARK), by))

    def _make_links(self) -> None:
        by, owner = self.people[who.CREATOR], self.people[who.OWNER]
        link = make_link(self.video, by, password=PASSWORD, may_comment=True)
        self._is("link", link)
        self.at["share"] = {"token": link.token}
        self.at["shared_video"] = {"token": link.token, "pk": self.video.pk}
        invitation = Invitation.objects.create(team=self.team, role=who.VIEWER, invited_by=owner)
        self._is("invitation", invitation)
        self.at["invite"] = {"token": invitation.token}
        self._is("member", Membership.objects.get(user=self.people[who.VIEWER]))
        notify([owner], Event(self.team, Kind.FAILED, "matrix", MARK, on=self.video.job))
        self._is("notification", Notification.objects.get(event="matrix"))
        self.at["unsubscribe"] = {"token": unsubscribe_token(owner, "daily")}
        given = Subscription("https://push.example.com/", "key", "secret")
        self.ids["device"] = add_device(owner, "session", given, "Firefox on Linux").pk
        wanted = [owner.pk, owner.email, "new@example.com"]
        self.at["new_email"] = {"token": signing.dumps(wanted, salt="wanstudio.email")}

    def _make_money(self) -> None:
        owner = self.people[who.OWNER]
        creator = self.people[who.CREATOR]
        given = {"character": self.upload, "motion": self.clip, "prompt": MARK}
        asked = factories.spend_request(self.team, creator, note=MARK, **given)
        self._is("asked", asked)
        self.at["by_mail"] = {"token": asked.token_for(owner)}
        set_up_webhook(self.team, "https://hooks.example.com/", by=owner)
        hook = Webhook.objects.get(team=self.team)
        self._is("delivery", Delivery.objects.create(webhook=hook, event="matrix", kind="test", body="{}"))
