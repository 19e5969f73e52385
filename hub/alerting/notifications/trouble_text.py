"""Push texts of a loss, of its end, and of an alert that somebody has taken."""

from collections.abc import Mapping
from typing import Any

from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.notifications.pending import PendingNotification
from hub.notify.i18n import PushMessages

Names = Mapping[str, Any]


def trouble_words(
    owed: PendingNotification, words: PushMessages, *, names: Names
) -> tuple[str, str]:
    """Title and body; `names` are place, camera, node, time and n, the number of lost units."""
    since = words.say("{place} · since {time}") if owed.place else words.say("since {time}")
    match owed.moment:
        case "back":
            return _back(owed, words).format(**names), since.format(**names)
        case "taken":
            return handled_words(owed, words), since.format(**names)
        case _:
            return _lost(owed, words).format(**names), since.format(**names)


def _lost(owed: PendingNotification, words: PushMessages) -> str:
    match Kind(owed.kind):
        case Kind.CAMERA_LOST:
            is_one = owed.people == 1
            one, several = "No signal from {camera}", "No signal from {n} cameras of {node}"
            return words.say(one) if is_one else words.say(several)
        case Kind.NODE_SILENT:
            return words.say("Camera box {node} gives no sign")
        case Kind.LINK_LOST:
            return words.say("{n} camera boxes silent at once: line or power?")
        case Kind.BROKER_LOST:
            return words.say("The hub hears no camera box: its message broker is away")
        case Kind.NODE_RIVAL:
            return words.say("Two computers use the name {node}: was its certificate copied?")
        case Kind.NODE_UNRECORDED:
            return words.say("{node} records no video: disk full of held clips, or unusable")


def _back(owed: PendingNotification, words: PushMessages) -> str:
    match Kind(owed.kind):
        case Kind.CAMERA_LOST:
            return words.say("Signal is back: {camera}")
        case Kind.NODE_SILENT:
            return words.say("Camera box {node} is back")
        case Kind.LINK_LOST:
            return words.say("All camera boxes are back")
        case Kind.BROKER_LOST:
            return words.say("The hub hears its camera boxes again")
        case Kind.NODE_RIVAL:
            return words.say("One computer alone uses the name {node} again")
        case Kind.NODE_UNRECORDED:
            return words.say("{node} records video again")


def handled_words(owed: PendingNotification, words: PushMessages) -> str:
    match owed.state:
        case "false_alarm":
            title = words.say("False alarm · {place}")
        case "resolved":
            title = words.say("Resolved · {place}")
        case _ if owed.handled_by:
            title = words.say("{officer} has it · {place}")
        case _:
            title = words.say("Somebody has it · {place}")
    return title.format(officer=owed.handled_by, place=owed.place)
