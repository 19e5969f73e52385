"""Parses the form of a tip into service input; TipError if invalid."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import UploadFile
from pydantic import Field

from hub.public.tips.rules import (
    CONTACT_CHARS,
    MOST_PICTURE_BYTES,
    MOST_PICTURES,
    NAME_CHARS,
    PLACE_CHARS,
    WHAT_CHARS,
    TipError,
    TipFault,
    TipTexts,
    read_point,
)
from hub.public.tips.sealing import Reporter
from hub.public.tips.views import NewTip, TipPicture
from hub.registry.shapes import Point
from hub.web.calendar import Calendar
from hub.web.forms import TypedForm
from hub.web.i18n import Messages
from hub.web.images import PictureError, draw_unless_busy

DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
"""As sent by date fields, and as written by people on a phone without them."""
TIMES = ("%H:%M", "%H:%M:%S", "%Hh%M", "%Hh")

Text = Annotated[str, Field(max_length=20_000)]
Word = Annotated[str, Field(max_length=1000)]


class TipForm(TypedForm):
    """A tip as a stranger typed it."""

    what: Text = ""
    area: Word = ""
    place: Text = ""
    point: Word = ""
    day: Word = ""
    clock: Word = ""
    name: Word = ""
    contact: Word = ""
    consent: Word = ""
    website: Word = ""
    """A field that people do not see."""
    mark: Word = ""
    """Mark of this form, so that it is taken once."""
    kept: Word = ""
    """Names of the pictures that the hub keeps for the form."""
    without: bool = False
    """Without these pictures."""
    pictures: tuple[UploadFile, ...] = ()

    def texts(self) -> tuple[str, ...]:
        """What makes the tip another one, beside its pictures."""
        return tuple(self.model_dump(include=set(TEXTS)).values())

    def tip(self, pictures: tuple[TipPicture, ...], calendar: Calendar) -> NewTip:
        """The tip with these pictures; raises TipError if a field cannot be read."""
        texts = TipTexts(
            what=what_of(self.what),
            place=place_of(self.place),
            area_id=area_of(self.area),
            point=point_of(self.point),
            happened_utc_us=moment_of(self.day, self.clock, calendar),
            has_consent=bool(self.consent),
        )
        reporter = reporter_of(self.name, self.contact)
        return NewTip(texts, pictures, reporter, language=calendar.words.language)


TEXTS: Final = ("what", "area", "place", "point", "day", "clock", "name", "contact", "consent")


def trimmed(text: str, most_chars: int) -> str:
    """The text without outer spaces, cut to this length."""
    return text.strip()[:most_chars]


def area_of(text: str) -> UUID | None:
    """The chosen area, or None."""
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise TipError(TipFault.WHERE) from error


def area_or_none(text: str) -> UUID | None:
    """The chosen area; None if there is none or it is invalid."""
    try:
        return UUID(text)
    except ValueError:
        return None


def point_of(text: str) -> Point | None:
    """The given point, or None."""
    try:
        return read_point(text)
    except ValueError as error:
        raise TipError(TipFault.POINT) from error


def moment_of(day: str, clock: str, calendar: Calendar) -> int | None:
    """Time of the event (UTC, µs) from local time; None for "now".

    A time without a day is its last occurrence; a day without a time is noon.
    """
    on, at = _day(day.strip()), _time(clock.strip())
    now = calendar.local(calendar.now_utc_us)
    if at is None:
        if on is None or on == now.date():
            return None
        at = time(12)
    when = datetime.combine(on or now.date(), at, calendar.zone)
    if on is None and when > now + timedelta(minutes=10):
        when -= timedelta(days=1)
    try:
        return round(when.astimezone(UTC).timestamp() * 1e6)
    except (OverflowError, ValueError) as error:
        raise TipError(TipFault.WHEN) from error


def reporter_of(name: str, contact: str) -> Reporter | None:
    """The reporter as stated; None if not stated."""
    name, contact = trimmed(name, NAME_CHARS), trimmed(contact, CONTACT_CHARS)
    return Reporter(name, contact) if name or contact else None


def pictures_of(files: Sequence[UploadFile]) -> tuple[TipPicture, ...]:
    """The pictures in these form fields, each redrawn and as sent; empty fields are skipped."""
    chosen = [one for one in files if one.filename]
    if len(chosen) > MOST_PICTURES:
        raise TipError(TipFault.MANY)
    found: list[TipPicture] = []
    for file in chosen:
        content = file.file.read(MOST_PICTURE_BYTES + 1)
        if len(content) > MOST_PICTURE_BYTES:
            raise TipError(TipFault.LARGE)
        found.append(picture_of(content))
    return tuple(found)


def picture_of(content: bytes) -> TipPicture:
    """One picture, redrawn and as sent."""
    try:
        drawn = draw_unless_busy(content)
    except PictureError as error:
        known = {"large": TipFault.LARGE, "picture": TipFault.PICTURE}
        raise TipError(known.get(error.fault, TipFault.BUSY)) from error
    return TipPicture(drawn.content, drawn.width, drawn.height, content)


def what_of(text: str) -> str:
    """The description from the form."""
    return trimmed(text, WHAT_CHARS)


def place_of(text: str) -> str:
    """The place from the form, as text."""
    return trimmed(text, PLACE_CHARS)


def kept_word(contact_days: int, keep_days: int, words: Messages) -> str:
    """Text about how long a tip is kept."""

    def days(n: int) -> str:
        if n == 0:
            return words.say("for good")
        return words.count("for %(n)d day", "for %(n)d days", n) % {"n": n}

    return words.say(
        "How long it is kept: who you are %(contact)s, all of it %(all)s; longer only while a case "
        "needs it."
    ) % {"contact": days(contact_days), "all": days(keep_days)}


def fault_word(fault: TipFault, words: Messages) -> str:
    """Sentence that says what is missing or invalid, and the cure."""
    say = words.say
    return {
        TipFault.WHAT: say("Write what happened."),
        TipFault.WHERE: say("Choose the place nearest to it, or give a point."),
        TipFault.POINT: say("A point is two numbers, such as 11.5352, 106.6217."),
        TipFault.FAR: say("That point is far from here: choose the place nearest to it."),
        TipFault.WHEN: say("Write the day as 25/11/2026 and the time as 21:30."),
        TipFault.AHEAD: say("That time has not come yet."),
        TipFault.OLD: say("That is more than a year ago: please come to the police in person."),
        TipFault.CONSENT: say("Tick that you agree, or nothing may be kept."),
        TipFault.STALE: say("The form had lain too long or came too quickly: press Send again."),
        TipFault.PICTURE: say("One of the files is no picture: choose JPEG, PNG or WebP."),
        TipFault.LARGE: say("A picture is too large: at most 8 MB each."),
        TipFault.MANY: say("Too many pictures: at most 3."),
        TipFault.GONE: say(
            "The pictures that you chose are no longer here: choose them again, or send it without."
        ),
        TipFault.FULL: say("There is no room for pictures now: send it without them."),
        TipFault.BUSY: say("Too many reports wait now. If it is urgent, call 113."),
    }[fault]


def _day(text: str) -> date | None:
    if not text:
        return None
    for form in DAYS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day on the town's wall
        except ValueError:
            continue
    raise TipError(TipFault.WHEN)


def _time(text: str) -> time | None:
    if not text:
        return None
    for form in TIMES:
        try:
            return datetime.strptime(text, form).time()  # noqa: DTZ007 - a time on the town's wall
        except ValueError:
            continue
    raise TipError(TipFault.WHEN)
