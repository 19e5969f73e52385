"""A typed sentence in Vietnamese or English as chips: what was seen, where, when.

Read from left to right; at each word the first reading that fits is taken. Words that mean nothing
to a search are returned, so that a page can say so. Diacritics may be left out; a word that has
some means itself alone ("đến" is not "đen").
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
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
    Reason,
    Riding,
    Sentence,
    Speed,
    Towards,
    Unknown,
    Where,
    Worn,
)
from hub.search.rules.description import Colours
from hub.search.rules.people_words import BOUNDS, people_at
from hub.search.rules.place_names import kinds_of, one_word_name_at, place_at, whole_name_at
from hub.search.rules.time_words import time_at
from hub.search.rules.tokens import SIGNS, Token, tokens
from hub.search.rules.unsearchable import COLOURED, is_name, unsearchable_at

MOST_CHARS: Final = 300
Found = tuple[Meaning, int] | None
"""A meaning, and the place after its words."""
_ONCE: Final = (People, Height, Speed, Leaving, Compass, Towards, Moving)
"""A sighting has one of each: a second one is not understood."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Words that are not searched for, by their places."""

    begin: int
    end: int
    reason: Reason | None

    @property
    def is_plain_word(self) -> bool:
        return self.reason is None and self.end == self.begin + 1


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
    unknown: list[_Part] = []
    place = 0
    while place < len(said):
        found = _meaning(reading, place)
        if found is not None and not _is_said(found[0], chips):
            chips.append(Chip(found[0], said[place].start, said[found[1] - 1].end))
            place = found[1]
            continue
        part = _Part(place, found[1], "again") if found else _unknown_at(reading, place)
        filler = _filler(said, place) if part.is_plain_word else None
        if filler is None:
            unknown.append(part)
        place = filler or part.end
    return Sentence(text, tuple(chips), tuple(_pieces(text, said, unknown)))


def _meaning(text: _Text, place: int) -> Found:
    for read in _READINGS:
        found = read(text, place)
        if found is not None:
            return found
    return None


def _is_said(meaning: Meaning, chips: Sequence[Chip]) -> bool:
    return isinstance(meaning, _ONCE) and any(type(one.meaning) is type(meaning) for one in chips)


def _filler(said: Sequence[Token], place: int) -> int | None:
    """The place after a sign or a word that says nothing; None: it is none."""
    if said[place].said in SIGNS:
        return place + 1
    found = words.FILLERS.at(said, place)
    return found[1] if found else None


def _unknown_at(text: _Text, place: int) -> _Part:
    """The unknown words at `place`. A word such as "near" belongs to those after it, "not" to what
    it denies, and a colour to what has it."""
    said = text.said
    denied = _denied(text, place)
    if denied is not None:
        return _Part(place, denied, "denied")
    thing = _thing(said, place)
    if thing is not None:
        return _Part(place, thing[1], thing[0])
    opened = words.TOWARDS.at(said, place) or words.NEAR.at(said, place)
    if opened is not None and opened[1] < len(said):
        return _place_unknown(text, place, opened[1])
    garment, vehicle = words.GARMENTS.at(said, place), words.VEHICLE.at(said, place)
    if garment is not None:
        return _Part(place, garment[1], "garment")
    if vehicle is not None:
        return _Part(place, vehicle[1], "vehicle")
    is_place = kinds_of(said[place]) or (
        place > 0 and any(said[place - 1].may_be(word) for word in ("ở", "tại", "at"))
    )
    return _Part(place, place + 1, "place" if is_place and not _filler(said, place) else None)


def _place_unknown(text: _Text, place: int, after: int) -> _Part:
    """The words after "near" up to the next that mean something."""
    first = after
    while after < len(text.said) and text.said[after].said not in SIGNS:
        if _meaning(text, after) is not None or _is_comma_before(text.said, after):
            break
        after += 1
    things = (unsearchable_at(text.said, at) for at in range(first, after))
    reason: Reason = next((thing[0] for thing in things if thing), "place")
    return _Part(place, max(after, place + 1), reason if after > first else None)


def _thing(said: Sequence[Token], place: int) -> tuple[Reason, int] | None:
    """Something that no search looks for, with its colour before or after it."""
    before = _colours(said, place) if place < len(said) else None
    found = unsearchable_at(said, before[1] if before else place)
    if found is None or (before and found[0] not in COLOURED):
        return None
    reason, after = found
    is_coloured = reason in COLOURED and not before and after < len(said)
    colours = _colours(said, after) if is_coloured and not _is_comma_before(said, after) else None
    return reason, colours[1] if colours else after


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
        filler = _filler(text.said, at)
        if filler is None:
            return None
        at = filler
    return None


def _is_comma_before(said: Sequence[Token], place: int) -> bool:
    return said[place].start - said[place - 1].end > 1


def _pieces(text: str, said: Sequence[Token], unknown: Sequence[_Part]) -> Iterator[Unknown]:
    """Unknown words as typed; neighbours together."""
    runs: list[list[_Part]] = []
    for part in unknown:
        is_next = bool(runs) and runs[-1][-1].end == part.begin
        if is_next and not _is_comma_before(said, part.begin):
            runs[-1].append(part)
        else:
            runs.append([part])
    for run in runs:
        begin, end = run[0].begin, run[-1].end
        reasons: list[Reason] = [one.reason for one in run if one.reason is not None]
        if is_name(said, begin, end):
            reasons += ["who", "place"]
        start, stop = said[begin].start, said[end - 1].end
        yield Unknown(text[start:stop], start, stop, tuple(dict.fromkeys(reasons)))


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


def _one_word_name(text: _Text, place: int) -> Found:
    """A name of one word, such as that of a camera; it is read last, because many words are more
    likely something else."""
    whole = one_word_name_at(text.said, place, text.names)
    return (Where(whole, is_near=False), place + 1) if whole else None


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
    if _thing(text.said, place) is not None:  # "a red hat": no clothes are said to be red
        return None
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
    # "đi xe máy" says more than "đi xe", and "đi xe tải" says something else.
    if found is not None and not any(
        words.VEHICLES.at(text.said, at) or _riding_colour(text, at) or _thing(text.said, at)
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
    _one_word_name,
)
