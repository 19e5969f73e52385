"""Camera rules met by the people of an alert: which are new, and which is named first."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

FIRST_SAID: Final = ("after_hours", "entry", "crossing", "loitering", "group")
"""Priority where only one rule can be named. Rules of a newer node come last."""
MOST: Final = 100
"""Most rules stored per alert: all that a camera can have. Limits a node that sends invented ones.
"""


@dataclass(frozen=True, slots=True)
class RuleMet:
    """One rule met at one zone or line, with the node's names."""

    rule: str
    place: str
    seconds: int | None = None
    people: int | None = None
    towards: str | None = None
    label: str | None = None
    """Name of the place for people when the rule was met; None: it had none."""

    @property
    def called(self) -> str:
        """The name of the place that people use."""
        return self.label or self.place

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the rule within an alert, independent of person and duration."""
        return self.rule, self.place


Rules = tuple[RuleMet, ...]


def new_rules(known: Rules, said: Iterable[RuleMet]) -> Rules:
    """Rules in `said` that are new to this alert, each once, at most `MOST` in all."""
    found = {one.key: one for one in reversed(tuple(said))}
    keys = {one.key for one in known}
    fresh = [one for key, one in reversed(found.items()) if key not in keys]
    return tuple(fresh[: max(0, MOST - len(known))])


def foremost(rules: Rules) -> RuleMet | None:
    """The rule to name where only one can be named."""
    ranks = {rule: rank for rank, rule in enumerate(FIRST_SAID)}
    return min(rules, key=lambda one: ranks.get(one.rule, len(ranks)), default=None)


def is_critical(rules: Rules, critical: frozenset[str]) -> bool:
    """True if any of these rules makes an alert critical."""
    return any(met.rule in critical for met in rules)


def to_text(rules: Rules) -> str:
    """Text for one database column."""
    return json.dumps([asdict(one) for one in rules], separators=(",", ":"))


def from_text(text: str | None) -> Rules:
    """Parse the text of `to_text`; empty for None."""
    return tuple(RuleMet(**one) for one in json.loads(text)) if text else ()
