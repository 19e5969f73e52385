"""The detail of a line of the log in the reader's language."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hub.base.audit.detail import Detail
from hub.oversight.log.old_detail_wording import old_detail_text
from hub.web.calendar import Calendar
from hub.web.feature import Feature

RENAMED: Final[Mapping[str, str]] = {}
"""Codes in the log that have another name today: from the stored code to today's."""


def detail_reader(
    features: Iterable[Feature], calendar: Calendar
) -> Callable[[str, str, str], str]:
    """Text of a detail by the act, the detail and the data of its line; times in the zone of the
    calendar."""
    return _Reader(tuple(features), calendar).text


class _Reader:
    def __init__(self, features: tuple[Feature, ...], calendar: Calendar) -> None:
        of_all = (one.details(calendar.words).items() for one in features)
        self._texts = {code: text for those in of_all for code, text in those}
        self._values = {name: tell for one in features for name, tell in one.detail_values.items()}
        self._calendar = calendar

    def text(self, act: str, detail: str, data: str) -> str:
        coded = Detail.of_json(data)
        return self._text(coded) if coded else old_detail_text(act, detail, self._calendar)

    def _text(self, detail: Detail) -> str:
        code = RENAMED.get(detail.code, detail.code)
        said = {name: self._value(name, value) for name, value in detail.values.items()}
        about = said.pop("about", "")
        if detail.parts:
            said["parts"] = ", ".join(dict.fromkeys(map(self._text, detail.parts)))
        try:
            # Without values it may be a sentence of a page, where % is a letter.
            text = self._texts[code] % said if said else self._texts[code]
        except (KeyError, ValueError):  # of another version
            text = ": ".join([code, *([", ".join(said.values())] if said else [])])
        return f"{text} ({about})" if about else text

    def _value(self, name: str, value: str) -> str:
        tell = self._values.get(name.rstrip("0123456789"))
        try:
            return value if tell is None else tell(value, self._calendar)
        except (KeyError, OverflowError, ValueError):  # of another version
            return value
