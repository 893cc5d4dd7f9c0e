"""Typed words: every form of every page, sent when the session is gone, holds them again after signing in."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django import forms
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse

from tests import factories
from tests.access import people as who
from tests.access.table import TABLE
from tests.access.test_matrix import address
from tests.access.world import World
from tests.factories import PASSWORD
from tests.page_form import png, text_of, upload
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.jobs.models import Job
from wanstudio.notifications.models import Kind, When
from wanstudio.review.models import Comment
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video
from wanstudio.web import typed_words

pytestmark = pytest.mark.django_db
WORDS = "quince & “marmalade” <b>"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
# Nobody is signed out of these; and the only field of the key's page is a secret.
BEFORE = ("account_", "mfa_", "setup", "shared.", "invitations.show", "requests.by_mail", "keys.show")
TEXTS = ("text", "textarea", "search", "number", "url", "email", "date", "tel")


@dataclass
class Form:
    """A form as a browser knows it: `typed` are the fields that a person writes into, `sent` all that it posts."""

    action: str
    typed: dict[str, str] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)


class Page(HTMLParser):
    """An own reading of forms, so that the product's is not tested by itself."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._path, self._form, self._area = path, None, ""
        self.feed(text)

    _form: Form | None

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        attrs = {name: value or "" for name, value in given}
        if tag == "form" and attrs.get("method") == "post":
            self._form = Form(urljoin(self._path, attrs.get("action") or self._path))
            self.forms.append(self._form)
        if self._form is None:
            return
        name, kind = attrs.get("name", ""), attrs.get("type", "text") if tag == "input" else tag
        if not name or "disabled" in attrs or "readonly" in attrs:
            return
        if kind in TEXTS:
            self._form.typed[name] = attrs.get("value", "")
            self._area = name if tag == "textarea" else ""
        elif kind == "hidden" or (kind in ("checkbox", "radio") and "checked" in attrs):
            self._form.sent.setdefault(name, attrs.get("value", "on"))

    def handle_data(self, data: str) -> None:
        if self._form and self._area:
            self._form.typed[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._form and self._area:
            # A browser drops the first line break.
            self._form.typed[self._area] = self._form.typed[self._area].removeprefix("\n")
            self._area = ""
        elif tag == "form":
            self._form = None


@pytest.fixture(autouse=True)
def fresh_cache(db: None) -> None:
    cache.clear()


def forms_at(browser: Client, path: str, **more: Any) -> list[Form]:
    shown = browser.get(path, **more)
    is_page = shown.status_code == 200 and shown.headers.get("Content-Type", "").startswith("text/html")
    return Page(shown.content.decode(), path).forms if is_page else []


def test_every_form_of_every_page_holds_its_words_after_signing_in() -> None:
    """From each page of the access table; the forms that are met must be all that the templates have."""
    world, met, lost = World(), set[str](), list[str]()
    pages = [(who.OWNER, route) for route in sorted(TABLE) if who.OWNER in TABLE[route].get]
    # One edits one's own comments only.
    paths = [(name, address(route, TABLE[route], world)) for name, route in [*pages, (who.CREATOR, "videos/<int:pk>/")]]
    for name, path in [*paths, *((who.OWNER, f"/jobs/{world.at[job]['pk']}/") for job in ("unconfirmed", "try"))]:
        if path.startswith("/api/") or path.endswith(("file", "poster", ".csv")):
            continue
        for form in forms_at(world.browser(name), path):
            route_name = str(resolve(urlsplit(form.action).path).view_name)
            if not form.typed or f"{route_name} {[*form.typed]}" in met or route_name.startswith(BEFORE):
                continue
            met |= {route_name, f"{route_name} {[*form.typed]}"}
            with transaction.atomic():
                lost += [f"{route_name} on {path}: {why}" for why in [kept_or_not(world, name, form, path)] if why]
                transaction.set_rollback(True)
    assert not lost, "\n".join(lost)
    assert met >= named_in_templates()


def kept_or_not(world: World, name: str, form: Form, path: str) -> str:
    browser = world.browser(name)
    Session.objects.all().delete()
    typed = {name: f"{WORDS} {name}" for name in form.typed}
    away = send(browser, form, path, typed)
    if away.status_code != 302 or "/login/" not in away["Location"]:
        return f"not led to sign-in: {away.status_code}"
    back = sign_in(browser, away["Location"], world.people[name])
    # What is a secret does not survive, in whatever kind of field it is typed.
    expected = {name: form.typed[name] if name == "password" else words for name, words in typed.items()}
    if expected not in (again := [each.typed for each in forms_at(browser, back) if each.action == form.action]):
        return f"{again} at {back}"
    return ""


def send(browser: Client, form: Form, path: str, typed: dict[str, str], **headers: str) -> Any:
    return browser.post(form.action, {**form.sent, **typed}, headers={"referer": f"http://testserver{path}", **headers})


def sign_in(browser: Client, door: str, person: User) -> str:
    """Through the form, with the password given once more where the page asks for it. The page that it leads to."""
    (form,) = (each for each in forms_at(browser, door) if "login" in each.typed)
    back = str(send(browser, form, door, {"login": person.email, "password": PASSWORD})["Location"])
    if (asked := browser.get(back)).status_code == 302 and "reauthenticate" in asked["Location"]:
        return str(browser.post(asked["Location"], {"password": PASSWORD})["Location"])
    return back


def named_in_templates() -> set[str]:
    """The routes, by their names, of all forms in the templates that something can be typed into."""
    found = set()
    for file in TEMPLATES.rglob("*.html"):
        for head, body in re.findall(r'(<form[^>]*method="post"[^>]*>)(.*?)</form>', file.read_text(), re.DOTALL):
            if re.search(
                r'<textarea|_field\.html|_options\.html|<input(?![^>]*type="(?:hidden|checkbox|radio|file)")', body
            ):
                found |= set(re.findall(r"""(?:action|hx-post)="{% url '([\w.:]+)'""", head))
    return {name for name in found if not name.startswith(BEFORE)}


@pytest.fixture
def video(team: Team, alice: User) -> Video:
    return finished(team, alice)


def composer(browser: Client, video: Video, path: str = "/videos/{pk}/") -> Form:
    return next(each for each in forms_at(browser, path.format(pk=video.pk)) if set(each.typed) >= {"text", "at"})


def order_forms(browser: Client, path: str) -> list[Form]:
    return [each for each in forms_at(browser, path) if "prompt" in each.typed]


def test_words_are_for_who_typed_them_only(as_alice: Client, bob: User, alice: User, video: Video) -> None:
    page, form = f"/videos/{video.pk}/", composer(as_alice, video)
    Session.objects.all().delete()
    door = send(as_alice, form, page, {"text": WORDS})["Location"]
    assert "the form still has your input" in as_alice.get(door).content.decode()
    assert sign_in(as_alice, door, bob) == page
    assert WORDS not in composer(as_alice, video).typed.values()
    del as_alice.cookies[settings.SESSION_COOKIE_NAME]
    sign_in(as_alice, door, alice)
    assert composer(as_alice, video).typed["text"] == WORDS


def test_a_form_of_one_person_does_nothing_as_another(as_alice: Client, alice: User, bob: User, video: Video) -> None:
    """Bob is in her team, too, and has signed in in another tab; a script has given the form his token."""
    page, form = f"/videos/{video.pk}/", composer(as_alice, video)
    as_alice.force_login(bob)
    for more in ({}, {"hx-request": "true"}):
        assert send(as_alice, form, page, {"text": WORDS}, **more).status_code == 403
    assert not Comment.objects.exists()
    assert composer(as_alice, video).typed["text"] == ""
    as_alice.force_login(alice)
    assert composer(as_alice, video).typed["text"] == WORDS


def test_an_old_token_keeps_the_words_and_nothing_is_done(alice: User, video: Video) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    page, form = f"/videos/{video.pk}/", composer(browser, video)
    # Signed in again in another tab.
    del browser.cookies[settings.CSRF_COOKIE_NAME]
    browser.get("/")
    for more in ({}, {"hx-request": "true"}):
        assert send(browser, form, page, {"text": WORDS}, origin="http://testserver", **more).status_code == 403
        assert (again := composer(browser, video)).typed["text"] == WORDS
        assert not Comment.objects.exists()
    # Sent by a click, they are gone from the form.
    assert send(browser, again, page, again.typed, origin="http://testserver").status_code == 302
    assert Comment.objects.get().text == WORDS
    assert composer(browser, video).typed["text"] == ""


def test_cookies_that_were_deleted_keep_the_words(alice: User, video: Video) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    page, form = f"/videos/{video.pk}/", composer(browser, video)
    browser.cookies.clear()
    old = send(browser, form, page, {"text": WORDS}, origin="http://testserver")
    assert (old.status_code, f'href="{page}"' in old.content.decode()) == (403, True)
    door = browser.get(page)["Location"]
    (login,) = (each for each in forms_at(browser, door) if "login" in each.typed)
    send(browser, login, door, {"login": alice.email, "password": PASSWORD}, origin="http://testserver")
    assert composer(browser, video).typed["text"] == WORDS


def test_htmx_is_sent_to_sign_in_as_a_whole(as_alice: Client, alice: User, video: Video) -> None:
    page, form = f"/videos/{video.pk}/", composer(as_alice, video)
    as_alice.logout()
    refused = send(as_alice, form, page, {"text": WORDS}, **{"hx-request": "true"})
    assert (refused.status_code, refused["HX-Redirect"]) == (401, f"/accounts/login/?next={page}")
    assert sign_in(as_alice, refused["HX-Redirect"], alice) == page
    assert composer(as_alice, video).typed["text"] == WORDS


def test_words_for_another_comment_go_into_no_other_answer(as_alice: Client, alice: User, video: Video) -> None:
    page = f"/videos/{video.pk}/"
    for text in ("first", "second"):
        as_alice.post(reverse("comments.add", args=[video.pk]), {"text": text})
    answers = [each for each in forms_at(as_alice, page) if "parent" in each.sent]
    as_alice.logout()
    door = send(as_alice, answers[1], page, {"text": WORDS})["Location"]
    sign_in(as_alice, door, alice)
    again = {each.sent["parent"]: each.typed["text"] for each in forms_at(as_alice, page) if "parent" in each.sent}
    assert again == {answers[0].sent["parent"]: "", answers[1].sent["parent"]: WORDS}
    # The fold around it is open.
    assert re.search(r"<details class=\"reply\"[^>]* open>", as_alice.get(page).content.decode())


def test_an_order_comes_back_with_its_inputs_and_without_its_nonce(as_alice: Client, alice: User, team: Team) -> None:
    character, motion = factories.character(team, alice), factories.motion(team, alice)
    (form,) = (
        each for each in forms_at(as_alice, f"/?character={character.pk}&motion={motion.pk}") if "prompt" in each.typed
    )
    as_alice.logout()
    chosen = {"behaviour": "replace", "resolution": "720p", "seed_mode": "fixed", "prompt": WORDS, "seed": "77"}
    # No browser tells where it was: the form itself does.
    door = as_alice.post(form.action, {**form.sent, **chosen})["Location"]
    back = sign_in(as_alice, door, alice)
    (again,) = order_forms(as_alice, back)
    assert (again.typed["prompt"], again.typed["seed"]) == (WORDS, "77")
    named = ("behaviour", "resolution", "seed_mode", "character", "motion")
    assert [again.sent[name] for name in named] == ["replace", "720p", "fixed", str(character.pk), str(motion.pk)]
    assert again.sent["nonce"] != form.sent["nonce"]
    assert not Job.objects.exists()


def test_an_order_that_was_taken_comes_back_as_its_job(as_alice: Client, alice: User, team: Team) -> None:
    """Sent, and by Back once more when the session had ended: put back with a new nonce, it would be paid twice."""
    character, motion = factories.character(team, alice), factories.motion(team, alice)
    page = f"/?character={character.pk}&motion={motion.pk}"
    (form,) = order_forms(as_alice, page)
    sent = {**form.sent, "behaviour": "animate", "resolution": "480p", "prompt": WORDS, "seed_mode": "random"}
    made = as_alice.post(form.action, sent)["Location"]
    as_alice.logout()
    door = as_alice.post(form.action, sent)["Location"]
    back = as_alice.post(door, {"login": alice.email, "password": PASSWORD})["Location"]
    assert as_alice.get(back)["Location"] == made
    (again,) = order_forms(as_alice, page)
    assert (again.typed["prompt"], Job.objects.count()) == ("", 1)


def test_guest_whose_pass_has_expired_keeps_the_words(alice: User, video: Video) -> None:
    link = make_link(video, alice, password="quay at dawn", may_comment=True)
    guest, path = Client(), reverse("shared.show", args=[link.token])
    unlock = reverse("shared.unlock", args=[link.token])
    guest.post(unlock, {"password": "quay at dawn"})
    form = composer(guest, video, path)
    del guest.cookies["wanstudio_share"]
    locked = guest.post(form.action, {**form.sent, "name": "Gil", "text": WORDS})
    assert locked.status_code == 403
    assert "it is still in the form" in locked.content.decode()
    assert guest.post(unlock, {"password": "quay at dawn"})["Location"] == path
    assert (again := composer(guest, video, path)).typed["text"] == WORDS
    assert again.typed["name"] == "Gil"
    # Another browser with the same link gets nothing of it.
    other = Client()
    other.post(unlock, {"password": "quay at dawn"})
    assert composer(other, video, path).typed["text"] == ""


def test_a_failure_of_ours_keeps_the_words(as_alice: Client, video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    page, form = f"/videos/{video.pk}/", composer(as_alice, video)
    as_alice.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr("wanstudio.review.verbs.add_comment", lambda *_: 1 / 0)
        assert send(as_alice, form, page, {"text": WORDS}).status_code == 500
    assert composer(as_alice, video).typed["text"] == WORDS


def test_second_factor_that_a_team_asks_for_meanwhile_keeps_the_words(
    as_alice: Client, team: Team, video: Video
) -> None:
    page, form = f"/videos/{video.pk}/", composer(as_alice, video)
    Team.objects.update(needs_second_factor=True)
    assert send(as_alice, form, page, {"text": WORDS}).status_code == 404
    Team.objects.update(needs_second_factor=False)
    assert composer(as_alice, video).typed["text"] == WORDS


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"origin": "null", "sec-fetch-site": "cross-site"}, ""),
        ({"origin": "null"}, ""),
        ({"sec-fetch-site": "same-site"}, ""),
        ({"referer": "https://elsewhere.example/"}, ""),
        ({"origin": "http://["}, ""),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, WORDS),
    ],
)
def test_another_site_writes_into_no_form_of_a_guest(
    headers: dict[str, str], kept: str, alice: User, video: Video
) -> None:
    """Who has the link has its mark, and a sandboxed frame says `Origin: null`, as the shared pages themselves do."""
    link = make_link(video, alice, may_comment=True)
    guest, path = Client(enforce_csrf_checks=True), reverse("shared.show", args=[link.token])
    form = composer(Client(), video, path)
    refused = guest.post(form.action, {**form.sent, "name": "Gil", "text": WORDS}, headers=headers)
    assert refused.status_code == 403
    assert composer(guest, video, path).typed["text"] == kept
    # Nor does it push out what was kept, at an address that nothing answers.
    lost = guest.post(f"{path}nowhere/", {**form.sent, "text": "x"}, headers=headers)
    assert (lost.status_code, "wanstudio_typed" in lost.cookies) == (404, bool(kept))


def test_nothing_is_kept_of_strangers_of_other_sites_or_without_bound(
    as_alice: Client, alice: User, video: Video
) -> None:
    form = composer(as_alice, video)
    strict = Client(enforce_csrf_checks=True)
    bodies = [
        # No mark, a forged one, one from another site, and more than fits.
        (Client(), {"text": WORDS}, {}),
        (Client(), {**form.sent, "text": WORDS, "typed_by": form.sent["typed_by"][:-3] + "---"}, {}),
        (strict, {**form.sent, "text": WORDS}, {"origin": "https://elsewhere.example"}),
        (Client(), {**form.sent, "text": "x" * 300_000}, {}),
    ]
    for browser, body, headers in bodies:
        refused = browser.post(form.action, body, headers=headers)
        assert refused.status_code in (302, 403)
        assert "wanstudio_typed" not in refused.cookies


def test_files_are_to_be_chosen_again(as_alice: Client, alice: User, team: Team) -> None:
    (form,) = order_forms(as_alice, "/")
    as_alice.logout()
    sent = {**form.sent, "prompt": WORDS, "character_file": upload("mira.png", png())}
    sign_in(as_alice, as_alice.post(form.action, sent)["Location"], alice)
    assert "Choose the file again" in text_of(as_alice.get("/"))


def test_secrets_have_names_that_are_never_kept() -> None:
    found = set()
    for file in TEMPLATES.rglob("*.html"):
        for tag in re.findall(r"<input[^>]*>", file.read_text()):
            if 'type="password"' in tag and (name := re.search(r'name="(\w+)"', tag)):
                found.add(name[1])
    for form in forms.Form.__subclasses__():
        found |= {
            name
            for name, field in getattr(form, "base_fields", {}).items()
            if isinstance(field.widget, forms.PasswordInput)
        }
    assert len(found) >= 3
    assert not [name for name in found if not typed_words.SECRET.search(name)]


def test_choices_come_back(as_alice: Client, alice: User) -> None:
    path = reverse("notifications.choices")
    (form,) = (each for each in forms_at(as_alice, path) if Kind.READY in each.sent)
    chosen = {kind: When.OFF if form.sent[kind] != When.OFF else When.DAILY for kind in Kind if kind in form.sent}
    as_alice.logout()
    sign_in(as_alice, as_alice.post(path, {**form.sent, **chosen})["Location"], alice)
    (again,) = (each for each in forms_at(as_alice, path) if Kind.READY in each.sent)
    assert {kind: again.sent[kind] for kind in chosen} == chosen
