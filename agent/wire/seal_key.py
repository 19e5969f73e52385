"""How a signature is checked by the package `cryptography`: ECDSA P-256, SHA-256. Pure.

The hub checks by it; what a node signs by is `agent.papers`.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from agent.wire.seal import to_sign
from agent.wire.signature import CURVE, parted

__all__ = ["CURVE", "holds"]


def holds(key: ec.EllipticCurvePublicKey, chained: bytes, signature: bytes) -> bool:
    """True if the key's owner signed a record with that chained hash."""
    numbers = parted(signature)
    if numbers is None:
        return False
    try:
        key.verify(encode_dss_signature(*numbers), to_sign(chained), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
