"""Search form for sightings: parsed into a query or into faults."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hub.registry.shapes import Shape
from hub.search import place_form, time_form
from hub.search.place_form import ShapeFaultError
from hub.search.rules.chips import Hours, Meaning, Weekdays
from hub.search.rules.people_words import MOST_PEOPLE
from hub.search.rules.sentence import MOST_CHARS
from hub.search.sentence_form import SearchTime, has_days, narrowed, time_of
from hub.search.sighting_queries import SHOWN, WAYS, SightingSearch, Way
from hub.search.time_form import BETWEEN, SpanFaultError
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

HEIGHTS: Final = ("10", "25", "50")
"""Minimum, in percent of the picture's height."""
FIRST_METRES: Final = "300"
DEFAULT_WHEN: Final = "week"
DAYS: Final = ("0", "1", "2", "3", "4", "5", "6")

_Key = Annotated[str, Field(max_length=60)]
_Word = Annotated[str, Field(max_length=30)]


class PutForm(BaseModel):
    """What came of putting sightings into a case, in the address of the search."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    added: int = -1
    """New files of the case; -1: nothing was tried, or it was refused."""
    to: UUID | None = None
    """The case."""
    sighting: Annotated[tuple[UUID, ...], Field(max_length=SHOWN)] = ()
    """Sightings that were chosen."""
    refused: Annotated[str, Field(max_length=40)] = ""
    """Why the case took nothing: a `CaseFault`."""
    purpose: Annotated[str, Field(max_length=2000)] = ""
    """Entered for a new case that could not be begun."""

    @property
    def is_done(self) -> bool:
        """True after sightings were put into a case, or could not be."""
        return self.added >= 0


class SearchForm(BaseModel):
    """The fields of the form as sent; every field may be empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    q: Annotated[str, Field(max_length=MOST_CHARS)] = ""
    """A sentence."""
    when: _Word = ""
    since: _Word = ""
    until: _Word = ""
    area: _Key = ""
    camera: _Key = ""
    named: Annotated[str, Field(max_length=100)] = ""
    how: _Word = "round"
    points: Annotated[str, Field(max_length=2000)] = ""
    metres: _Word = FIRST_METRES
    people: _Word = ""
    height: _Word = ""
    way: _Word = ""
    going: _Word = ""
    clip: _Word = ""
    alerts: _Word = ""
    day: Annotated[tuple[_Word, ...], Field(max_length=7)] = ()
    """Weekdays, Monday 0."""
    from_hour: _Word = ""
    until_hour: _Word = ""
    before: _Key = ""

    @property
    def is_asked(self) -> bool:
        """False for the empty form that is shown first."""
        asked = self.model_copy(update={"how": "", "metres": "", "before": ""})
        return any(asked.model_dump().values())

    def query(self, **changed: str | tuple[str, ...]) -> str:
        """Address of the same search with these changes, without fields at their default."""
        said = {**self.model_dump(), **changed}
        if not said["points"]:
            said |= {"how": "", "metres": ""}
        kept = {name: value for name, value in said.items() if value}
        return urlencode(kept, doseq=True)

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        """Weekdays and hours of the form; invalid values are left out."""
        found: list[Meaning] = []
        days = frozenset(int(one) for one in self.day if one in DAYS)
        if days:
            found.append(Weekdays(days))
        begins, ends = _hour(self.from_hour), _hour(self.until_hour)
        if begins is not None or ends is not None:
            found.append(Hours((begins or 0) * 60, (24 if ends is None else ends) * 60))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The query; None with sentences if the form is invalid."""

    wanted: SightingSearch | None
    faults: list[str] = field(default_factory=list)


def parsed(asked: SearchForm, calendar: Calendar, chips: Sequence[Meaning] = ()) -> Parsed:
    """Parse the form, or list every fault in the reader's language; `chips` are those of its
    sentence."""
    faults: list[str] = []
    words = calendar.words
    meanings = (*chips, *asked.meanings)
    time = _time(asked, meanings, calendar, faults)
    shape = _shape(asked, words, faults)
    people = _people(asked.people, words, faults)
    area_id, camera_id = _key(asked.area), _key(asked.camera)
    if (asked.area and area_id is None) or (asked.camera and camera_id is None):
        faults.append(words.say("There is no such place."))
    if faults or time is None:
        return Parsed(None, faults)
    wanted = SightingSearch(
        from_utc_us=time.span.from_utc_us,
        until_utc_us=time.span.until_utc_us,
        windows=time.windows,
        camera_ids=() if camera_id is None else (camera_id,),
        area_id=area_id,
        near=shape,
        named=asked.named,
        people_from=people,
        height_from=int(asked.height) / 100 if asked.height in HEIGHTS else 0.0,
        way=next((one for one in WAYS if one == asked.way), None),
        rode={"foot": False, "ride": True}.get(asked.going),
        only_alerts=bool(asked.alerts),
        only_with_clip=bool(asked.clip),
        before=cursor_of(asked.before),
    )
    return Parsed(narrowed(wanted, meanings))


def cursor(utc_us: int, sighting_id: UUID) -> str:
    """Cursor at the end of a page: the next page continues from it."""
    return f"{utc_us}-{sighting_id.hex}"


def cursor_of(said: str) -> tuple[int, UUID] | None:
    """Parse a cursor; None if invalid, which starts at the newest."""
    match = re.fullmatch(r"(\d{1,18})-([0-9a-f]{32})", said)
    return (int(match[1]), UUID(match[2])) if match else None


def kind_words(words: Messages) -> Mapping[str, str]:
    """Names of the kinds of sightings."""
    return {
        "person": words.say("people"),
        "bicycle": words.say("bicycle"),
        "motorcycle": words.say("motorbike"),
        "car": words.say("car"),
        "bus": words.say("bus"),
        "truck": words.say("truck"),
    }


def way_words(words: Messages) -> Mapping[Way, str]:
    """Directions in the picture."""
    return {
        "left": words.say("to the left of the picture"),
        "right": words.say("to the right of the picture"),
        "towards": words.say("towards the camera"),
        "away": words.say("away from the camera"),
    }


def going_words(words: Messages) -> Mapping[str, str]:
    """Ways of moving that the form offers."""
    return {"foot": words.say("on foot"), "ride": words.say("riding")}


def _time(
    asked: SearchForm, meanings: Sequence[Meaning], calendar: Calendar, faults: list[str]
) -> SearchTime | None:
    """Without a time in form and sentence, the last 7 days."""
    when = asked.when or (BETWEEN if asked.since or asked.until else "")
    span = None
    try:
        if when or not has_days(meanings):
            said = when or DEFAULT_WHEN
            span = time_form.span_said(said, asked.since, asked.until, calendar)
        return time_of(span, meanings, calendar)
    except SpanFaultError as fault:
        faults.append(time_form.fault_sentence(fault.why, calendar.words))
        return None


def _hour(said: str) -> int | None:
    return int(said) if re.fullmatch(r"\d{1,2}", said, re.ASCII) and int(said) <= 24 else None


def _shape(asked: SearchForm, words: Messages, faults: list[str]) -> Shape | None:
    try:
        return place_form.shape_said(asked.how, asked.points, asked.metres)
    except ShapeFaultError as fault:
        faults.append(place_form.fault_sentence(fault, words))
        return None


def _people(said: str, words: Messages, faults: list[str]) -> int:
    if not said.strip():
        return 1
    if not re.fullmatch(r"\d{1,4}", said.strip(), re.ASCII) or not 1 <= int(said) <= MOST_PEOPLE:
        faults.append(words.say("The number of people is from 1 to %(n)d.") % {"n": MOST_PEOPLE})
        return 1
    return int(said)


def _key(said: str) -> UUID | None:
    try:
        return UUID(said) if said else None
    except ValueError:
        return None
