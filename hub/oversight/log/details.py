"""The detail of a line of the log in the reader's language.

The log keeps one English text, which its chain of hashes binds. Whenever the line is shown, the
text is translated by its shape (`hub.oversight.log.detail_wording`), also in lines of older hubs. A
text without a known shape is shown as it is stored: text that a person typed is never changed.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

from hub.access.grants.wording import right_name, role_name
from hub.access.rules.grants import Right
from hub.alerting.routing.wording import kind_name
from hub.base.text.stored_text import Shapes, parts_anew, said_anew
from hub.footage.retention.pages import class_name
from hub.footage.retention.rules import FootageClass
from hub.nodes.desired_state.wording import halt_words
from hub.oversight.log.acts import plain_act
from hub.oversight.log.detail_wording import conditions, placings, shapes
from hub.oversight.log.fault_wording import fault_text
from hub.places.areas.pages import table_name
from hub.public.data_requests.rules import RequestKind
from hub.public.data_requests.wording import kind_word
from hub.search.chip_wording import colour_words
from hub.search.find_form import way_words
from hub.web.calendar import Calendar
from hub.web.compass import compass_words


def detail_text(act: str, detail: str, calendar: Calendar) -> str:
    """The detail of a line with this act; times in the zone of the calendar."""
    if not detail:
        return ""
    plain = plain_act(act)
    if plain != act and (told := fault_text(plain, detail, calendar.words)):
        return told
    return said_anew(
        detail,
        lambda say: shapes(say).get(plain, ()),
        calendar.words.say,
        partial(_value, calendar),
    )


def _value(calendar: Calendar, name: str, value: str) -> str:
    say = _VALUES.get(name)
    try:
        return value if say is None else say(value, calendar)
    except (KeyError, OverflowError, ValueError):
        return value  # a word of a newer or older hub


def _parts(value: str, calendar: Calendar, shapes_of: Shapes) -> str:
    return parts_anew(value, shapes_of, calendar.words.say, partial(_value, calendar))


def _iso(value: str, calendar: Calendar) -> str:
    moment = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return calendar.full(round(moment.timestamp()) * 1_000_000)


def _colours(value: str, calendar: Calendar) -> str:
    names = {str(one): word for one, word in colour_words(calendar.words).items()}
    return "/".join(names[one] for one in value.split(" or "))


def _vehicles(value: str, calendar: Calendar) -> str:
    say = calendar.words.say
    names = {"motorbike": say("motorbike"), "bicycle": say("bicycle"), "foot": say("on foot")}
    return "/".join(names[one] for one in value.split(" or "))


def _way(value: str, calendar: Calendar) -> str:
    names = {str(one): word for one, word in way_words(calendar.words).items()}
    return names[value]


def _rights(value: str, calendar: Calendar) -> str:
    named = (right_name(Right[one.upper()], calendar.words) for one in value.split(","))
    return ", ".join(named)


_VALUES: Final[Mapping[str, Callable[[str, Calendar], str]]] = {
    "at": lambda value, calendar: calendar.full(int(value)),
    "colours": _colours,
    "compass": lambda value, calendar: compass_words(calendar.words)[value],
    "conditions": lambda value, calendar: _parts(value, calendar, conditions),
    "footage": lambda value, calendar: class_name(FootageClass(value), calendar.words),
    "day": lambda value, _: f"{date.fromisoformat(value):%d/%m/%Y}",
    "halted": lambda value, calendar: halt_words(value, calendar.words),
    "iso": _iso,
    "kind": lambda value, calendar: kind_name(None if value == "all" else value, calendar.words),
    "language": lambda value, _: {"vi": "tiếng Việt", "en": "English"}[value],
    "month": lambda value, _: f"{value[4:]}/{value[:4]}",
    "placings": lambda value, calendar: _parts(value, calendar, placings),
    "rights": _rights,
    "role": lambda value, calendar: role_name(value, calendar.words),
    "table": lambda value, calendar: table_name(value, calendar.words),
    "vehicles": _vehicles,
    "way": _way,
    "wish": lambda value, calendar: kind_word(RequestKind(value), calendar.words),
}
