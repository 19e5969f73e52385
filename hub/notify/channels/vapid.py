"""The key that the hub signs its Web Push messages with (VAPID, RFC 8292)."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub.base.secret_store.store import FILES, SecretStore


class VapidKeyError(Exception):
    """The hub cannot sign its pushes; the message says what, why and the cure."""


def vapid_key(path: Path, secrets: SecretStore = FILES) -> ec.EllipticCurvePrivateKey:
    """The hub's push key, created on first use. Its loss silences every subscribed phone.

    Raises VapidKeyError if the file is not such a key, cannot be written, or other users of the
    machine can read it.
    """
    try:
        pem = secrets.make(path, _new_pem, group_reads=True)
    except OSError as error:
        raise VapidKeyError(f"the push key cannot be used: {error}") from error
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise VapidKeyError(f"{path}: not a push key ({error}). Restore it from a copy") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise VapidKeyError(f"{path}: not a P-256 key. Restore it from a copy")
    return key


def _new_pem() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
