"""Program bundles: check, and storage in the clip store."""

import hashlib
import tarfile
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from agent.wire.programs import (
    DAMAGED,
    AlteredFault,
    BundleFault,
    Head,
    UnsignedFault,
    files,
    read_head,
)
from hub.base.errors import DomainError
from hub.base.storage.staging import PIECE_BYTES

KEY: Final = Path("/etc/matthan/update.pub")
"""Public half of the town's update key at a hub; the private half is at no hub."""


class BundleTrouble(StrEnum):
    """Reasons to refuse a keeper's bundle."""

    NO_KEY = "no_key"
    EMPTY = "empty"
    LARGE = "large"
    UNSIGNED = "unsigned"
    ALTERED = "altered"
    NO_BUNDLE = "no_bundle"
    OLDER = "older"
    ROOM = "room"
    LOST = "lost"
    SIGNED_OUT = "signed_out"


class BundleRefusedError(DomainError):
    """The bundle is refused; `trouble` says why."""

    def __init__(self, trouble: BundleTrouble, detail: str = "") -> None:
        about = {"about": detail} if detail else {}
        text = f"{trouble}: {detail}" if detail else str(trouble)
        super().__init__(text, f"bundle.{trouble}", **about)
        self.trouble = trouble
        self.detail = detail


def trouble_of(fault: BundleFault) -> BundleTrouble:
    """The reason for this fault."""
    match fault:
        case UnsignedFault():
            return BundleTrouble.UNSIGNED
        case AlteredFault():
            return BundleTrouble.ALTERED
    return BundleTrouble.NO_BUNDLE


def checked(bundle: Path, key: Ed25519PublicKey | None) -> Head:
    """The bundle's header, if every file matches its signature; raises BundleFault, OSError."""
    try:
        with tarfile.open(bundle, "r:") as opened:
            head = read_head(opened, partial(_has_signed, key) if key is not None else None)
            for name, content in files(opened, head):
                reckoned = hashlib.sha256()
                while piece := content.read(PIECE_BYTES):
                    reckoned.update(piece)
                if reckoned.hexdigest() != head.listed[name]:
                    raise AlteredFault(f"{name} differs from what was signed")
    except DAMAGED as error:
        raise BundleFault(f"it is not a bundle: {error}") from error
    return head


def _has_signed(key: Ed25519PublicKey, text: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


def update_key(path: Path = KEY) -> Ed25519PublicKey | None:
    """The hub's copy of the update key; None without one. Raises ValueError for an invalid file."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is not an update key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path} is not an update key")  # noqa: TRY004 - of a file, not of a call
    return key
