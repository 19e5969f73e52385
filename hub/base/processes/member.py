"""Number of a process among those of one hub, for PostgreSQL's advisory locks."""

from hashlib import sha256


def member_number(process: str) -> int:
    """The number of a process by its name (`Database.process`), above 0 and below 2**31."""
    return 1 + int.from_bytes(sha256(process.encode()).digest()[:4]) % (2**31 - 1)
