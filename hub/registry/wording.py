"""Texts about the condition of a camera or its node, for every page; and of acts."""

from typing import Final

from hub.registry.condition import CameraCondition, Condition, NodeFault
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

LOOKS: Final = {
    Condition.OFFLINE: ("open", "warning"),
    Condition.SILENT: ("open", "warning"),
    Condition.LOST: ("taken", "warning"),
    Condition.FAULTY: ("taken", "warning"),
    Condition.NEVER: ("muted", "muted"),
    Condition.WELL: ("resolved", "resolved"),
}
"""CSS class and icon of each."""


def camera_line(camera: CameraCondition, calendar: Calendar) -> str:
    """State of a camera, and since when; without a time if its box never reported."""
    words = calendar.words
    names = {
        Condition.OFFLINE: words.say("its camera box is silent"),
        Condition.SILENT: words.say("its camera box is silent"),
        Condition.LOST: words.say("no picture"),
        Condition.FAULTY: words.say("gives pictures"),
        Condition.NEVER: words.say("its camera box was never heard of"),
        Condition.WELL: words.say("gives pictures"),
    }
    if camera.state is Condition.NEVER:
        return names[camera.state]
    told = {"state": names[camera.state], "time": calendar.clock(camera.since_utc_us)}
    line = words.say("%(state)s since %(time)s") % told
    if camera.state is not Condition.FAULTY:
        return line
    n = len(camera.faults)
    faults = words.count("%(n)d fault of its box", "%(n)d faults of its box", n) % {"n": n}
    return f"{line}, {faults}"


def fault_line(fault: NodeFault, words: Messages) -> str:
    """Sentence that says what is wrong with a node, and what to do."""
    say = words.say
    lines = {
        NodeFault.DOUBLED: say("Two boxes speak under this name: one has to get papers of its own"),
        NodeFault.UNRECORDED: say("It keeps no video: its disk is full, held or away"),
        NodeFault.VOLTAGE: say("Too little voltage: look at its power supply and cable"),
        NodeFault.HOT: say("Too hot, it slows down: give it shade or air"),
        NodeFault.DISK: say("Its disk is nearly full"),
        NodeFault.SHARE: say(
            "Its footage waited within a day: the hub's disk was short, and it had filled more than"
            " its share"
        ),
        NodeFault.CARD: say("Its card is worn out: change it"),
        NodeFault.BACKLOG: say("Much waits at the box: its line is slow or was gone"),
        NodeFault.CLOCK: say("Nobody vouches for its clock"),
        NodeFault.REFUSED: say("The hub refused messages of it within a day"),
        NodeFault.SET_ASIDE: say("Events are set aside at the box and will not come"),
    }
    return lines[fault]


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "cameras.count": say("%(n)s cameras"),
        "camera.placed": "%(parts)s",
        "camera.latitude_deg": say("latitude %(number)s°"),
        "camera.longitude_deg": say("longitude %(number)s°"),
        "camera.no_bearing": say("no direction any more"),
        "camera.bearing_deg": say("faces %(number)s°"),
        "camera.label": say("name “%(name)s”"),
        "camera.kept_label": say("name “%(name)s”"),
        "camera.area_id": say("area %(id)s"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "camera.place": say("set the position or direction of a camera"),
        "node.add": say("added a camera box"),
    }
