"""The detail of a line of the log in the reader's language."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from hub.base.audit.detail import Detail
from hub.oversight.log.old_detail_wording import old_detail_text
from hub.web.calendar import Calendar
from hub.web.feature import Feature, ValueWording

RENAMED: Final[Mapping[str, str]] = {}
"""Codes in the log that have another name today: from the stored code to today's."""


def detail_reader(
    features: Iterable[Feature], calendar: Calendar
) -> Callable[[str, str, str], str]:
    """Text of a detail by the act, the detail and the data of its line; times in the zone of the
    calendar."""
    known = tuple(features)
    texts = {code: text for one in known for code, text in one.details(calendar.words).items()}
    values = {name: wording for one in known for name, wording in one.detail_values.items()}
    return partial(_detail_text, texts, values, calendar)


def _detail_text(
    texts: Mapping[str, str],
    values: Mapping[str, ValueWording],
    calendar: Calendar,
    act: str,
    detail: str,
    data: str,
) -> str:
    coded = Detail.of_json(data)
    if coded is None:
        return old_detail_text(act, detail, calendar)
    code = RENAMED.get(coded.code, coded.code)
    said = {name: _value(name, one, values, calendar) for name, one in coded.values.items()}
    about = said.pop("about", "")
    try:
        # Without values it may be a sentence of a page, where % is a letter.
        text = texts[code] % said if said else texts[code]
    except (KeyError, ValueError):  # of another version
        text = ": ".join([code, *([", ".join(said.values())] if said else [])])
    return f"{text} ({about})" if about else text


def _value(name: str, value: str, values: Mapping[str, ValueWording], calendar: Calendar) -> str:
    wording = values.get(name.rstrip("0123456789"))
    try:
        return value if wording is None else wording(value, calendar)
    except (KeyError, OverflowError, ValueError):  # of another version
        return value
