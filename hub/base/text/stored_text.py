"""Translates stored English texts into the reader's language.

The log and other records keep one English text for good. A shape is such a text with places for its
values, such as `%(n)s cameras`. The shape finds the values in a stored text; they are filled into
the shape's translation. A text without a known shape is shown as it is stored.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

Shapes = Callable[[Callable[[str], str]], Sequence[str]]
"""Shapes in the language of `say`; `str` gives the stored ones. The first that fits counts."""

_PLACE: Final = re.compile(r"%\((\w+?)(\d*)\)s")
_DIGITS: Final = r"\d+"
_PATTERNS: Final[Mapping[str, str]] = {
    **dict.fromkeys("nmklo", _DIGITS),
    "at": _DIGITS,
    "id": r"[0-9a-f-]+",
    "ids": r"[0-9a-f -]*",
    "iso": r"\d{4}-\d\d-\d\dT[\d:]+Z",
    "sha": r"[0-9a-f]+",
    "share": r"\d+%",
}
"""Patterns of values, by their names without a number. Others are the shortest text that fits."""


def said_anew(
    stored: str,
    shapes: Shapes,
    say: Callable[[str], str],
    value: Callable[[str, str], str] = lambda _name, text: text,
) -> str:
    """The text in the language of `say`; `value` translates a value, by the name of its place
    without a number."""
    for shape, theirs in zip(shapes(str), shapes(say), strict=True):
        found = _pattern(shape).fullmatch(stored)
        if found is not None:
            named = found.groupdict().items()
            return theirs % {name: value(name.rstrip("0123456789"), text) for name, text in named}
    return stored


def parts_anew(
    stored: str,
    shapes: Shapes,
    say: Callable[[str], str],
    value: Callable[[str, str], str] = lambda _name, text: text,
) -> str:
    """Translation of a list with commas; see `said_anew`. Repeated parts are shown once."""
    parts = (said_anew(one, shapes, say, value) for one in stored.split(", "))
    return ", ".join(dict.fromkeys(parts))


@cache
def _pattern(shape: str) -> re.Pattern[str]:
    parts, at = [], 0
    for place in _PLACE.finditer(shape):
        name = place[1]
        parts.append(re.escape(shape[at : place.start()]))
        parts.append(f"(?P<{name}{place[2]}>{_PATTERNS.get(name, '.*?')})")
        at = place.end()
    return re.compile("".join(parts) + re.escape(shape[at:]), re.DOTALL)
