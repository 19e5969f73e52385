"""Ids that sort by time: UUID version 7 (RFC 9562) from a clock reading and random bytes."""

import re
from uuid import UUID

NODE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Names of nodes and cameras: valid as a certificate's common name and as one topic level."""


def uuid7(utc_us: int, random: bytes) -> UUID:
    """Id for an event at `utc_us` (microseconds since 1970, UTC).

    Needs 10 random bytes. The first 48 bits are milliseconds; the microseconds within the
    millisecond take the next 10 (RFC 9562 §6.2, method 3), so ids made in order sort in order.
    """
    if len(random) != 10:
        raise ValueError(f"uuid7 needs 10 random bytes, got {len(random)}")
    millis, micros = divmod(max(0, utc_us), 1000)
    number = (millis & (1 << 48) - 1) << 80 | int.from_bytes(random, "big")
    number = number & ~(0xFFFF << 64) | 0x7 << 76 | micros << 66 | (random[0] & 0x3) << 64
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)


def born_utc_us(made: UUID) -> int:
    """Time of the event with this `uuid7` id (microseconds since 1970, UTC)."""
    return (made.int >> 80) * 1000 + (made.int >> 66 & 0x3FF)


def is_name(text: str) -> bool:
    """True for a name valid in a topic and a certificate (a-z, 0-9, inner hyphens)."""
    return NODE_NAME.fullmatch(text) is not None
