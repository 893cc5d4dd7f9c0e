"""Forms of notifications: the address of a webhook, and what a browser gives that asks for pushes."""

import base64
import binascii
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from django import forms

from wanstudio.notifications.words import PUSH_BAD_KEYS
from wanstudio.web.addresses import webhook_refusal

AUTH_BYTES = 16


class WebhookForm(forms.Form):
    url = forms.CharField(max_length=1000, label="Address")

    def clean_url(self) -> str:
        return _postable(self.cleaned_data["url"])


class PushForm(forms.Form):
    """Of a subscription, as the Push API names its parts. A person can send anything here: none of it is believed."""

    endpoint = forms.CharField(max_length=1000)
    p256dh = forms.CharField(max_length=100)
    auth = forms.CharField(max_length=40)

    def clean_endpoint(self) -> str:
        endpoint = _postable(self.cleaned_data["endpoint"])
        if ":" in (urlsplit(endpoint).hostname or ""):
            raise forms.ValidationError("A push service has a name. Nothing was changed.")
        return endpoint

    def clean_p256dh(self) -> str:
        key: str = self.cleaned_data["p256dh"]
        try:
            EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _decoded(key))
        except ValueError:
            raise forms.ValidationError(PUSH_BAD_KEYS) from None
        return key

    def clean_auth(self) -> str:
        secret: str = self.cleaned_data["auth"]
        if len(_decoded(secret)) != AUTH_BYTES:
            raise forms.ValidationError(PUSH_BAD_KEYS)
        return secret


def _postable(url: str) -> str:
    if refusal := webhook_refusal(url := url.strip()):
        raise forms.ValidationError(refusal)
    return url


def _decoded(text: str) -> bytes:
    """Of base64url without its padding."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise forms.ValidationError(PUSH_BAD_KEYS) from None
