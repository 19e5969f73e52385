"""A typed sentence in Vietnamese or English as chips: what was seen, where, when.

Read from left to right; at each word the first reading that fits is taken. Words that mean nothing
to a search are returned, so that a page can say so. Diacritics may be left out; a word that has
some means itself alone ("đến" is not "đen").
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.search.rules import vocabulary as words
from hub.search.rules.chips import (
    Chip,
    Compass,
    Height,
    Leaving,
    Meaning,
    Moving,
    Only,
    People,
    PlaceName,
    Riding,
    Sentence,
    Speed,
    Towards,
    Where,
    Worn,
)
from hub.search.rules.description import Colours
from hub.search.rules.people_words import BOUNDS, people_at
from hub.search.rules.place_names import place_at, whole_name_at
from hub.search.rules.time_words import time_at
from hub.search.rules.tokens import SIGNS, Token, tokens

MOST_CHARS: Final = 300
Found = tuple[Meaning, int] | None
"""A meaning, and the place after its words."""
_ONCE: Final = (People, Height, Speed, Leaving, Compass, Towards, Moving)
"""A sighting has one of each: a second one is not understood."""


@dataclass(frozen=True, slots=True)
class _Text:
    said: Sequence[Token]
    names: Sequence[PlaceName]
    today: date


def parsed(text: str, names: Sequence[PlaceName], *, today: date) -> Sentence:
    """The chips of a text; `names` are the places that the reader may search, `today` is the
    reader's."""
    text = unicodedata.normalize("NFC", text)[:MOST_CHARS]
    said = tokens(text)
    reading = _Text(said, names, today)
    chips: list[Chip] = []
    unknown: list[tuple[int, int]] = []
    place = 0
    while place < len(said):
        found = _meaning(reading, place)
        if found is not None and not _is_said(found[0], chips):
            chips.append(Chip(found[0], said[place].start, said[found[1] - 1].end))
            place = found[1]
            continue
        after = found[1] if found else _after_unknown(reading, place)
        if found is not None or after > place + 1 or not _is_filler(said[place]):
            unknown.append((place, after))
        place = after
    return Sentence(text, tuple(chips), tuple(_pieces(text, said, unknown)))


def _meaning(text: _Text, place: int) -> Found:
    for read in _READINGS:
        found = read(text, place)
        if found is not None:
            return found
    return None


def _is_said(meaning: Meaning, chips: Sequence[Chip]) -> bool:
    return isinstance(meaning, _ONCE) and any(type(one.meaning) is type(meaning) for one in chips)


def _is_filler(token: Token) -> bool:
    return token.said in SIGNS or any(token.may_be(word) for word in words.FILLERS)


def _after_unknown(text: _Text, place: int) -> int:
    """A word such as "near" belongs to the unknown words after it, and "not" to what it denies."""
    denied = _denied(text, place)
    if denied is not None:
        return denied
    found = words.TOWARDS.at(text.said, place) or words.NEAR.at(text.said, place)
    if found is None or found[1] >= len(text.said):
        return place + 1
    after = found[1]
    while after < len(text.said) and text.said[after].said not in SIGNS:
        if _meaning(text, after) is not None or _is_comma_before(text.said, after):
            break
        after += 1
    return max(after, place + 1)


def _denied(text: _Text, place: int) -> int | None:
    """The place after "not a red shirt", "over 1.7 m tall": the opposite of what a search finds."""
    denial = words.NOT.at(text.said, place)
    opened = denial or BOUNDS.at(text.said, place)
    if opened is None:
        return None
    at = opened[1]
    while at < len(text.said) and not _is_comma_before(text.said, at):
        found = _meaning(text, at)
        if found is not None:
            is_changed = denial is not None or isinstance(found[0], Height | People)
            return found[1] if is_changed else None
        if not _is_filler(text.said[at]):
            return None
        at += 1
    return None


def _is_comma_before(said: Sequence[Token], place: int) -> bool:
    return said[place].start - said[place - 1].end > 1


def _pieces(text: str, said: Sequence[Token], unknown: Sequence[tuple[int, int]]) -> list[str]:
    """Unknown words as typed; neighbours together."""
    spans: list[tuple[int, int]] = []
    for begin, end in unknown:
        if spans and spans[-1][1] == begin and not _is_comma_before(said, begin):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    return [text[said[begin].start : said[end - 1].end] for begin, end in spans]


def _time(text: _Text, place: int) -> Found:
    return time_at(text.said, place, text.today)


def _only(text: _Text, place: int) -> Found:
    found = words.ONLY.at(text.said, place)
    return (Only(found[0]), found[1]) if found else None


def _side(text: _Text, place: int) -> Found:
    found = words.SIDES.at(text.said, place)
    return (Leaving(found[0]), found[1]) if found else None


def _towards(text: _Text, place: int) -> Found:
    """A direction such as "về phía chợ", "to the north"."""
    opened = words.TOWARDS.at(text.said, place)
    if opened is None:
        compass = words.COMPASS.at(text.said, place)
        # A Vietnamese word alone says other things as well: "nam" is a man, "đông" is many.
        is_english = text.said[place].said[0] in "nsew" and text.said[place].said != "nam"
        return (Compass(compass[0]), compass[1]) if compass and is_english else None
    after = opened[1]
    if after < len(text.said) and text.said[after].folded in ("the", "huong", "phia"):
        after += 1
    compass = words.COMPASS.at(text.said, after)
    if compass is not None:
        return Compass(compass[0]), compass[1]
    found = place_at(text.said, after, text.names)
    return (Towards(found[0]), found[1]) if found else None


def _where(text: _Text, place: int) -> Found:
    for opening, is_near in ((words.NEAR, True), (words.AT, False)):
        opened = opening.at(text.said, place)
        found = place_at(text.said, opened[1], text.names) if opened else None
        if found is not None:
            return Where(found[0], is_near), found[1]
    whole = whole_name_at(text.said, place, text.names)
    return (Where(whole[0], is_near=False), whole[1]) if whole else None


def _people(text: _Text, place: int) -> Found:
    return people_at(text.said, place)


def _height(text: _Text, place: int) -> Found:
    """A height such as "cao 1m7", "cao khoảng 170 cm", "1.7 m tall"."""
    said, is_tall = text.said, text.said[place].may_be("cao")
    at = place + 1 if is_tall else place
    at += at < len(said) and any(said[at].may_be(word) for word in ("khoảng", "tầm", "about"))
    rest = [one.said for one in said[at : at + 4]]
    cm, after = _centimetres(rest)
    if cm is None or not 50 <= cm <= 250:
        return None
    after += at
    if after < len(said) and said[after].said == "tall":
        return Height(cm), after + 1
    return (Height(cm), after) if is_tall else None


def _centimetres(rest: Sequence[str]) -> tuple[int | None, int]:
    """Centimetres, and how many tokens say them."""
    match rest:
        case [metres, "m", parts, *_] if metres.isdigit() and parts.isdigit() and len(parts) < 3:
            return int(metres) * 100 + int(parts.ljust(2, "0")), 3
        case [number, "cm", *_] if number.isdigit():
            return int(number[:4]), 2
        case [number, "m" | "mét", *_] if number[0].isdigit():
            return round(float(number.replace(",", ".")[:6]) * 100), 2
    return None, 0


def _worn(text: _Text, place: int) -> Found:
    """Clothing such as "áo đỏ", "red shirt", "đồ đen", "in red"."""
    garment = words.GARMENTS.at(text.said, place)
    if garment is not None:
        colours = _colours(text.said, garment[1])
        return (Worn(garment[0], colours[0]), colours[1]) if colours else None
    colours = _colours(text.said, place)
    if colours is None:
        return None
    garment = words.GARMENTS.at(text.said, colours[1])
    if garment is not None:
        return Worn(garment[0], colours[0]), garment[1]
    return Worn("clothes", colours[0]), colours[1]


def _riding(text: _Text, place: int) -> Found:
    """A vehicle such as "xe máy đỏ", "black motorbike", "xe đỏ"."""
    said = text.said
    vehicle = words.VEHICLES.at(said, place)
    if vehicle is not None:
        colours = _colours(said, vehicle[1])
        found = colours or ((), vehicle[1])
        return Riding(vehicle[0], found[0]), found[1]
    before = _colours(said, place)
    if before is not None:
        vehicle = words.VEHICLES.at(said, before[1])
        some = words.VEHICLE.at(said, before[1])
        if vehicle is not None:
            return Riding(vehicle[0], before[0]), vehicle[1]
        return (Riding(frozenset(), before[0]), some[1]) if some else None
    some = words.VEHICLE.at(said, place)
    colours = _colours(said, some[1]) if some else None
    return (Riding(frozenset(), colours[0]), colours[1]) if colours else None


def _colours(said: Sequence[Token], place: int) -> tuple[tuple[Colours, ...], int] | None:
    """Colours such as "đỏ", "đỏ hoặc cam" (any), "đỏ và đen" (both)."""
    place += place < len(said) and any(said[place].may_be(word) for word in ("màu", "colour"))
    first = words.COLOURS.at(said, place)
    if first is None:
        return None
    colours, after = [first[0]], first[1]
    while after < len(said):
        joins_any = any(said[after].may_be(word) for word in ("hoặc", "hay", "or", "/"))
        joins_both = any(said[after].may_be(word) for word in ("và", "and"))
        following = words.COLOURS.at(said, after + 1) if joins_any or joins_both else None
        if following is None:
            break
        if joins_any:
            colours[-1] |= following[0]
        else:
            colours.append(following[0])
        after = following[1]
    return tuple(colours), after


def _moving(text: _Text, place: int) -> Found:
    found = words.RODE.at(text.said, place)
    # "đi xe máy" says more than "đi xe".
    if found is not None and not any(
        words.VEHICLES.at(text.said, at) or _riding_colour(text, at)
        for at in range(place + 1, found[1] + 1)
    ):
        return Moving(found[0]), found[1]
    return None


def _riding_colour(text: _Text, place: int) -> bool:
    found = words.VEHICLE.at(text.said, place)
    return found is not None and _colours(text.said, found[1]) is not None


def _speed(text: _Text, place: int) -> Found:
    found = words.SPEEDS.at(text.said, place)
    return (Speed(found[0]), found[1]) if found else None


_READINGS: Final[tuple[Callable[[_Text, int], Found], ...]] = (
    _only,
    _height,
    _side,
    _towards,
    _people,
    _time,
    _where,
    _riding,
    _worn,
    _moving,
    _speed,
)
