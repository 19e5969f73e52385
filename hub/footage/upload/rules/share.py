"""A node's share of the hub's disk while it is short: who is above it waits, others go on."""

from collections.abc import Mapping
from statistics import median_low
from typing import Final
from uuid import UUID

FAIR_TIMES: Final = 4
"""A busy junction brings several times as much as others."""
COUNTED_S: Final = 24 * 3600
"""What was brought within this time counts, so that a node that waits may go on a day later."""


def share_bytes(brought: Mapping[UUID, int], *, free_bytes: int) -> int:
    """Bytes that each node may have brought: four times as many as the middle one of them, or an
    equal part of what is still free if that is more. One node with much cannot raise it."""
    if not brought:
        return max(0, free_bytes)
    middle = median_low(sorted(brought.values()))
    return max(FAIR_TIMES * middle, free_bytes // len(brought))


def is_above_share(
    node_id: UUID, brought: Mapping[UUID, int], *, free_bytes: int | None, short_bytes: int
) -> bool:
    """Whether this node waits. `free_bytes` are beyond the reserve; None: unknown. Below
    `short_bytes` the disk is short."""
    if free_bytes is None or free_bytes >= short_bytes:
        return False
    return brought.get(node_id, 0) > share_bytes(brought, free_bytes=free_bytes)
