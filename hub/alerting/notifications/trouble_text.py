"""Push texts of a loss, of its end, and of an alert that somebody has taken."""

from collections.abc import Mapping
from typing import Any

from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.notifications.pending import PendingNotification
from hub.notify.i18n import PushMessages

Names = Mapping[str, Any]


def trouble_words(
    pending: PendingNotification, words: PushMessages, *, names: Names
) -> tuple[str, str]:
    """Title and body; `names` are place, camera, node, time and n, the number of lost units."""
    since = words.say("{place} · since {time}") if pending.place else words.say("since {time}")
    match pending.moment:
        case "back":
            return _back(pending, words).format(**names), since.format(**names)
        case "taken":
            return handled_words(pending, words), since.format(**names)
        case _:
            return _lost(pending, words).format(**names), since.format(**names)


def _lost(pending: PendingNotification, words: PushMessages) -> str:
    match Kind(pending.kind):
        case Kind.CAMERA_LOST:
            is_one = pending.people == 1
            one, several = "No signal from {camera}", "No signal from {n} cameras of {node}"
            return words.say(one) if is_one else words.say(several)
        case Kind.NODE_SILENT:
            return words.say("Camera box {node} gives no sign")
        case Kind.LINK_LOST:
            return words.say("{n} camera boxes silent at once: line or power?")
        case Kind.BROKER_LOST | Kind.BROKER_UNHEARD as kind:
            none = "The hub hears no camera box: its message broker is away"
            one_less = "The hub does not fully hear message broker {broker}"
            if not pending.camera_label:  # raised by a version that did not store which
                one_less = "The hub does not fully hear one of its message brokers"
            return words.say(none) if kind is Kind.BROKER_LOST else words.say(one_less)
        case Kind.NODE_RIVAL:
            return words.say("Two computers use the name {node}: was its certificate copied?")
        case Kind.NODE_UNRECORDED | Kind.NODE_HELD_BACK as kind:
            unrecorded = "{node} records no video: disk full of held clips, or unusable"
            waits = "The hub's disk is short: {node} filled more than its share and waits"
            return words.say(unrecorded) if kind is Kind.NODE_UNRECORDED else words.say(waits)


def _back(pending: PendingNotification, words: PushMessages) -> str:
    match Kind(pending.kind):
        case Kind.CAMERA_LOST:
            return words.say("Signal is back: {camera}")
        case Kind.NODE_SILENT:
            return words.say("Camera box {node} is back")
        case Kind.LINK_LOST:
            return words.say("All camera boxes are back")
        case Kind.BROKER_LOST | Kind.BROKER_UNHEARD as kind:
            boxes = "The hub hears its camera boxes again"
            broker = "The hub fully hears message broker {broker} again"
            return words.say(boxes) if kind is Kind.BROKER_LOST else words.say(broker)
        case Kind.NODE_RIVAL:
            return words.say("One computer alone uses the name {node} again")
        case Kind.NODE_UNRECORDED | Kind.NODE_HELD_BACK as kind:
            recording, within = "{node} records video again", "The footage of {node} comes again"
            return words.say(recording) if kind is Kind.NODE_UNRECORDED else words.say(within)


def handled_words(pending: PendingNotification, words: PushMessages) -> str:
    match pending.state:
        case "false_alarm":
            title = words.say("False alarm · {place}")
        case "resolved":
            title = words.say("Resolved · {place}")
        case _ if pending.handled_by:
            title = words.say("{officer} has it · {place}")
        case _:
            title = words.say("Somebody has it · {place}")
    return title.format(officer=pending.handled_by, place=pending.place)
