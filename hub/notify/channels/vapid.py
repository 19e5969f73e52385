"""The key that the hub signs its Web Push messages with (VAPID, RFC 8292)."""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub.base.credentials import found


class VapidKeyError(Exception):
    """The hub cannot sign its pushes; the message says what, why and the cure."""


def vapid_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The hub's push key, created on first use. Its loss silences every subscribed phone.

    Raises VapidKeyError if the file is not such a key or other users of the machine can read it.
    """
    path = found(path)
    if not path.exists():
        _create_key(path)
    if path.stat().st_mode & 0o007:
        raise VapidKeyError(f"{path}: everybody may read the push key. chmod o= {path}")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise VapidKeyError(f"{path}: not a push key ({error}). Restore it from a copy") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise VapidKeyError(f"{path}: not a P-256 key. Restore it from a copy")
    return key


def _create_key(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, pem)
        os.fsync(file)
    finally:
        os.close(file)
