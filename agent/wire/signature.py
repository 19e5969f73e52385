"""A seal's signature as it stands in the file, and as libraries write it (DER). Pure."""

from typing import Final

from agent.wire.seal import SIGNATURE_BYTES

CURVE: Final = "secp256r1"
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve's base point (SP 800-186 3.2.1.3). With (r, s) also (r, ORDER - s) would hold: only
the one with the smaller s is made and taken, so that no bit of a sealed file is free."""
_HALF: Final = SIGNATURE_BYTES // 2
_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02


def joined(r: int, s: int) -> bytes:
    """As it stands in the file."""
    return r.to_bytes(_HALF, "big") + min(s, ORDER - s).to_bytes(_HALF, "big")


def parted(signature: bytes) -> tuple[int, int] | None:
    """r and s; None if it is not the one of two that is taken."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    return (r, s) if s <= ORDER // 2 else None


def from_der(der: bytes) -> bytes:
    """Of what a library made, as it stands in the file; each length is one byte on this curve."""
    first, rest = _number(der[2:])
    second, _ = _number(rest)
    return joined(first, second)


def to_der(signature: bytes) -> bytes | None:
    """Of what stands in the file, as a library checks it; None for what is not taken."""
    numbers = parted(signature)
    if numbers is None:
        return None
    body = b"".join(_boxed(_INTEGER, _signed(number)) for number in numbers)
    return _boxed(_SEQUENCE, body)


def _number(der: bytes) -> tuple[int, bytes]:
    end = 2 + der[1]
    return int.from_bytes(der[2:end], "big"), der[end:]


def _signed(number: int) -> bytes:
    """The shortest with room for the sign, which is +."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _boxed(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content
