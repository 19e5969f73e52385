"""Rules of a camera that the people of an alert met: what is news, and what is said of it first."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

FIRST_SAID: Final = ("after_hours", "entry", "crossing", "loitering", "group")
"""Where there is room for one rule only. Rules of a newer node come last."""
MOST: Final = 100
"""Rules kept of one alert: all that a camera can tell. A node that makes up
ever more of them fills nothing."""


@dataclass(frozen=True, slots=True)
class RuleMet:
    """One rule at one zone or line, in the words of the node."""

    rule: str
    place: str
    seconds: int | None = None
    people: int | None = None
    towards: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same for an alert, whoever met it and however long."""
        return self.rule, self.place


Rules = tuple[RuleMet, ...]


def news(known: Rules, said: Iterable[RuleMet]) -> Rules:
    """Those of `said` that nobody has met in this alert, each once, up to `MOST` in all."""
    found = {one.key: one for one in reversed(tuple(said))}
    keys = {one.key for one in known}
    fresh = [one for key, one in reversed(found.items()) if key not in keys]
    return tuple(fresh[: max(0, MOST - len(known))])


def foremost(rules: Rules) -> RuleMet | None:
    """The one to be said where only one can be."""
    ranks = {rule: rank for rank, rule in enumerate(FIRST_SAID)}
    return min(rules, key=lambda one: ranks.get(one.rule, len(ranks)), default=None)


def is_critical(rules: Rules, critical: frozenset[str]) -> bool:
    """Whether any of them is of those that make an alert critical."""
    return any(met.rule in critical for met in rules)


def to_text(rules: Rules) -> str:
    """For one column of the database."""
    return json.dumps([asdict(one) for one in rules], separators=(",", ":"))


def from_text(text: str | None) -> Rules:
    """What `to_text` wrote; nothing where there is nothing."""
    return tuple(RuleMet(**one) for one in json.loads(text)) if text else ()
