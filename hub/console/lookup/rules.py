"""Which entries a typed text means: values in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from hub.base.text.normalize import fold
from hub.base.text.order import Order, by_name

MOST_CHARS: Final = 100
MOST_OF_A_KIND: Final = 8
LEAST_CHARS: Final = 2
"""A single letter is in almost every name."""


class Kind(Enum):
    """Kinds of entries, in the order of the results."""

    CAMERA = "camera"
    PLACE = "place"
    NODE = "node"
    PERSON = "person"
    CASE = "case"
    PAGE = "page"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something with a name and a page."""

    kind: Kind
    name: str
    about: str
    """Text that tells two entries of one name apart; it is searched too."""
    address: str


@dataclass(frozen=True, slots=True)
class Found:
    """The best entries of one kind."""

    kind: Kind
    entries: tuple[Entry, ...]
    more: int
    """Number of entries left out."""


_folded = lru_cache(maxsize=20_000)(fold)
_Ranked = tuple[int, Order, Entry]


def found(entries: Iterable[Entry], asked: str) -> list[Found]:
    """Entries in which each asked word begins a word, without regard to case and accents; the best
    first. A text below `LEAST_CHARS` finds nothing."""
    text = fold(asked[:MOST_CHARS])
    if len(text) < LEAST_CHARS:
        return []
    ranked: dict[Kind, list[_Ranked]] = {}
    for entry in entries:
        rank = _rank(entry, text)
        if rank is not None:
            ranked.setdefault(entry.kind, []).append((rank, by_name(entry.name), entry))
    return [_best(kind, ranked[kind]) for kind in Kind if kind in ranked]


def _best(kind: Kind, ranked: list[_Ranked]) -> Found:
    ranked.sort(key=lambda one: (*one[:2], one[2].address))
    best = tuple(entry for _, _, entry in ranked[:MOST_OF_A_KIND])
    return Found(kind, best, len(ranked) - len(best))


def _rank(entry: Entry, text: str) -> int | None:
    """0: the name begins with the text; 1: all words are in the name; 2: some only in `about`;
    None: not meant."""
    name = _folded(entry.name)
    if name.startswith(text):
        return 0
    words = text.split()
    if all(_begins_a_word(word, name) for word in words):
        return 1
    both = f"{name} {_folded(entry.about)}"
    return 2 if all(_begins_a_word(word, both) for word in words) else None


def _begins_a_word(word: str, text: str) -> bool:
    at = text.find(word)
    while at > 0 and text[at - 1].isalnum():
        at = text.find(word, at + 1)
    return at >= 0
