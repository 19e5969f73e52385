"""Evidence key of the hub: Ed25519, with a certificate that names owner and validity.

The folder has one pair `evidence-NAME.key` and `.crt` per key; the newest valid one signs. Older
certificates stay, so that their signatures can always be checked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from hub.base.clock.clock import Clock
from hub.base.secret_store.store import FILES, SecretStore

KEY_DAYS: Final = 730
BACKDATED: Final = timedelta(hours=1)
OWNER: Final = "Mat Than evidence"
CERTIFICATES: Final = "evidence-*.crt"

WriteFile = Callable[[Path, bytes], None]


class EvidenceKeyError(Exception):
    """Nothing can be signed; the message says why and the cure."""


@dataclass(frozen=True, slots=True)
class EvidenceSigner:
    """The present key and its certificate."""

    key: Ed25519PrivateKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return fingerprint(self.certificate)

    def sign(self, content: bytes) -> bytes:
        """The signature of the content, 64 bytes."""
        return self.key.sign(content)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate (DER), 64 hexadecimal digits, for comparison by eye."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def new_key(
    folder: Path, now: datetime, *, private: WriteFile, public: WriteFile, days: int = KEY_DAYS
) -> EvidenceSigner:
    """Create the key that signs from now on; files are written atomically."""
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
    # To the microsecond: the newest signs, and two can be created within one second.
    stem = f"evidence-{now:%Y%m%dT%H%M%S%f}-{fingerprint(certificate)[:8]}"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private(folder / f"{stem}.key", pem)
    public(folder / f"{stem}.crt", certificate.public_bytes(Encoding.PEM))
    return EvidenceSigner(key, certificate)


def current(folder: Path, now: datetime, secrets: SecretStore = FILES) -> EvidenceSigner | None:
    """The newest valid key; None if there is no key, EvidenceKeyError if none is valid."""
    files = secrets.find(folder, CERTIFICATES)[::-1]
    if not files:
        return None
    for path in files:
        certificate = read_certificate(path, secrets)
        if certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            return EvidenceSigner(
                _private_key(path.with_suffix(".key"), certificate, secrets), certificate
            )
    ended = read_certificate(files[0], secrets).not_valid_after_utc
    raise EvidenceKeyError(
        f"the evidence key {files[0].stem} holds until {ended:%d/%m/%Y} and it is "
        f"{now:%d/%m/%Y} now. Make a new one: matthan-hub evidence key (or set the clock)"
    )


def signing_key(folder: Path, now: datetime, secrets: SecretStore = FILES) -> EvidenceSigner:
    """The key that signs now, made if there is none; EvidenceKeyError, OSError."""
    found = current(folder, now, secrets)
    return found or new_key(folder, now, private=secrets.write, public=secrets.write)


def proof_signer(
    folder: Path, clock: Clock, secrets: SecretStore = FILES
) -> Callable[[bytes], tuple[bytes, str]]:
    """Signs a proof with the evidence key: the signature, and the certificate as PEM."""

    def sign(content: bytes) -> tuple[bytes, str]:
        signs = signing_key(folder, datetime.fromtimestamp(clock.now().utc_us / 1e6, UTC), secrets)
        return signs.sign(content), signs.certificate.public_bytes(Encoding.PEM).decode()

    return sign


def certificates(folder: Path, secrets: SecretStore = FILES) -> list[x509.Certificate]:
    """Certificates of all keys, newest first."""
    return [read_certificate(path, secrets) for path in secrets.find(folder, CERTIFICATES)[::-1]]


def read_certificate(path: Path, secrets: SecretStore = FILES) -> x509.Certificate:
    """Read a certificate from a file; EvidenceKeyError if that fails."""
    try:
        return x509.load_pem_x509_certificate(secrets.read(path))
    except (OSError, ValueError) as error:
        raise EvidenceKeyError(f"the certificate {path} cannot be read: {error}") from error


def is_signed(certificate: x509.Certificate, content: bytes, signature: bytes) -> bool:
    """True if the certificate's key signed this content."""
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        return False
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def is_believed(certificate: x509.Certificate, trusted: Iterable[x509.Certificate]) -> bool:
    """True if the certificate is one of the trusted ones."""
    return fingerprint(certificate) in {fingerprint(one) for one in trusted}


def public_pem(certificate: x509.Certificate) -> bytes:
    """The public key alone, in a form that openssl reads."""
    return certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private_key(
    path: Path, certificate: x509.Certificate, secrets: SecretStore
) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(secrets.read(path), password=None)
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
