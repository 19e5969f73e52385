"""What a well-formed message may still carry that a column cannot hold.

A message from a node in strange hands must not stop the hub's one writer: PostgreSQL refuses a
NUL in text and a number beyond its column, and would take the whole batch down with it.
"""

from typing import Final

MAX_INTEGER: Final = 2**31 - 1
MAX_BIGINT: Final = 2**63 - 1


def integer(value: int) -> int:
    """`value`, or the largest an Integer column holds."""
    return min(value, MAX_INTEGER)


def bigint(value: int) -> int:
    """`value`, between 0 and the largest a BigInteger column holds."""
    return max(0, min(value, MAX_BIGINT))


def text(value: str, max_chars: int) -> str:
    """`value` without NULs, cut to `max_chars`."""
    return value[:max_chars].replace("\0", "\ufffd")
