"""Limits of column values, for messages that are well-formed but do not fit a column.

A message from a stolen node must not stop the hub's only writer: PostgreSQL refuses a NUL in text
and a number beyond its column, and the whole batch would fail.
"""

from typing import Final

MAX_INTEGER: Final = 2**31 - 1
MAX_BIGINT: Final = 2**63 - 1


def integer(value: int) -> int:
    """`value`, or the largest value of an Integer column."""
    return min(value, MAX_INTEGER)


def bigint(value: int) -> int:
    """`value`, limited to 0 and the largest value of a BigInteger column."""
    return max(0, min(value, MAX_BIGINT))


def text(value: str, max_chars: int) -> str:
    """`value` without NULs, cut to `max_chars` characters."""
    return value[:max_chars].replace("\0", "\ufffd")
