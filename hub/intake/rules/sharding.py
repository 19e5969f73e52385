"""Shards: which process files the messages of which node.

The name of a node decides its shard. Each of the processes that hear the broker holds about the
same number of shards. Values in, values out.
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
    """Shards that one process takes or gives up."""

    take: tuple[int, ...] = ()
    give: tuple[int, ...] = ()


def moves(holders: Mapping[int, int], *, me: int, members: Collection[int]) -> Moves:
    """The next moves of this process. `holders`: for each shard the number of its holder;
    `members`: the processes that hear the broker.

    No process takes a shard from another member: that one gives up what exceeds its share.
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
