"""The page of the webhook: the owner's, and the secret shown once."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from wanstudio.activity.models import Activity
from wanstudio.encryption.encrypted_fields import decrypt
from wanstudio.notifications.models import Delivery, Webhook
from wanstudio.teams.models import Team

pytestmark = pytest.mark.django_db


def save(client: Client, team: Team, url: str = "https://hooks.example.com/x") -> Any:
    return client.post(reverse("webhook.save"), {"team": team.pk, "url": url})


def test_secret_is_shown_once(as_alice: Client, team: Team) -> None:
    assert save(as_alice, team).status_code == 302
    page = as_alice.get(reverse("webhook.show")).content.decode()
    shown = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
    assert shown
    assert shown[0] == decrypt(Webhook.objects.get().secret)
    assert "whsec_" not in as_alice.get(reverse("webhook.show")).content.decode()
    as_alice.post(reverse("webhook.rotate"), {"team": team.pk})
    again = as_alice.get(reverse("webhook.show")).content.decode()
    assert "whsec_" in again
    assert shown[0] not in again
    assert [act for act in Activity.objects.values_list("act", flat=True) if "webhook" in act] == [
        "webhook.set",
        "webhook.rotated",
    ]
    # Admins read the activity, and the address of such a door often is what opens it.
    assert set(Activity.objects.filter(act__startswith="webhook").values_list("about", flat=True)) == {
        "hooks.example.com"
    }


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://localhost/",
        "https://box.internal/",
        "https://metadata.google.internal./",
        "https://hooks.example.com:25/",
        "https://me:secret@example.com/",
        "ftp://example.com/",
        "javascript:alert(1)",
    ],
)
def test_private_address_is_refused(as_alice: Client, team: Team, url: str) -> None:
    assert save(as_alice, team, url).status_code == 422
    assert not Webhook.objects.exists()


def test_listed_private_host_is_accepted(as_alice: Client, team: Team, settings: Any) -> None:
    settings.PRIVATE_HOSTS = frozenset({"127.0.0.1:9999", "mail.local.:25"})
    assert save(as_alice, team, "http://mail.local:25/x").status_code == 302
    assert save(as_alice, team, "http://127.0.0.1:9999/x").status_code == 302


def test_only_owner_may_set_the_webhook(
    as_alice: Client, as_vera: Client, as_charlie: Client, nobody: Client, team: Team
) -> None:
    save(as_alice, team)
    as_alice.post(reverse("webhook.test"), {"team": team.pk})
    delivery = Delivery.objects.get()
    acts = [reverse(f"webhook.{act}") for act in ("save", "rotate", "remove", "test")]
    for client in (as_vera, as_charlie):
        for address in [*acts, reverse("webhook.redeliver", args=[delivery.pk])]:
            answer = client.post(address, {"team": team.pk, "url": "https://evil.example.com/"})
            assert answer.status_code == 404, address
    assert as_vera.get(reverse("webhook.show")).status_code == 404
    assert nobody.get(reverse("webhook.show")).status_code == 302
    assert Webhook.objects.get().url == "https://hooks.example.com/x"
    assert Delivery.objects.count() == 1


def test_test_post_is_delivered_and_listed(as_alice: Client, team: Team) -> None:
    save(as_alice, team)
    as_alice.post(reverse("webhook.test"), {"team": team.pk})
    page = as_alice.get(reverse("webhook.show")).content.decode()
    assert "Sent. The answer appears below" in page
    page = as_alice.get(reverse("webhook.show")).content.decode()
    # A link opens the question, with a script or without; only the answer posts.
    assert 'href="#remove-webhook"' in page
    question = page[page.index('<dialog class="dialog" id="remove-webhook"') : page.index("</dialog>")]
    assert page.count(f'action="{reverse("webhook.remove")}"') == question.count("<form") == 1
    as_alice.post(reverse("webhook.remove"), {"team": team.pk})
    assert not Delivery.objects.exists()
