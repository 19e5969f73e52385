"""Verification that a seal's signatures belong to a node of the authority."""

import warnings
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.wire import seal_key
from agent.wire.seal import Claims
from agent.wire.terms import ClockSource
from hub.base.secret_store.store import FILES, SecretStore
from hub.nodes.pki.authority import AUTHORITY_NAME, HUB_NAMES, AuthorityError, own_files

log = structlog.get_logger()

_UNREADABLE: Final = (
    ValueError,
    IndexError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
)
"""Exceptions that a forged certificate can raise when it is read."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_authority(path: Path) -> x509.Certificate:
    """Read a trusted certificate: an authority's, or a node's own; raises AuthorityError."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityError(f"{path} is no certificate that can be read: {error}") from error


def certificate_of_authority(
    folder: Path, ca_file: Path, secrets: SecretStore = FILES
) -> x509.Certificate | None:
    """The certificate of the authority that issues those of boxes: its own in `folder`, or, if that
    is on another machine, `ca_file`; None, which is logged, if none can be read."""
    file, _ = own_files(folder)
    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificate(secrets.read(file))
    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificate(ca_file.read_bytes())
    log.warning("evidence.without_authority", file=str(file))
    return None


def signature_holds(claims: Claims, chained: bytes, signature: bytes) -> bool:
    """True if the key of the claims' certificate signed that hash."""
    key = _key_of(claims)
    return key is not None and seal_key.holds(key, chained, signature)


def fault_of_certificate(claims: Claims, authority: x509.Certificate) -> str | None:
    """Why the seal's certificate is not that node's at that time; None if it is.

    Judged at the time of the first frame, or of fetching (`sealed_at`): certificates end, footage
    stays. With an untrusted clock the time is not judged.
    """
    fault = certificate_fault(claims, authority)
    if fault is None:
        return None
    match fault:
        case ("issuer", who):
            return f"nobody vouches for its certificate: {who} did not issue it"
        case ("not_box", name):
            return f"its certificate is not a node's ({name})"
        case ("other_name", name):
            return f"its certificate is that of {name}, the seal speaks of {claims.node}"
        case ("not_then", span):
            return f"its certificate was good from {span}, not at the first frame"
    return "its certificate cannot be read"


def certificate_fault(claims: Claims, authority: x509.Certificate) -> tuple[str, str] | None:
    """The same by an id, with a value: `papers_unreadable`, `issuer`, `not_box`, `other_name` or
    `not_then`."""
    try:
        chain = [_read(one) for one in claims.certificates]
        own = chain[0]
        name = str(own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        is_vouched = own == authority or _is_vouched_for(chain, authority)
        is_nodes = _is_nodes(own) and name not in {*HUB_NAMES, AUTHORITY_NAME}
    except _UNREADABLE:
        return "papers_unreadable", ""
    if not is_vouched:
        return "issuer", _subject(authority)
    if not is_nodes:
        return "not_box", name
    if name != claims.node:
        return "other_name", name
    moment = sealed_at(claims)
    is_dated = claims.first_frame.source is not ClockSource.NONE
    begins, ends = own.not_valid_before_utc, own.not_valid_after_utc
    if is_dated and not begins <= moment <= ends:
        return "not_then", f"{begins:%Y-%m-%d} to {ends:%Y-%m-%d}"
    return None


def sealed_at(claims: Claims) -> datetime:
    """The time at which the node says that it began the seal: the first frame, or for footage from
    a camera's own recorder, which may be older than the node, when that was fetched."""
    return _EPOCH + timedelta(microseconds=claims.fetched_utc_us or claims.first_frame.utc_us)


def own_certificate(claims: Claims) -> x509.Certificate | None:
    """The node's own certificate in a seal; None if it cannot be read."""
    try:
        return _read(claims.certificates[0])
    except _UNREADABLE:
        return None


def is_authority(certificate: x509.Certificate) -> bool:
    """True if it may issue certificates."""
    try:
        return _is_authority(certificate)
    except _UNREADABLE:
        return False


def public_key_sha256(certificate: x509.Certificate) -> str:
    """SHA-256 of its public key (DER), hex, as in the log's line of an enrolment."""
    key = certificate.public_key()
    return fingerprint(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate (DER), hex."""
    digest = Hash(SHA256())
    digest.update(certificate)
    return digest.finalize().hex()


def _key_of(claims: Claims) -> ec.EllipticCurvePublicKey | None:
    try:
        key = _read(claims.certificates[0]).public_key()
    except _UNREADABLE:
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != seal_key.CURVE:
        return None
    return key


def _read(certificate: bytes) -> x509.Certificate:
    with warnings.catch_warnings():
        # From malformed certificates, which are refused for better reasons.
        warnings.simplefilter("ignore")
        return x509.load_der_x509_certificate(certificate)


def _is_vouched_for(chain: list[x509.Certificate], authority: x509.Certificate) -> bool:
    """True if each certificate is issued by the next, an authority, and the last by `authority`."""
    issuers = [one for one in chain[1:] if one != authority] + [authority]
    for one, issuer in zip(chain, issuers, strict=False):
        if not _is_authority(issuer):
            return False
        try:
            one.verify_directly_issued_by(issuer)
        except (*_UNREADABLE, InvalidSignature):
            return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return basic.value.ca


def _is_nodes(certificate: x509.Certificate) -> bool:
    """True for a client certificate: a server certificate of the same authority cannot seal."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage.value


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "the authority"
