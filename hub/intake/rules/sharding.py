"""Shards: which process files the messages of which node.

A node belongs to a shard by its name. Of the processes that hear the broker each holds about as
many shards as the others. Values in, values out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

SHARDS: Final = 16
"""Fixed: processes with another number would divide the nodes otherwise."""


@lru_cache(maxsize=50_000)
def shard_of(node: str) -> int:
    """The shard of a node, by the first byte of its name's SHA-256; the same in every process."""
    return sha256(node.encode()).digest()[0] % SHARDS


@dataclass(frozen=True, slots=True)
class Moves:
    """What one process takes, or gives up."""

    take: tuple[int, ...] = ()
    give: tuple[int, ...] = ()


def member_number(process: str) -> int:
    """The number of a process among those that hear the broker, above 0 and below 2**31."""
    return 1 + int.from_bytes(sha256(process.encode()).digest()[:4]) % (2**31 - 1)


def moves(holders: Mapping[int, int], *, me: int, members: Collection[int]) -> Moves:
    """What this process does next. `holders`: the number of who holds each shard; `members`: the
    processes that hear the broker.

    Nobody takes what another member holds: that one gives up what is more than its share.
    """
    mine = sorted(shard for shard, holder in holders.items() if holder == me)
    if me not in members:
        return Moves(give=tuple(mine))
    share = -(-SHARDS // len(members))
    if len(mine) > share:
        return Moves(give=tuple(mine[share:]))
    free = (shard for shard, holder in holders.items() if holder not in members)
    rank, number = sorted(members).index(me), len(members)
    # Several take at once: each begins with others.
    in_turn = sorted(free, key=lambda shard: ((shard - rank) % number, shard))
    return Moves(take=tuple(in_turn[: share - len(mine)]))
