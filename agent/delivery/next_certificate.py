"""The request for a node's next certificate, and whether what came is it.

Needed once in eight months, so it is done by the package `cryptography`, which is loaded for it:
when the hub has sent the certificate, the agent begins anew without. Every function here raises
ValueError for what cannot be read or does not fit.
"""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key


class NotOursError(ValueError):
    """What came is not this node's next certificate."""


def request(key: bytes) -> str:
    """For the same key, and signed by it; PEM, as all here."""
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return asked.sign(_key(key), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def checked(came: bytes, *, old: bytes, key: bytes, authority: bytes) -> tuple[bytes, datetime]:
    """The certificate alone, and until when it holds; NotOursError for another's."""
    new, before = x509.load_pem_x509_certificate(came), x509.load_pem_x509_certificate(old)
    try:
        new.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    except (ValueError, TypeError, InvalidSignature) as error:
        raise NotOursError("the new certificate is not of the hub's authority") from error
    is_ours = new.public_key() == _key(key).public_key() and new.subject == before.subject
    if not is_ours or new.not_valid_after_utc <= before.not_valid_after_utc:
        raise NotOursError("the new certificate is not this node's next one")
    return new.public_bytes(Encoding.PEM), new.not_valid_after_utc


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotOursError("the node's key is none of the kind ECDSA P-256")
    return key
