"""How a record is signed and how a signature is checked: ECDSA over P-256 with SHA-256. Pure."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from agent.wire.seal import SIGNATURE_BYTES, to_sign

CURVE: Final = "secp256r1"
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve's base point (SP 800-186 3.2.1.3). With (r, s) also (r, ORDER - s) would hold: only
the one with the smaller s is made and taken, so that no bit of a sealed file is free."""
_HALF: Final = SIGNATURE_BYTES // 2


def sign(key: ec.EllipticCurvePrivateKey, chained: bytes) -> bytes:
    """The signature of a record with that chained hash; the key is of `CURVE`."""
    r, s = decode_dss_signature(key.sign(to_sign(chained), ec.ECDSA(SHA256())))
    return r.to_bytes(_HALF, "big") + min(s, ORDER - s).to_bytes(_HALF, "big")


def holds(key: ec.EllipticCurvePublicKey, chained: bytes, signature: bytes) -> bool:
    """True if the key's owner signed a record with that chained hash."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    if s > ORDER // 2:
        return False
    try:
        key.verify(encode_dss_signature(r, s), to_sign(chained), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
