"""The check of a seal's signature: ECDSA P-256 with SHA-256. Pure."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from agent.wire.seal import to_sign
from agent.wire.signature import CURVE, parted

__all__ = ["CURVE", "holds"]


def holds(key: ec.EllipticCurvePublicKey, chained: bytes, signature: bytes) -> bool:
    """True if the owner of `key` signed a record with that chained hash; `signature`: 64 bytes."""
    numbers = parted(signature)
    if numbers is None:
        return False
    try:
        key.verify(encode_dss_signature(*numbers), to_sign(chained), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
