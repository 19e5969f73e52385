"""Keys and certificates of a node, read and used through the package `cryptography`."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


class CryptoError(ValueError):
    """A key or certificate cannot be read; the message is the library's."""


class WrongKindError(CryptoError):
    """The key can be read, but it is not of the kind that is needed."""


def signing_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The first private key in `pem`, which must be ECDSA P-256 without a password.

    Raises CryptoError or WrongKindError.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except _UNREADABLE as error:
        raise CryptoError(str(error)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != ec.SECP256R1.name:
        raise WrongKindError("no key of the kind ECDSA P-256")
    return key


def update_key(pem: bytes) -> Ed25519PublicKey:
    """The public Ed25519 key in `pem`; raises CryptoError or WrongKindError."""
    try:
        key = load_pem_public_key(pem)
    except _UNREADABLE as error:
        raise CryptoError(str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise WrongKindError("no key of the kind Ed25519")
    return key


def certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """All certificates in `pem` in their order, at least one; raises CryptoError.

    Each has a validity and a public key that can be read.
    """
    try:
        found = tuple(x509.load_pem_x509_certificates(pem))
        for one in found:  # cryptography reads these parts only when asked
            _ = one.not_valid_before_utc, one.not_valid_after_utc, one.public_key()
    except _UNREADABLE as error:
        raise CryptoError(str(error)) from error
    return found


def is_signed(data: bytes, signature: bytes, *, key: Ed25519PublicKey) -> bool:
    """True if the owner of `key` signed `data`."""
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True
