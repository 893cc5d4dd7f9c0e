"""Push encryption: a message that only the browser it is for can read (RFC 8291, in one record of RFC 8188)."""

import os
import struct

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES = 4096
# Behind the last record's text; the rest of a record is the tag of 16 bytes.
END = b"\x02"


def encrypt(message: bytes, p256dh: bytes, auth: bytes) -> bytes:
    """The body of a POST with `Content-Encoding: aes128gcm`. `p256dh` and `auth` are the browser's, decoded.

    Raises ValueError for a key that is no point of the curve, and for a message of more than 4,079 bytes.
    """
    return encrypt_with(generate_private_key(SECP256R1()), os.urandom(16), message, p256dh, auth)


def encrypt_with(ours: EllipticCurvePrivateKey, salt: bytes, message: bytes, p256dh: bytes, auth: bytes) -> bytes:
    """The same with a key and a salt that must not be used twice."""
    if len(message) + len(END) + 16 > RECORD_BYTES:
        raise ValueError("the message does not fit into one record")
    shared = ours.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), p256dh))
    public = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = _derived(shared, auth, b"WebPush: info\0" + p256dh + public, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack(">IB", RECORD_BYTES, len(public)) + public
    return head + AESGCM(key).encrypt(nonce, message + END, None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
