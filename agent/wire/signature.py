"""A seal's signature in the form of the file: r and s, 32 bytes each. Pure."""

from typing import Final

from agent.wire.seal import SIGNATURE_BYTES

CURVE: Final = "secp256r1"
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the curve's base point (SP 800-186 3.2.1.3). With (r, s), (r, ORDER - s) is valid too:
only the smaller s is written and accepted, so that no bit of a sealed file can change."""
_HALF: Final = SIGNATURE_BYTES // 2


def joined(r: int, s: int) -> bytes:
    """The 64 bytes that stand in the file."""
    return r.to_bytes(_HALF, "big") + min(s, ORDER - s).to_bytes(_HALF, "big")


def parted(signature: bytes) -> tuple[int, int] | None:
    """r and s from the 64 bytes; None if s is the larger of its two possible values."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    return (r, s) if s <= ORDER // 2 else None
