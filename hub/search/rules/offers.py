"""Chips that a page offers for a description: only those that occur in sightings."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from hub.search.rules.chips import Meaning, Moving, Riding, Worn

MOST_UPPER, MOST_LOWER = 5, 3
VEHICLES: Final = ("motorbike", "bicycle")


class Seen(Protocol):
    """The best colours and the way of moving of one sighting; None: unknown."""

    @property
    def upper_colour(self) -> str | None: ...

    @property
    def lower_colour(self) -> str | None: ...

    @property
    def transport(self) -> str | None: ...


def offered(seen: Sequence[Seen]) -> list[Meaning]:
    """The most frequent colours, and each way of moving."""
    upper = Counter(one.upper_colour for one in seen if one.upper_colour)
    lower = Counter(one.lower_colour for one in seen if one.lower_colour)
    moving = Counter(one.transport for one in seen if one.transport)
    found: list[Meaning] = []
    found += [Worn("upper", (frozenset({one}),)) for one, _ in upper.most_common(MOST_UPPER)]
    found += [Worn("lower", (frozenset({one}),)) for one, _ in lower.most_common(MOST_LOWER)]
    for one, _ in moving.most_common():
        is_vehicle = one in VEHICLES
        found.append(Riding(frozenset({one})) if is_vehicle else Moving(rode=False))
    return found
