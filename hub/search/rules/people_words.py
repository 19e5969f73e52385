"""How many people a sentence names, in Vietnamese and English."""

from collections.abc import Sequence
from typing import Final, Literal

from hub.search.rules.chips import People
from hub.search.rules.tokens import Phrases, Token

MOST_PEOPLE: Final = 1000
CROWD: Final = (5, MOST_PEOPLE)
_Bound = Literal["at least", "more than", "at most", "fewer than", "from"]
_Number = tuple[int, int]
"""A number, and the place after it."""

_NUMBERS: Final = Phrases(
    [
        *((word, n) for n, word in enumerate(("hai", "ba", "bốn", "năm", "sáu"), 2)),
        *((word, n) for n, word in enumerate(("bảy", "tám", "chín", "mười"), 7)),
        *((word, n) for n, word in enumerate(("two", "three", "four", "five", "six"), 2)),
        *((word, n) for n, word in enumerate(("seven", "eight", "nine", "ten"), 7)),
    ]
)
_ONE: Final = Phrases({"một": 1, "one": 1})
"""A number only in "at least one", "one or two": "một người áo đỏ" does not count people."""
_ENGLISH_NUMBERS: Final = frozenset(
    ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
)
"""Stand for people without a noun: "two on a motorbike"."""
_PEOPLE: Final = Phrases(dict.fromkeys(("người", "people", "persons", "person"), True))
_GENDERED: Final = Phrases(
    dict.fromkeys(
        (
            *("nam", "nữ", "đàn ông", "phụ nữ", "thanh niên", "tên", "đứa", "em", "cô", "anh"),
            *("men", "women", "guys", "boys", "girls", "youths", "riders", "walkers"),
        ),
        True,
    )
)
"""After a number these words mean people; the sex or age in them is in no description."""
_ALONE: Final = Phrases(
    {"một mình": (1, 1), "alone": (1, 1), "crowd": CROWD, "đám đông": CROWD, "đông người": CROWD}
    | {"chở hai": (2, 2), "chở đôi": (2, 2), "chở ba": (3, 3)}
)
_SAID_BEFORE: Final[dict[_Bound, tuple[str, ...]]] = {
    "at least": (
        *("ít nhất", "tối thiểu", "không dưới", "không ít hơn"),
        *("at least", "no fewer than", "not fewer than", "no less than", "not less than"),
    ),
    "more than": ("hơn", "nhiều hơn", "trên", "more than", "over"),
    "at most": (
        *("nhiều nhất", "tối đa", "không quá", "không hơn", "không nhiều hơn"),
        *("at most", "up to", "no more than", "not more than"),
    ),
    "fewer than": (
        *("ít hơn", "dưới", "chưa đến", "chưa tới", "không đến", "không tới"),
        *("fewer than", "less than", "under"),
    ),
    "from": ("từ", "from", "giữa", "between"),
}
BOUNDS: Final = Phrases(
    [(phrase, bound) for bound, phrases in _SAID_BEFORE.items() for phrase in phrases]
)
_SAID_AFTER: Final[dict[_Bound, tuple[str, ...]]] = {
    "at least": ("trở lên", "or more", "+", "and more"),
    "at most": ("trở xuống", "or fewer", "or less", "and fewer"),
}
_BOUNDS_AFTER: Final = Phrases(
    [(phrase, bound) for bound, phrases in _SAID_AFTER.items() for phrase in phrases]
)
_TO: Final = Phrases(dict.fromkeys(("-", "đến", "tới", "to", "hoặc", "hay", "or"), True))
_AND: Final = Phrases(dict.fromkeys(("và", "and"), True))

KNOWN: Final = frozenset().union(
    *(one.words for one in (_NUMBERS, _ONE, _PEOPLE, _GENDERED, _ALONE, BOUNDS, _BOUNDS_AFTER))
)
"""Each word here, with its diacritics."""


def people_at(said: Sequence[Token], place: int) -> tuple[People, int] | None:
    """The number of people in the next words, and the place after them."""
    alone = _ALONE.at(said, place)
    if alone is not None:
        return People(*alone[0]), alone[1]
    opened = BOUNDS.at(said, place)
    bound = opened[0] if opened else None
    counted = _counted(said, opened[1] if opened else place, bound)
    if counted is None:
        return None
    least, most, after = counted
    number, bounds = after - 1, [bound] if bound else []
    after = _after_bound(said, after, bounds)
    noun = _PEOPLE.at(said, after)
    if noun:
        after = _after_bound(said, noun[1], bounds)
    elif not _counts_people(said, number, after, bound):
        return None
    for one in bounds:
        least, most = _bounded(one, least, most)
    return (People(least, most), after) if least <= most else None


def _after_bound(said: Sequence[Token], place: int, bounds: list[_Bound]) -> int:
    """The place after "or more"; adds what it says to `bounds`."""
    closed = _BOUNDS_AFTER.at(said, place)
    if closed is None:
        return place
    bounds.append(closed[0])
    return closed[1]


def _bounded(bound: _Bound, least: int, most: int) -> tuple[int, int]:
    match bound:
        case "at least":
            return least, MOST_PEOPLE
        case "more than":
            return least + 1, MOST_PEOPLE
        case "at most":
            return 1, most
        case "fewer than":
            return 1, most - 1
        case "from":  # "from 2 to 4", but "from 3" has no end
            return least, most if most > least else MOST_PEOPLE


def _counted(
    said: Sequence[Token], place: int, bound: _Bound | None
) -> tuple[int, int, int] | None:
    """Least, most and the place after: "3", "2-3", "hai ba" (2 or 3), "one or two"."""
    whole, one = _number(said, place), _ONE.at(said, place)
    first = whole or one
    if first is None:
        return None
    count, after = first
    to = _TO.at(said, after) or (_AND.at(said, after) if bound == "from" else None)
    last = _number(said, to[1] if to else after)
    is_next = last is not None and last[0] == count + 1 and said[place].number is None
    if last is not None and (to or is_next):
        return min(count, last[0]), max(count, last[0]), last[1]
    return (count, count, after) if whole or bound else None


def _number(said: Sequence[Token], place: int) -> _Number | None:
    if place >= len(said):
        return None
    number = said[place].number
    if number is not None:
        return (number, place + 1) if 1 <= number <= MOST_PEOPLE else None
    return _NUMBERS.at(said, place)


def _counts_people(said: Sequence[Token], number: int, after: int, bound: _Bound | None) -> bool:
    """A number before "men", and an English one alone: "two on a motorbike"."""
    if said[number].folded in _ENGLISH_NUMBERS and bound != "from":  # that may be hours
        return True
    # "nam" without diacritics before another word is a man, not five.
    return said[number].said != "nam" and _GENDERED.at(said, after) is not None
