"""Every address with who gets in: the whole of it, to be read. A new one is a new line."""

from tests.access.doors import Door, form, page
from tests.access.people import (
    ADMIN,
    ADMINS,
    CREATOR,
    CREATORS,
    ELSEWHERE,
    EVERYBODY,
    GUEST,
    MEMBERS,
    OTHERS,
    OWNER,
    OWNERS,
    PERSONS,
    Who,
)

BOB: Who = frozenset({CREATOR})
GUESTS: Who = frozenset({GUEST})
ASKED = frozenset({OWNER, ADMIN, CREATOR})
TEAM = {"team": "{team}"}
SELECTED = {"team": "{team}", "video": "{video}"}
MAKING = {
    "team": "{team}",
    "nonce": "{nonce}",
    "quoted": "{price}",
    "character": "{upload}",
    "motion": "{clip}",
    "behaviour": "animate",
    "resolution": "720p",
    "seed_mode": "random",
}

# An upload in pieces begins, whichever kind of request brings it.
BEGINS = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": "kind bW90aW9u"}

STUDIO = {
    "": page(MEMBERS | OTHERS),
    "price/": page(MEMBERS | OTHERS),
    "uploads/": Door(get=MEMBERS | OTHERS, post=CREATORS, body=TEAM),
    # A visit leads to the studio, whoever somebody is.
    "uploads/add/": Door(get=PERSONS, post=CREATORS, body=TEAM | {"kind": "motion", "url": ""}),
    "uploads/sample/": form(CREATORS, body=TEAM | {"kind": "character"}),
    "uploads/<int:pk>/copy/": Door(get=MEMBERS, post=CREATORS, on="upload"),
    "uploads/<int:pk>/slot/": page(MEMBERS, "upload"),
    "uploads/<int:pk>/": page(MEMBERS, "upload"),
    "uploads/<int:pk>/rename/": form(CREATORS, "upload", {"name": "Mira"}),
    "uploads/<int:pk>/delete/": form(CREATORS, "upload"),
    "uploads/<int:pk>/restore/": form(CREATORS, "binned_upload"),
    "uploads/<int:pk>/erase/": form(CREATORS, "binned_upload"),
    "uploads/<int:pk>/file": page(MEMBERS, "upload"),
    "uploads/<int:pk>/poster": page(MEMBERS, "upload"),
    "uploads/<int:pk>/frames/": page(MEMBERS, "clip"),
    "uploads/<int:pk>/strip": page(MEMBERS, "scanned_clip"),
    "uploads/known/": form(CREATORS, body=TEAM | {"kind": "motion", "size": "5"}, acts=False),
    "uploads/parts/": Door(post=CREATORS | {ELSEWHERE}, acts=True, headers=BEGINS),
    # Of the one who has begun it alone; without the protocol's version it says no more than that.
    "uploads/parts/<uuid:pk>/": Door(get=BOB, on="part", sure=False),
    "uploads/<int:pk>/preview": page(MEMBERS, "scanned_clip"),
    "jobs/": Door(get=MEMBERS | OTHERS, post=CREATORS, body=MAKING, acts=True),
    "jobs/status/": page(PERSONS),
    "jobs/<int:pk>/": page(MEMBERS, "job"),
    "jobs/<int:pk>/cancel/": form(CREATORS, "job"),
    "jobs/<int:pk>/curl/": page(CREATORS, "job"),
    "jobs/<int:pk>/decide/": form(CREATORS, "unconfirmed", {"decision": "not_charged"}),
    "jobs/<int:pk>/try-now/": form(CREATORS, "running"),
    "jobs/<int:pk>/tries/<int:attempt>/": form(CREATORS, "try", {"decision": "not_charged"}),
    "jobs/<int:pk>/rename/": form(CREATORS, "job", {"title": "Walk"}),
}

LIBRARY = {
    "videos/": page(MEMBERS | OTHERS),
    "videos/selected/tag/": form(CREATORS, body=SELECTED | {"tag": "night"}),
    "videos/selected/collect/": form(CREATORS, body=SELECTED | {"name": "Night"}),
    "videos/selected/bin/": form(CREATORS, body=SELECTED),
    "videos/selected/compare/": form(MEMBERS, body=SELECTED, acts=False),
    "videos/selected/zip/": form(MEMBERS, body=SELECTED, acts=False),
    "videos/bin/": page(CREATORS | OTHERS),
    "videos/<int:pk>/": page(MEMBERS, "video"),
    **{f"videos/<int:pk>/markers.{kind}": page(MEMBERS, "video") for kind in ("csv", "edl", "fcpxml")},
    "videos/<int:pk>/tag/": form(CREATORS, "video", {"tag": "night"}),
    "videos/<int:pk>/collect/": form(CREATORS, "video", {"name": "Night"}),
    "videos/<int:pk>/bin/": form(CREATORS, "video"),
    "videos/<int:pk>/restore/": form(CREATORS, "binned"),
    "videos/<int:pk>/erase/": form(CREATORS, "binned"),
    "videos/<int:pk>/favourite/": form(MEMBERS, "video", {"favourite": "1"}),
    "videos/<int:pk>/file": page(MEMBERS, "video"),
    "videos/<int:pk>/poster": page(MEMBERS, "video"),
    "videos/<int:pk>/review/": page(MEMBERS, "video"),
    "videos/<int:pk>/verdict/": form(ADMINS, "video", {"decision": "approved"}),
    "videos/<int:pk>/comments/": form(MEMBERS, "video", {"text": "Good"}),
    "videos/<int:pk>/share/": Door(CREATORS, CREATORS, "video", {"lasts": "7"}, acts=True),
    "comments/<int:pk>/edit/": form(BOB, "comment", {"text": "Better"}),
    "comments/<int:pk>/delete/": form(ADMINS | BOB, "comment"),
    "comments/<int:pk>/resolve/": form(MEMBERS, "comment", {"resolved": "1"}),
    "collections/": page(MEMBERS | OTHERS),
    "collections/add/": form(CREATORS, body=TEAM | {"name": "Night"}),
    "collections/<int:pk>/edit/": form(CREATORS, "collection", {"name": "Day"}),
    "collections/<int:pk>/move/": form(CREATORS, "collection", {"to": "earlier"}, acts=False),
    "collections/<int:pk>/delete/": form(CREATORS, "collection"),
    "collections/<int:pk>/share/": Door(CREATORS, CREATORS, "collection", {"lasts": "7"}, acts=True),
    "shares/<int:pk>/edit/": form(CREATORS, "link", {"lasts": "30"}),
    "shares/<int:pk>/revoke/": form(CREATORS, "link"),
}

# The point of the curve that its standard begins with, as a browser's key.
PUSHES = {
    "endpoint": "https://push.example.com/another",
    "p256dh": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
    "auth": "AAAAAAAAAAAAAAAAAAAAAA",
}

TEAMS = {
    "team/": page(MEMBERS | OTHERS),
    "team/new/": Door(OWNERS, OWNERS, body={"name": "Second"}, acts=True),
    "team/switch/": form(MEMBERS, body=TEAM),
    "team/rename/": form(OWNERS, body=TEAM | {"name": "Southlight"}),
    "team/security/": form(OWNERS, body=TEAM | {"needs": "0"}),
    "team/people/<int:pk>/role/": form(OWNERS, "member", {"role": "creator"}),
    "team/people/<int:pk>/remove/": form(ADMINS | {"viewer"}, "member"),
    "team/people/<int:pk>/opened/": Door(ADMINS | {"viewer"}, ADMINS | {"viewer"}, "member"),
    "team/people/<int:pk>/owner/": Door(OWNERS, OWNERS, "member", {"how": "too"}, acts=True),
    "team/invitations/": form(ADMINS, body=TEAM | {"role": "viewer"}),
    "team/invitations/<int:pk>/revoke/": form(ADMINS, "invitation"),
    "invite/<str:token>/": Door(EVERYBODY, EVERYBODY, "invite"),
    "activity/": page(ADMINS | OTHERS),
    "activity/activity.csv": page(ADMINS | OTHERS),
    "usage/": page(MEMBERS | OTHERS),
    "usage/ledger.csv": page(MEMBERS | OTHERS),
    "usage/usage.csv": page(MEMBERS | OTHERS),
    "usage/caps/": form(ADMINS, body=TEAM | {"team_cap": "60.00"}),
    "spending/<int:pk>/": page(ASKED, "asked"),
    "spending/<int:pk>/decide/": form(ADMINS, "asked", {"decision": "decline", "word": "no"}),
    "spending/by-mail/<str:token>/": Door(EVERYBODY, EVERYBODY, "by_mail", {"decision": "decline"}, acts=True),
    "settings/": page(MEMBERS | OTHERS),
    "settings/sending/": form(ADMINS, body={"sending": "stop"}),
    "settings/balance/": Door(ADMINS | OTHERS, ADMINS),
    "settings/bucket/check/": form(OWNERS, acts=False),
    "settings/key/": Door(OWNERS, OWNERS, body={"key": "sk-0123456789abcdef0123456789abcdef"}),
    "settings/key/remove/": form(OWNERS, acts=False),
    "settings/key/drop/": form(OWNERS, acts=False),
    "settings/webhook/": page(OWNERS | OTHERS),
    "settings/webhook/save/": form(OWNERS, body=TEAM | {"url": "https://other.example.com/"}),
    "settings/webhook/rotate/": form(OWNERS, body=TEAM),
    "settings/webhook/remove/": form(OWNERS, body=TEAM),
    "settings/webhook/test/": form(OWNERS, body=TEAM),
    "settings/webhook/<int:pk>/again/": form(OWNERS, "delivery", TEAM),
}

ACCOUNT = {
    "account/": Door(PERSONS, PERSONS, body={"name": "Another"}, acts=True),
    "account/email/": Door(PERSONS, PERSONS, body={"email": "another@example.com"}, acts=True),
    "account/email/<str:token>/": Door(OWNERS, OWNERS, "new_email", acts=True),
    "account/second-factor/": page(PERSONS),
    "account/sessions/": page(PERSONS),
    "account/sessions/sign-out/": form(PERSONS, acts=False),
    "account/notifications/": Door(PERSONS, PERSONS, body={"failed": "off"}, acts=True),
    "account/notifications/push/": form(PERSONS, body=PUSHES),
    "account/notifications/push/key/": form(PERSONS, acts=False),
    "account/notifications/push/remove/": form(OWNERS, body={"device": "{device}"}),
    "account/tokens/": Door(MEMBERS | OTHERS, CREATORS, body=TEAM | {"name": "ci", "scope": "read"}, acts=True),
    "account/tokens/<int:pk>/revoke/": form(BOB, "token"),
    "api/": page(PERSONS),
    "notifications/": page(PERSONS),
    "notifications/bell/": page(PERSONS),
    "notifications/read/": form(PERSONS, acts=False),
    "notifications/<int:pk>/": page(OWNERS, "notification"),
    "theme/": form(EVERYBODY, body={"theme": "light"}, acts=False),
    "unsubscribe/<str:token>/": Door(EVERYBODY, EVERYBODY, "unsubscribe", acts=False),
}

# Of the sign-in itself: it answers everybody, and about nobody but who asks.
_SIGN_IN = Door(EVERYBODY, EVERYBODY, sure=False)
_OWN = Door(PERSONS, PERSONS, sure=False)
SIGNING_IN = {
    "setup/": _SIGN_IN,
    **dict.fromkeys(("accounts/email/", "accounts/signup/", "accounts/2fa/", "accounts/2fa/webauthn/"), _SIGN_IN),
    # Without the company's accounts they do not exist.
    "accounts/company/": Door(),
    "accounts/company/callback/": Door(),
    "accounts/login/": _SIGN_IN,
    "accounts/logout/": _SIGN_IN,
    "accounts/inactive/": _SIGN_IN,
    "accounts/confirm-email/": _SIGN_IN,
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": Door(
        EVERYBODY, EVERYBODY, sure=False, url="accounts/confirm-email/no/"
    ),
    "accounts/login/code/confirm/": _SIGN_IN,
    "accounts/password/reset/": _SIGN_IN,
    "accounts/password/reset/done/": _SIGN_IN,
    "accounts/password/reset/key/done/": _SIGN_IN,
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": Door(
        EVERYBODY, EVERYBODY, sure=False, url="accounts/password/reset/key/1-set-password/"
    ),
    "accounts/2fa/authenticate/": _SIGN_IN,
    "accounts/2fa/webauthn/login/": _SIGN_IN,
    "accounts/reauthenticate/": _OWN,
    "accounts/password/change/": _OWN,
    "accounts/password/set/": _OWN,
    "accounts/2fa/reauthenticate/": _OWN,
    "accounts/2fa/totp/activate/": _OWN,
    "accounts/2fa/totp/deactivate/": _OWN,
    "accounts/2fa/recovery-codes/": _OWN,
    "accounts/2fa/recovery-codes/generate/": _OWN,
    "accounts/2fa/recovery-codes/download/": _OWN,
    "accounts/2fa/webauthn/add/": _OWN,
    "accounts/2fa/webauthn/reauthenticate/": _OWN,
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": Door(PERSONS, PERSONS, "video", sure=False),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": Door(PERSONS, PERSONS, "video", sure=False),
}

# What lies behind a link with a password: for whom it is open, and who is asked for the password.
SHARED = {
    "s/<str:token>/": page(EVERYBODY, "share"),
    "s/<str:token>/password/": form(EVERYBODY, "share", {"password": "wrong"}, acts=False, sure=False),
    "s/<str:token>/videos/<int:pk>/": page(EVERYBODY, "shared_video"),
    "s/<str:token>/videos/<int:pk>/review/": page(GUESTS, "shared_video"),
    "s/<str:token>/videos/<int:pk>/comments/": form(GUESTS, "shared_video", {"text": "Good", "name": "Gil"}),
    "s/<str:token>/videos/<int:pk>/file": page(GUESTS, "shared_video"),
    "s/<str:token>/videos/<int:pk>/poster": page(GUESTS, "shared_video"),
}

_HERS = CREATORS | {ELSEWHERE}
MACHINES = {
    "api/v1/openapi.json": page(EVERYBODY, sure=False),
    "api/v1/": page(frozenset()),
    "api/v1/<path:rest>": Door(url="api/v1/nothing"),
    "api/v1/quote": form(_HERS, body={"seconds": 6}, json=True, acts=False),
    "api/v1/uploads": Door(_HERS, _HERS, body={"kind": "motion", "url": "http://127.0.0.1:1/"}, json=True),
    "api/v1/uploads/<int:pk>": page(CREATORS, "upload"),
    "api/v1/uploads/parts/": Door(post=_HERS, acts=True, headers=BEGINS),
    "api/v1/uploads/parts/<uuid:pk>/": Door(get=BOB, on="part", sure=False),
    "api/v1/jobs": Door(
        _HERS, CREATORS, body={"character": "{upload}", "motion": "{clip}", "resolution": "720p"}, json=True
    ),
    "api/v1/jobs/<int:pk>": page(CREATORS, "job"),
    "api/v1/jobs/<int:pk>/cancel": form(CREATORS, "job"),
    "api/v1/videos": page(_HERS),
    "api/v1/videos/<int:pk>": page(CREATORS, "video"),
    "api/v1/videos/<int:pk>/file": page(CREATORS, "video"),
    "robots.txt": page(EVERYBODY),
    **dict.fromkeys(("manifest.webmanifest", "service-worker.js", "offline/"), page(EVERYBODY)),
    "healthz": page(EVERYBODY),
    # Without its settings it does not exist.
    "metrics": Door(),
    "readyz": page(EVERYBODY, sure=False),
    "hooks/apixo/<str:token>/": form(EVERYBODY, "callback", acts=True),
    "files/<str:signed>/<str:name>": page(EVERYBODY, "signed"),
}

TABLE: dict[str, Door] = {**STUDIO, **LIBRARY, **TEAMS, **ACCOUNT, **SIGNING_IN, **SHARED, **MACHINES}
