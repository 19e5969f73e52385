"""Papers by the package `cryptography`, which brings an OpenSSL of its own: 9 MiB of memory."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
    load_pem_public_key,
)

from agent.papers.port import Certificate, PapersError, WrongKindError

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


class Cryptography:
    """Reads papers."""

    def signing_key(self, pem: bytes) -> "EcKey":
        """See the port."""
        try:
            key = load_pem_private_key(pem, password=None)
        except _UNREADABLE as error:
            raise PapersError(str(error)) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise WrongKindError("no key of the kind ECDSA P-256")
        return EcKey(key)

    def update_key(self, pem: bytes) -> "Ed25519Key":
        """See the port."""
        try:
            key = load_pem_public_key(pem)
        except _UNREADABLE as error:
            raise PapersError(str(error)) from error
        if not isinstance(key, Ed25519PublicKey):
            raise WrongKindError("no key of the kind Ed25519")
        return Ed25519Key(key)

    def certificates(self, pem: bytes) -> tuple[Certificate, ...]:
        """See the port."""
        try:
            return tuple(
                Certificate(
                    one.public_bytes(Encoding.DER),
                    not_before=one.not_valid_before_utc,
                    not_after=one.not_valid_after_utc,
                )
                for one in x509.load_pem_x509_certificates(pem)
            )
        except _UNREADABLE as error:
            raise PapersError(str(error)) from error


class EcKey:
    """A SigningKey."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._public = key.public_key()

    def sign(self, data: bytes) -> bytes:
        """See the port."""
        return self._key.sign(data, ec.ECDSA(SHA256()))

    def holds(self, data: bytes, signature: bytes) -> bool:
        """See the port."""
        try:
            self._public.verify(signature, data, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def is_of(self, certificate: Certificate) -> bool:
        """See the port."""
        try:
            return x509.load_der_x509_certificate(certificate.der).public_key() == self._public
        except _UNREADABLE as error:
            raise PapersError(str(error)) from error


class Ed25519Key:
    """An UpdateKey."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    def holds(self, data: bytes, signature: bytes) -> bool:
        """See the port."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True
