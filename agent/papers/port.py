"""What is asked of a node's papers, whichever library answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class PapersError(ValueError):
    """A paper cannot be read, with the library's own words."""


class WrongKindError(PapersError):
    """It can be read, and is no key of the kind that is needed."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a node needs to know of one."""

    der: bytes
    not_before: datetime
    """UTC, aware, as the next."""
    not_after: datetime


class SigningKey(Protocol):
    """The private half of an ECDSA P-256 key; any thread may ask it."""

    def sign(self, data: bytes) -> bytes:
        """With SHA-256, as DER: a SEQUENCE of two INTEGERs."""
        ...

    def holds(self, data: bytes, signature: bytes) -> bool:
        """True if this very key signed those bytes, with SHA-256; the signature is DER."""
        ...

    def is_of(self, certificate: Certificate) -> bool:
        """True if the certificate is for this key."""
        ...


class UpdateKey(Protocol):
    """The public half of an Ed25519 key; any thread may ask it."""

    def holds(self, data: bytes, signature: bytes) -> bool:
        """True if its owner signed those bytes."""
        ...


class Library(Protocol):
    """Reads papers; each of these raises PapersError, the keys' WrongKindError too."""

    def signing_key(self, pem: bytes) -> SigningKey:
        """The first private key; one under a password is refused."""
        ...

    def update_key(self, pem: bytes) -> UpdateKey:
        """A public key."""
        ...

    def certificates(self, pem: bytes) -> tuple[Certificate, ...]:
        """All that stand there, in their order: at least one."""
        ...
