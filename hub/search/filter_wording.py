"""Texts of everything that narrows a search, each as a chip that its reader can remove."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.search import time_form
from hub.search.chip_wording import chip_words
from hub.search.find_form import SearchForm, going_words, way_words
from hub.search.rules.chips import Meaning, Reason, Sentence
from hub.search.time_form import BETWEEN
from hub.web.calendar import Calendar
from hub.web.i18n import Messages


@dataclass(frozen=True, slots=True)
class ShownChip:
    """A chip on the page."""

    words: str
    address: str
    """Address of the same search without this chip, or with it if it is offered."""


def shown_chips(
    asked: SearchForm,
    sentence: Sentence,
    areas: Sequence[tuple[UUID, str]],
    calendar: Calendar,
) -> list[ShownChip]:
    """The chips of the sentence in its order, then the chips of the form."""
    words = calendar.words
    found = [
        ShownChip(
            chip_words(chip.meaning, words), _address(asked, q=sentence.without(chip).strip())
        )
        for chip in sentence.chips
    ]
    for said, names in _filters(asked, dict(areas), words):
        empty: dict[str, str | tuple[str, ...]] = {
            name: () if name == "day" else "" for name in names
        }
        found.append(ShownChip(said, _address(asked, **empty)))
    return found


def offered_chips(
    asked: SearchForm, sentence: Sentence, offers: Sequence[Meaning], words: Messages
) -> list[ShownChip]:
    """Chips that a tap adds to the sentence."""
    have = {chip.meaning for chip in sentence.chips}
    found = []
    for meaning in offers:
        said = chip_words(meaning, words)
        if meaning not in have:
            q = ", ".join(part for part in (asked.q.strip(" ,"), said) if part)
            found.append(ShownChip(said, _address(asked, q=q)))
    return found


@dataclass(frozen=True, slots=True)
class NotSearched:
    """A part of the sentence that is not searched for."""

    said: str
    """As typed."""
    reasons: tuple[str, ...]
    """Why it cannot be; empty if it is not understood."""
    offer: str
    """The same with the nearest known words; empty if none is near."""
    address: str
    """Address of the same search with the offer."""


def not_searched(
    asked: SearchForm, sentence: Sentence, offers: Sequence[str], words: Messages
) -> list[NotSearched]:
    """The unknown parts of the sentence with their offers."""
    why = _reason_words(words)
    found = []
    for part, offer in zip(sentence.unknown, offers, strict=True):
        text = f"{sentence.text[: part.start]}{offer}{sentence.text[part.end :]}".strip()
        reasons = () if offer else tuple(why[one] for one in part.reasons)
        found.append(NotSearched(part.text, reasons, offer, _address(asked, q=text)))
    return found


def _reason_words(words: Messages) -> Mapping[Reason, str]:
    return {
        "vehicle": words.say(
            "Only people are found, on foot, by motorbike or by bicycle: no cars, no trucks, and no"
            " vehicle without a rider."
        ),
        "plate": words.say("Number plates are not read."),
        "who": words.say(
            "No search knows faces, names, age, or whether somebody is a man or a woman."
        ),
        "carried": words.say(
            "Of all that people wear and carry, only the colours of upper and lower clothing can be"
            " searched for."
        ),
        "animal": words.say("Only people are found, no animals."),
        "deed": words.say(
            "What people do is not recognised, only whether they stand, go slowly or go fast."
        ),
        "garment": words.say("Clothes can be searched for by colour alone."),
        "place": words.say("No place or camera that you may search has this name."),
        "denied": words.say(
            "Words such as “not”, “over” and “under” can be said of the number of people alone."
        ),
        "again": words.say("Said twice: only the first is searched for."),
    }


def _address(asked: SearchForm, **changed: str | tuple[str, ...]) -> str:
    query = asked.query(before="", **changed)
    return f"/find?{query}#found" if query else "/find"


def _filters(
    asked: SearchForm, areas: dict[UUID, str], words: Messages
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Words of each filter of the form, and its fields."""
    if asked.when or asked.since or asked.until:
        yield _when(asked, words), ("when", "since", "until")
    for meaning in asked.meanings:
        names = ("day",) if hasattr(meaning, "days") else ("from_hour", "until_hour")
        yield chip_words(meaning, words), names
    yield from _place_filters(asked, areas, words)
    yield from _seen_filters(asked, words)


def _when(asked: SearchForm, words: Messages) -> str:
    if asked.when in time_form.WHENS and asked.when != BETWEEN:
        return time_form.when_word(asked.when, words)
    return " – ".join(_typed_time(one) for one in (asked.since, asked.until))


def _typed_time(typed: str) -> str:
    """`2026-11-25T02:10` as times are told: `02:10 25/11/2026`; what is no time stays as it is."""
    try:
        return f"{datetime.fromisoformat(typed):%H:%M %d/%m/%Y}"
    except ValueError:
        return typed


def _place_filters(
    asked: SearchForm, areas: dict[UUID, str], words: Messages
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if asked.area:
        name = next((name for key, name in areas.items() if str(key) == asked.area), asked.area)
        yield name, ("area",)
    if asked.named:
        yield words.say("name: %(name)s") % {"name": asked.named}, ("named",)
    if asked.camera:
        yield words.say("Only the camera this came from"), ("camera",)
    if asked.points:
        yield words.say("Points on the map"), ("points",)


def _seen_filters(asked: SearchForm, words: Messages) -> Iterator[tuple[str, tuple[str, ...]]]:
    ways, goings = way_words(words), going_words(words)
    if asked.people:
        yield words.say("at least %(n)s people") % {"n": asked.people}, ("people",)
    if asked.height:
        yield words.say("%(n)s%% of the picture or taller") % {"n": asked.height}, ("height",)
    for way, said in ways.items():
        if asked.way == way:
            yield said, ("way",)
    if asked.going in goings:
        yield goings[asked.going], ("going",)
    if asked.clip:
        yield words.say("Only with a clip"), ("clip",)
    if asked.alerts:
        yield words.say("Only in alerts"), ("alerts",)
