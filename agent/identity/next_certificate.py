"""The request for a node's next certificate, and the check of the answer.

Every function raises ValueError for input that cannot be read or does not fit.
"""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from agent.crypto import signing_key


class NotOursError(ValueError):
    """The answer is not the next certificate of this node."""


def request(key: bytes) -> str:
    """A signing request (PEM) for the private key `key` (PEM), signed by it."""
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return asked.sign(signing_key(key), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def checked(came: bytes, *, old: bytes, key: bytes, authority: bytes) -> tuple[bytes, datetime]:
    """The new certificate (PEM) and its end; raises NotOursError if it is not this node's."""
    new, before = x509.load_pem_x509_certificate(came), x509.load_pem_x509_certificate(old)
    if not any(_is_issued_by(one, new) for one in x509.load_pem_x509_certificates(authority)):
        raise NotOursError("the new certificate is not of the hub's authority")
    is_ours = new.public_key() == signing_key(key).public_key() and new.subject == before.subject
    if not is_ours or new.not_valid_after_utc <= before.not_valid_after_utc:
        raise NotOursError("the new certificate is not this node's next one")
    return new.public_bytes(Encoding.PEM), new.not_valid_after_utc


def _is_issued_by(authority: x509.Certificate, new: x509.Certificate) -> bool:
    try:
        new.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
