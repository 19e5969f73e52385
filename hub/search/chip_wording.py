"""Chips in the reader's language. A description so written is read back as the same chips."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from babel.numbers import format_decimal

from agent.wire.description import ColourName
from hub.alerting.oncall.wording import weekdays
from hub.registry.areas import camera_at
from hub.search.find_form import going_words, way_words
from hub.search.rules.chips import (
    Compass,
    Days,
    Height,
    Hours,
    Leaving,
    Meaning,
    Moving,
    Only,
    People,
    PlaceName,
    Recent,
    Riding,
    Speed,
    Towards,
    Weekdays,
    Where,
    Worn,
)
from hub.search.rules.description import Colours, Look
from hub.search.rules.people_words import MOST_PEOPLE
from hub.search.rules.vocabulary import BICYCLE, MOTORBIKE
from hub.web.compass import compass_words
from hub.web.i18n import Messages

MOST_NAMED = 2
"""More places are counted."""


def colour_words(words: Messages) -> Mapping[ColourName, str]:
    """Names of the eleven colours."""
    say = words.say
    return {
        "black": say("black"),
        "white": say("white"),
        "grey": say("grey"),
        "red": say("red"),
        "orange": say("orange"),
        "yellow": say("yellow"),
        "green": say("green"),
        "blue": say("blue"),
        "purple": say("purple"),
        "pink": say("pink"),
        "brown": say("brown"),
    }


def look_sentence(look: Look, words: Messages) -> str:
    """The description of a sighting as a person would type it: "áo đỏ, quần đen, xe máy, 2
    người"."""
    meanings: list[Meaning] = []
    if look.upper:
        meanings.append(Worn("upper", (frozenset(look.upper),)))
    if look.lower:
        meanings.append(Worn("lower", (frozenset(look.lower),)))
    if look.transport in ("motorbike", "bicycle"):
        colours = (frozenset(look.transport_colours),) if look.transport_colours else ()
        meanings.append(Riding(frozenset({look.transport}), colours))
    elif look.transport == "foot":
        meanings.append(Moving(rode=False))
    if look.people is not None and look.people > 1:
        meanings.append(People(look.people, look.people))
    if look.height_cm is not None:
        meanings.append(Height(look.height_cm))
    return ", ".join(chip_words(one, words) for one in meanings)


def chip_words(meaning: Meaning, words: Messages) -> str:
    """Text of a chip."""
    return WORDINGS[type(meaning)](meaning, words)


def _worn(meaning: Worn, words: Messages) -> str:
    said = {
        "upper": words.say("%(colours)s shirt"),
        "lower": words.say("%(colours)s trousers"),
        "clothes": words.say("%(colours)s clothes"),
    }
    return said[meaning.part] % {"colours": _colours(meaning.colours, words)}


def _riding(meaning: Riding, words: Messages) -> str:
    vehicle = {
        MOTORBIKE: words.say("motorbike"),
        BICYCLE: words.say("bicycle"),
        MOTORBIKE | BICYCLE: words.say("two-wheeler"),
    }.get(meaning.transport, words.say("vehicle"))
    if not meaning.colours:
        return vehicle
    values = {"vehicle": vehicle, "colours": _colours(meaning.colours, words)}
    return words.say("%(colours)s %(vehicle)s") % values


def _moving(meaning: Moving, words: Messages) -> str:
    return going_words(words)["ride" if meaning.rode else "foot"]


def _people(meaning: People, words: Messages) -> str:
    values = {"n": meaning.least, "most": meaning.most}
    if meaning.most == meaning.least:
        return words.count("%(n)d person", "%(n)d people", meaning.least) % values
    if meaning.most >= MOST_PEOPLE:
        return words.say("at least %(n)d people") % values
    if meaning.least == 1:
        return words.say("at most %(most)d people") % values
    return words.say("%(n)d to %(most)d people") % values


def _height(meaning: Height, words: Messages) -> str:
    metres = format_decimal(meaning.cm / 100, format="0.00", locale=words.language)
    return words.say("about %(n)s m tall") % {"n": metres}


def _speed(meaning: Speed, words: Messages) -> str:
    return {
        "standing": words.say("standing"),
        "walking": words.say("slowly"),
        "fast": words.say("fast"),
    }[meaning.speed]


def _leaving(meaning: Leaving, words: Messages) -> str:
    return way_words(words)[meaning.side]


def _compass(meaning: Compass, words: Messages) -> str:
    return compass_words(words)[meaning.point]


def _towards(meaning: Towards, words: Messages) -> str:
    return words.say("towards %(place)s") % {"place": _places(meaning.places, words)}


def _where(meaning: Where, words: Messages) -> str:
    said = words.say("near %(place)s") if meaning.is_near else words.say("at %(place)s")
    return said % {"place": _places(meaning.places, words)}


def _hours(meaning: Hours, words: Messages) -> str:
    said = words.say("%(since)s–%(until)s")
    return said % {"since": _clock(meaning.from_minute), "until": _clock(meaning.until_minute)}


def _days(meaning: Days, words: Messages) -> str:
    said = f"{meaning.first:%d/%m/%Y}"
    if meaning.last != meaning.first:
        said += f" – {meaning.last:%d/%m/%Y}"
    return said if meaning.hours is None else f"{said} {chip_words(meaning.hours, words)}"


def _recent(meaning: Recent, words: Messages) -> str:
    days, hours = divmod(meaning.hours, 24)
    if hours:
        said = words.count("the last %(n)d hour", "the last %(n)d hours", meaning.hours)
        return said % {"n": meaning.hours}
    return words.count("the last %(n)d day", "the last %(n)d days", days) % {"n": days}


def _weekdays(meaning: Weekdays, words: Messages) -> str:
    names = weekdays(words)
    return ", ".join(names[day] for day in sorted(meaning.days))


def _only(meaning: Only, words: Messages) -> str:
    return (
        words.say("Only in alerts") if meaning.what == "alerts" else words.say("Only with a clip")
    )


def _colours(sets: Sequence[Colours], words: Messages) -> str:
    names = colour_words(words)
    either, both = words.say("or"), words.say("and")
    some = (f" {either} ".join(names[one] for one in names if one in colours) for colours in sets)
    return f" {both} ".join(some)


def _places(places: Sequence[PlaceName], words: Messages) -> str:
    said = ", ".join(camera_at(one.name, one.area) for one in places[:MOST_NAMED])
    more = len(places) - MOST_NAMED
    return said if more <= 0 else words.say("%(names)s and %(n)d more") % {"names": said, "n": more}


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


WORDINGS: Final[Mapping[type[Meaning], Callable[[Any, Messages], str]]] = {
    Worn: _worn,
    Riding: _riding,
    Moving: _moving,
    People: _people,
    Height: _height,
    Speed: _speed,
    Leaving: _leaving,
    Compass: _compass,
    Towards: _towards,
    Where: _where,
    Hours: _hours,
    Days: _days,
    Recent: _recent,
    Weekdays: _weekdays,
    Only: _only,
}
"""Every kind of chip."""
