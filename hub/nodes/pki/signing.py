"""Signs certificate requests of nodes; their keys stay at the nodes."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.base.moment import Moment
from hub.nodes.enrolment.rows import IssuedCertificate
from hub.nodes.pki.authority import Authority


class Signing:
    """The authority as used by nodes' requests; for any thread."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def key_hash(self, request: str) -> str:
        """SHA-256 of the request's key (DER); ValueError for an invalid request."""
        digest = Hash(SHA256())
        digest.update(
            _key_of(request).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )
        return digest.finalize().hex()

    def sign(self, node: str, request: str, now: Moment) -> IssuedCertificate:
        """Certificate for a node. It gets this name, whatever name the request has."""
        moment = datetime.fromtimestamp(now.utc_us / 1e6, UTC)
        cert = self._authority.sign_client(node, _key_of(request), moment)
        return IssuedCertificate(
            certificate=cert.public_bytes(Encoding.PEM).decode(),
            serial=f"{cert.serial_number:040x}",
            ends_utc_us=int(cert.not_valid_after_utc.timestamp()) * 1_000_000,
        )


def _key_of(request: str) -> ec.EllipticCurvePublicKey:
    """Public key of the request, if the request is signed by it: proof of the private key."""
    try:
        asked = x509.load_pem_x509_csr(request.encode())
        key = asked.public_key()
        is_signed = asked.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise ValueError(f"no certificate request: {error}") from error
    if not is_signed:
        raise ValueError("the certificate request is not signed by its own key")
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise ValueError("a node's key is ECDSA P-256")
    return key
