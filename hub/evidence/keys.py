"""The hub's evidence key: Ed25519, with a certificate that says whose it is and until when.

A folder holds one pair of files for each key there ever was, `evidence-NAME.key` and `.crt`; the
newest that holds signs. Older certificates stay, so that what they signed can be checked for ever.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

KEY_DAYS: Final = 730
BACKDATED: Final = timedelta(hours=1)
OWNER: Final = "Mat Than evidence"
UNREADABLE: Final = (
    ValueError,
    IndexError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
)
"""What a certificate that a stranger made up may raise, wherever it is asked."""

ReadPrivate = Callable[[Path], bytes]
WriteFile = Callable[[Path, bytes], None]


class EvidenceKeyError(Exception):
    """Why nothing can be signed, and the cure."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs now, and its certificate."""

    key: Ed25519PrivateKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return fingerprint(self.certificate)

    def sign(self, content: bytes) -> bytes:
        """64 bytes."""
        return self.key.sign(content)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate (DER), 64 hexadecimal digits: what people compare by eye."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def new_key(
    folder: Path, now: datetime, *, private: WriteFile, public: WriteFile, days: int = KEY_DAYS
) -> Signer:
    """Make the key that signs from now on; the files are written whole or not at all."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, OWNER)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, None)
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # To the microsecond: the newest signs, and two may be made within one second.
    stem = f"evidence-{now:%Y%m%dT%H%M%S%f}-{fingerprint(certificate)[:8]}"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private(folder / f"{stem}.key", pem)
    public(folder / f"{stem}.crt", certificate.public_bytes(Encoding.PEM))
    return Signer(key, certificate)


def current(folder: Path, now: datetime, *, read: ReadPrivate) -> Signer | None:
    """The newest that holds; None where there is no key, EvidenceKeyError where none holds."""
    files = sorted(folder.glob("evidence-*.crt"), reverse=True)
    if not files:
        return None
    for path in files:
        certificate = read_certificate(path)
        if certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            return Signer(_private_key(path.with_suffix(".key"), certificate, read), certificate)
    ended = read_certificate(files[0]).not_valid_after_utc
    raise EvidenceKeyError(
        f"the evidence key {files[0].stem} holds until {ended:%d/%m/%Y} and it is "
        f"{now:%d/%m/%Y} now. Make a new one: matthan-hub evidence key (or set the clock)"
    )


def certificates(folder: Path) -> list[x509.Certificate]:
    """Of every key there ever was, the newest first."""
    files = sorted(folder.glob("evidence-*.crt"), reverse=True)
    return [read_certificate(path) for path in files]


def read_certificate(path: Path) -> x509.Certificate:
    """A certificate; EvidenceKeyError when it cannot be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EvidenceKeyError(f"the certificate {path} cannot be read: {error}") from error


def is_signed(certificate: x509.Certificate, content: bytes, signature: bytes) -> bool:
    """Whether the certificate's key signed that."""
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        return False
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def is_believed(certificate: x509.Certificate, trusted: Iterable[x509.Certificate]) -> bool:
    """Whether it is one of those."""
    return fingerprint(certificate) in {fingerprint(one) for one in trusted}


def public_pem(certificate: x509.Certificate) -> bytes:
    """The public key alone, as openssl reads it."""
    return certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private_key(path: Path, certificate: x509.Certificate, read: ReadPrivate) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(read(path), password=None)
    except FileNotFoundError as error:
        raise EvidenceKeyError(
            f"the evidence key {path} is missing and its certificate is not. Bring it back from a "
            "backup, or make a new one: matthan-hub evidence key"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise EvidenceKeyError(f"the evidence key {path} cannot be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey) or key.public_key() != certificate.public_key():
        raise EvidenceKeyError(f"{path} is not the key of its certificate")
    return key
