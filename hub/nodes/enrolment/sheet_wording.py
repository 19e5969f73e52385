"""Texts and looks of enrolment codes and their sheets."""

from typing import Final

from markupsafe import Markup

from hub.access.invitations.pages import drawn_qr
from hub.nodes.enrolment.sheet_rows import CodeState, Sheet
from hub.web.i18n import Messages

LOOKS: Final[dict[CodeState, tuple[str, str]]] = {
    "waiting": ("muted", "clock"),
    "used": ("taken", "key"),
    "connected": ("resolved", "resolved"),
    "withdrawn": ("false_alarm", "false_alarm"),
    "over": ("false_alarm", "false_alarm"),
}
"""CSS class and icon of each state."""


def summary(sheet: Sheet, words: Messages) -> str:
    """Sentence with the number of boxes that have connected."""
    told = words.say("%(n)d of %(all)d boxes have connected")
    return told % {"n": sheet.count("connected"), "all": len(sheet.codes)}


def state_name(state: CodeState, words: Messages) -> str:
    """State of a code, for people."""
    say = words.say
    names: dict[CodeState, str] = {
        "waiting": say("waits for its box"),
        "used": say("code used, not connected yet"),
        "connected": say("connected"),
        "withdrawn": say("code withdrawn"),
        "over": say("holds no more"),
    }
    return names[state]


def qr(code: str, words: Messages) -> Markup:
    """The code as a QR code for the box's camera."""
    return drawn_qr(code, words.say("The code as a picture"))
