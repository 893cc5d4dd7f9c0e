"""Push encryption: to the byte what RFC 8291 has as its example, and readable by the browser alone."""

import base64
import hmac

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wanstudio.notifications.push_encryption import encrypt, encrypt_with

WORDS = b"When I grow up, I want to be a watermelon"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
BROWSER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
OURS = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(raw(text)), ec.SECP256R1())


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def decrypted(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """As a browser does it, by the two RFCs and without the product's code."""

    def derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
        return hmac.digest(hmac.digest(salt, secret, "sha256"), info + b"\1", "sha256")[:length]

    salt, record, length, rest = body[:16], int.from_bytes(body[16:20]), body[20], body[21:]
    theirs, sealed = rest[:length], rest[length:]
    assert len(sealed) <= record
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    secret = derived(auth, shared, b"WebPush: info\0" + point(key) + theirs, 32)
    content_key = derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    padded = AESGCM(content_key).decrypt(derived(salt, secret, b"Content-Encoding: nonce\0", 12), sealed, None)
    words, end, padding = padded.rpartition(b"\2")
    assert (end, padding.strip(b"\0")) == (b"\2", b"")
    return words


def test_example_of_the_rfc_comes_out_byte_for_byte() -> None:
    browser = private(BROWSER)
    assert encrypt_with(private(OURS), raw(SALT), WORDS, point(browser), raw(AUTH)) == raw(BODY)
    assert decrypted(raw(BODY), browser, raw(AUTH)) == WORDS


def test_only_the_browser_can_read_it_and_no_two_are_alike() -> None:
    browser, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    first, second = (encrypt(WORDS, point(browser), raw(AUTH)) for _ in range(2))
    assert first != second
    assert decrypted(first, browser, raw(AUTH)) == decrypted(second, browser, raw(AUTH)) == WORDS
    for key, auth in ((other, raw(AUTH)), (browser, raw(SALT))):
        with pytest.raises(InvalidTag):
            decrypted(first, key, auth)


def test_what_fits_no_record_or_is_no_key_is_refused() -> None:
    browser = point(ec.generate_private_key(ec.SECP256R1()))
    assert len(encrypt(bytes(4078), browser, raw(AUTH))) == 86 + 4095
    for message, key in ((bytes(4080), browser), (WORDS, bytes(65)), (WORDS, browser[:64])):
        with pytest.raises(ValueError, match=r".+"):
            encrypt(message, key, raw(AUTH))
