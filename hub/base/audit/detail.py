"""`Detail`: what a line of the log says beside its act and its object, as a code and values.

The log stores it as JSON. A page renders it in the reader's language, by the text that a capability
declares for the code (`Feature.details`). A stored code keeps its meaning for good.
"""

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

DATA_CHARS: Final = 2000
"""The log keeps acts, not contents: longer values are shortened, so that the JSON stays whole."""
CODE: Final = "code"
_CUT: Final = "…"


@dataclass(frozen=True, slots=True, init=False)
class Detail:
    """A code, such as `cases.count`, and values by the names of their places in its text."""

    code: str
    values: Mapping[str, str]

    def __init__(self, code: str, /, **values: object) -> None:
        object.__setattr__(self, "code", code)
        named = {name: str(value).replace("\0", "\ufffd") for name, value in values.items()}
        object.__setattr__(self, "values", named)

    def to_json(self, **others: str) -> str:
        """A JSON object of at most `DATA_CHARS` characters; `others` are fields for programs."""
        named = {**self.values, **others}
        # The largest length that all values may have.
        most = bisect_left(
            range(1, DATA_CHARS), True, key=lambda n: len(self._json(named, n)) > DATA_CHARS
        )
        return self._json(named, most)

    def _json(self, values: Mapping[str, str], most: int) -> str:
        kept = {
            name: value if len(value) <= most else value[: most - 1] + _CUT
            for name, value in values.items()
        }
        return json.dumps({CODE: self.code, **kept}, ensure_ascii=False)

    @classmethod
    def of_json(cls, data: str) -> Self | None:
        """The detail that a line has stored; None for a line without one."""
        fields = json.loads(data) if data else {}
        return cls(fields.pop(CODE), **fields) if CODE in fields else None


def plain(text: str) -> Detail | None:
    """A text that is shown as it is, such as a reason that a person typed; None if it is empty."""
    return Detail("plain", text=text) if text else None
