"""Life cycle of a public notice: draft, sent, then withdrawn or expired.

    draft ──send──▶ sent ──withdraw──▶ withdrawn

A draft can be changed or deleted. A sent notice never changes; it can only be withdrawn. So the
record shows what people read.
"""

from enum import StrEnum
from typing import Final, Literal

from hub.base.errors import DomainError

TITLE_CHARS: Final = 120
TEXT_CHARS: Final = 1500
"""Space in a Zalo or Telegram message beside title and link."""
LONGEST_DAYS: Final = 90


class NoticeState(StrEnum):
    """State of a notice."""

    DRAFT = "draft"
    SENT = "sent"
    WITHDRAWN = "withdrawn"


NoticeAct = Literal["change", "send", "withdraw"]

_ALLOWED: Final[dict[NoticeState, frozenset[NoticeAct]]] = {
    NoticeState.DRAFT: frozenset({"change", "send"}),
    NoticeState.SENT: frozenset({"withdraw"}),
    NoticeState.WITHDRAWN: frozenset(),
}


class NoticeError(DomainError):
    """A field is invalid; `fault` is one of `FAULTS`."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault, f"notice.{fault}")
        self.fault = fault


FAULTS: Final = ("title", "text", "way", "channel", "picture", "sound", "large", "busy")


def may(state: NoticeState, act: NoticeAct) -> bool:
    """True if the act is allowed in this state."""
    return act in _ALLOWED[state]


def checked(title: str, text: str) -> tuple[str, str]:
    """Title and text without outer spaces; NoticeError if one is missing or too long."""
    title, text = " ".join(title.split()), text.strip().replace("\r\n", "\n")
    if not title or len(title) > TITLE_CHARS:
        raise NoticeError("title")
    if not text or len(text) > TEXT_CHARS:
        raise NoticeError("text")
    return title, text
