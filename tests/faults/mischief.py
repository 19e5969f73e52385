"""Chooses the next fault by a seed: no clock, process or socket in this module.

The kinds come as cards from a shuffled deck, so that each comes once before one comes again.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

Card = TypeVar("Card")

Kind = Literal[
    "kill_agent",
    "kill_broker",
    "kill_hub",
    "lose_queue",
    "reset",
    "black_hole",
    "half_close",
    "refuse",
    "slow",
    "lie",
    "full_disk",
    "full_hub_disk",
    "step_clock",
    "step_hub_clock",
    "hang_up_database",
    "kill_database",
]

LIES: Final = ("busy", "slow_down", "hang", "cut", "too_large")
"""Of the push service; "gone" is told once, to a phone of its own."""

STEPS_S: Final = (-3600, -86_400, 1800, 86_400, -1_700_000_000, 0)
"""Steps of a node's clock: an hour, a day, to the seventies, and right again."""

HUB_STEPS_S: Final = (-600, 3600, 31_536_000, -3600, 0, -31_536_000, 300)
"""Steps of the hub's clock: minutes, an hour, a year, and right again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that goes wrong `after_s` the one before, and for how long it lasts."""

    after_s: float
    kind: Kind
    lasts_s: float = 0.0
    which: int = 0
    """Which process, line, phone or node: to be taken modulo their number."""
    lie: str = ""
    times: int = 1
    amount: float = 0.0
    """Latency in s, or a step of the clock in s."""


def deeds(seed: int, kinds: Sequence[Kind], *, gap_s: float) -> Iterator[Deed]:
    """An endless row, the same for the same seed: `gap_s` apart in the mean, up to four long."""
    dice = random.Random(seed)
    lies = _decks(dice, LIES)
    steps = {"step_clock": _decks(dice, STEPS_S), "step_hub_clock": _decks(dice, HUB_STEPS_S)}
    for kind in _decks(dice, kinds):
        yield Deed(
            after_s=dice.uniform(0.2, 2 * gap_s - 0.2),
            kind=kind,
            lasts_s=dice.uniform(0.5, 4 * gap_s) if kind != "kill_hub" else dice.uniform(0, 2),
            which=dice.randrange(1 << 16),
            lie=next(lies) if kind == "lie" else "",
            times=dice.randint(1, 3),
            amount=next(steps[kind]) if kind in steps else dice.uniform(0.05, 0.5),
        )


def _decks(dice: random.Random, cards: Sequence[Card]) -> Iterator[Card]:
    while True:
        yield from dice.sample(cards, len(cards))
