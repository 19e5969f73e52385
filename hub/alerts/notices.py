"""The life of a notice to people: a draft, then sent, then withdrawn or over.

    draft ──send──▶ sent ──withdraw──▶ withdrawn

A draft may be changed and thrown away; what was sent is never changed, only withdrawn, so that what
people read is what is on record.
"""

from enum import StrEnum
from typing import Final, Literal

TITLE_CHARS: Final = 120
TEXT_CHARS: Final = 1500
"""What a message of Zalo and of Telegram holds beside title and link."""
LONGEST_DAYS: Final = 90


class NoticeState(StrEnum):
    """Where a notice is in its life."""

    DRAFT = "draft"
    SENT = "sent"
    WITHDRAWN = "withdrawn"


NoticeAct = Literal["change", "send", "withdraw"]

_ALLOWED: Final[dict[NoticeState, frozenset[NoticeAct]]] = {
    NoticeState.DRAFT: frozenset({"change", "send"}),
    NoticeState.SENT: frozenset({"withdraw"}),
    NoticeState.WITHDRAWN: frozenset(),
}


class NoticeError(ValueError):
    """What of an entry cannot be; `fault` is one of `FAULTS`."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


FAULTS: Final = ("title", "text", "way", "channel", "picture", "sound", "large")


def may(state: NoticeState, act: NoticeAct) -> bool:
    """Whether this can be done to a notice that is so."""
    return act in _ALLOWED[state]


def checked(title: str, text: str) -> tuple[str, str]:
    """Title and text without outer spaces; a NoticeError where one is missing or too long."""
    title, text = " ".join(title.split()), text.strip().replace("\r\n", "\n")
    if not title or len(title) > TITLE_CHARS:
        raise NoticeError("title")
    if not text or len(text) > TEXT_CHARS:
        raise NoticeError("text")
    return title, text
