"""`Detail`: what a line of the log says beside its act and its object, as a code and values.

The log stores it as JSON. A page renders it in the reader's language, by the text that a capability
declares for the code (`Feature.details`). A stored code keeps its meaning for good.
"""

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

DATA_CHARS: Final = 2000
"""The log keeps acts, not contents: longer values are shortened, so that the JSON stays whole."""
_CUT: Final = "…"


@dataclass(frozen=True, slots=True, init=False)
class Detail:
    """A code, such as `cases.count`, and values by the names of their places in its text."""

    code: str
    parts: tuple["Detail", ...]
    """For the place `parts`: a list of any length, such as the conditions of a search."""
    values: Mapping[str, str]

    def __init__(self, code: str, /, *parts: "Detail", **values: object) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "parts", parts)
        named = {name: str(value).replace("\0", "\ufffd") for name, value in values.items()}
        object.__setattr__(self, "values", named)

    def to_json(self) -> str:
        """A JSON object of at most `DATA_CHARS` characters."""
        whole = self._json(DATA_CHARS)
        if len(whole) <= DATA_CHARS:
            return whole
        # The largest length that all values may have.
        most = bisect_left(
            range(1, DATA_CHARS), True, key=lambda chars: len(self._json(chars)) > DATA_CHARS
        )
        if not most and self.parts:
            return type(self)(self.code, *self.parts[:-1], **self.values).to_json()
        return self._json(most)

    @classmethod
    def of_json(cls, data: str) -> Self | None:
        """The detail that a line has stored; None for a line without one."""
        fields = json.loads(data) if data else {}
        return cls._of(fields) if "code" in fields else None

    def _json(self, most: int) -> str:
        return json.dumps(self._fields(most), ensure_ascii=False)

    def _fields(self, most: int) -> dict[str, Any]:
        fields: dict[str, Any] = {"code": self.code}
        if self.parts:
            fields["parts"] = [one._fields(most) for one in self.parts]
        for name, value in self.values.items():
            fields[name] = value if len(value) <= most else value[: most - 1] + _CUT
        return fields

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> Self:
        parts = [cls._of(one) for one in fields.pop("parts", ())]
        return cls(fields.pop("code"), *parts, **fields)


def plain(text: str) -> Detail | None:
    """A text that is shown as it is, such as a reason that a person typed; None if it is empty."""
    return Detail("plain", text=text) if text else None
