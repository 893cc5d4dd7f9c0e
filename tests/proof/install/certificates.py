"""A certificate for localhost by an authority of the test's own, and how a browser is told to believe it."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import Certificate

PEM = serialization.Encoding.PEM


def make(folder: Path) -> tuple[Certificate, Path, str]:
    """The certificate, the authority's file, and the option with which Chromium believes it.

    The option does not switch the checks of the page off: for the browser it is a good certificate.
    """
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _signed("Test authority", "Test authority", authority_key, authority_key, is_authority=True)
    own = _signed("localhost", "Test authority", key, authority_key, is_authority=False)
    chain, key_file, authority_file = (folder / name for name in ("chain.pem", "key.pem", "authority.pem"))
    chain.write_bytes(own.public_bytes(PEM) + authority.public_bytes(PEM))
    authority_file.write_bytes(authority.public_bytes(PEM))
    key_file.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    pinned = b64encode(sha256(public).digest()).decode()
    return Certificate(chain, key_file), authority_file, f"--ignore-certificate-errors-spki-list={pinned}"


def _signed(
    name: str,
    by: str,
    key: ec.EllipticCurvePrivateKey,
    signs: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return made.sign(signs, hashes.SHA256())
