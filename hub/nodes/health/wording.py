"""Texts of the nodes page: state, and what a technician should look at."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent.wire.answers import RefusalReason
from agent.wire.presence import Health
from agent.wire.terms import ClockSource
from hub.nodes.health.views import FateCount, NodeState
from hub.registry.silence import unheard_since
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

HOT_C: Final = 80.0
"""From this temperature on a Raspberry Pi slows down."""
FULL_SHARE: Final = 0.05
"""With less of the disk free than this the oldest footage is removed soon."""
WORN_PERCENT: Final = 80
BACKLOG: Final = 20
"""More waiting events than this are not a short interruption."""
VAGUE_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class NodeCard:
    """One node as text; `token` is the CSS class and `icon` the shape of its state."""

    node: NodeState
    token: str
    icon: str
    status: str
    rank: int
    """0: works. Higher: worse, and somebody has to look at it."""
    lines: tuple[str, ...]
    """Cameras without a picture and faults. Then, for information, events that the hub waits for
    and a warning if the node exceeds its rate limit."""
    facts: tuple[tuple[str, str], ...]
    """Name and value of measurements."""


def card(node: NodeState, calendar: Calendar, *, waited: int = 0) -> NodeCard:
    """The node as shown; `waited`: its messages delayed by the rate limit."""
    words = calendar.words
    faults = (*_node_faults(node, words), *_refused(node, calendar))
    rank, token, shape, status = _status(node, len(faults), calendar)
    lines = (
        *_camera_lines(node, calendar),
        *faults,
        *_awaited(node, words),
        *too_much_lines(waited, words),
    )
    return NodeCard(node, token, shape, status, rank, lines, tuple(_facts(node, words)))


def too_much_lines(waited: int, words: Messages) -> Iterable[str]:
    """Warning that a node exceeds its rate limit."""
    if waited:
        told = words.say(
            "It says more than it may: %(n)d of its messages had to wait. No other box waits for it"
        )
        yield told % {"n": waited}


def _status(node: NodeState, faults: int, calendar: Calendar) -> tuple[int, str, str, str]:
    """Rank, token, shape and text; the worst of what is known."""
    words, say = calendar.words, calendar.words.say
    if node.state == "never":
        return 1, "muted", "muted", say("Never heard of")
    if node.state != "online":
        return 4, "open", "warning", say("No sign of life")
    reported_utc_us = node.health.received_utc_us if node.health is not None else None
    silent_utc_us = unheard_since(reported_utc_us, node.since_utc_us, calendar.now_utc_us)
    if silent_utc_us is not None:
        at = {"time": calendar.clock(silent_utc_us)}
        return 4, "open", "warning", say("No word since %(time)s") % at
    lost = sum(one.is_lost for one in node.cameras)
    if lost:
        told = words.count("%(n)d camera lost", "%(n)d cameras lost", lost)
        return 3, "taken", "warning", told % {"n": lost}
    if faults:
        told = words.count("%(n)d fault", "%(n)d faults", faults)
        return 2, "taken", "warning", told % {"n": faults}
    return 0, "resolved", "resolved", say("Working")


def _camera_lines(node: NodeState, calendar: Calendar) -> Iterable[str]:
    for one in node.cameras:
        if one.is_lost:
            told = {"camera": one.label, "time": calendar.clock(one.since_utc_us)}
            line = calendar.words.say("%(camera)s gives no picture since %(time)s") % told
            yield f"{line}: {one.lost_reason}" if one.lost_reason else line


def _node_faults(node: NodeState, words: Messages) -> Iterable[str]:
    say = words.say
    if node.is_doubled:
        yield say("Two boxes speak under this name: one has to get papers of its own")
    if node.unrecorded_why is not None:
        yield say("It keeps no video: its disk is full, held or away")
    if node.health is not None:
        yield from _board_lines(node.health.said, words)


def _awaited(node: NodeState, words: Messages) -> Iterable[str]:
    """Events that have not come: the hub asks for them, or they never will."""
    say = words.say
    if node.missing:
        yield say("%(n)d numbers have not come; the hub asks for them") % {"n": node.missing}
    if node.dropped:
        yield say("%(n)d events were dropped at the box and will not come") % {"n": node.dropped}


def _refused(node: NodeState, calendar: Calendar) -> Iterable[str]:
    """Events refused by the hub, and those still at the node."""
    words, last = calendar.words, node.last_refusal
    if node.refused and last is not None:
        told = {"n": node.refused, "time": calendar.clock(last.at_utc_us)}
        line = words.say("%(n)d messages refused in 24 hours, the last at %(time)s") % told
        yield f"{line}: {_why_refused(last.reason, words)}"
    kept = node.health.said.lost.set_aside if node.health is not None else 0
    if kept:
        line = words.say("%(n)d events are set aside at the box and will not come:")
        yield f"{line % {'n': kept}} matthan-agent check"


def _why_refused(reason: str, words: Messages) -> str:
    say = words.say
    reasons: dict[str, str] = {
        RefusalReason.WRONG_VERSION: say("the box speaks another version than the hub"),
        RefusalReason.OVERSIZE: say("too large"),
        RefusalReason.WRONG_NODE: say("it speaks under the name of another box"),
        RefusalReason.UNKNOWN_NODE: say("nobody has added this box"),
        RefusalReason.UNKNOWN_CAMERA: say("it never named this camera"),
        RefusalReason.NUMBER_TAKEN: say(
            "its number belongs to another event: was its disk copied?"
        ),
    }
    return reasons.get(reason, say("it cannot be read"))


def _board_lines(said: Health, words: Messages) -> Iterable[str]:
    say, board = words.say, said.board
    if board.is_under_voltage or board.was_under_voltage:
        yield say("Too little voltage: look at its power supply and cable")
    if board.is_throttled or (board.temperature_c or 0) >= HOT_C:
        yield say("Too hot, it slows down: give it shade or air")
    free, size = board.disk_free_bytes, board.disk_size_bytes
    if free is not None and size and free < FULL_SHARE * size:
        yield say("Its disk is nearly full")
    if (board.card_wear_percent or 0) >= WORN_PERCENT:
        yield say("Its card is worn out: change it")
    if said.owing.alerts + said.owing.others > BACKLOG:
        yield say("Much waits at the box: its line is slow or was gone")
    if said.stamp.source is ClockSource.NONE or (said.stamp.error_ms or 0) >= VAGUE_MS:
        yield say("Nobody vouches for its clock")


def _facts(node: NodeState, words: Messages) -> Iterable[tuple[str, str]]:
    say = words.say
    if node.health is not None:
        said = node.health.said
        owing = said.owing
        yield (
            say("Waiting at the box"),
            say("%(alerts)d alerts, %(others)d other events, %(files)d files")
            % {
                "alerts": owing.alerts,
                "others": owing.others + owing.again,
                "files": owing.files,
            },
        )
        yield say("Clock"), _clock(said, words)
        if said.board.temperature_c is not None:
            yield say("Temperature"), f"{said.board.temperature_c:.0f} °C"
        if said.board.disk_free_bytes is not None:
            yield say("Disk free"), f"{said.board.disk_free_bytes / 2**30:.1f} GiB"
        if said.cameras:
            rates = " · ".join(f"{one.camera} {one.frames_per_s:.1f}" for one in said.cameras)
            yield say("Frames looked at each second"), rates
    if node.software:
        yield say("Software"), node.software


def _clock(said: Health, words: Messages) -> str:
    if said.stamp.error_ms is None:
        return words.say("unconfirmed")
    return f"{said.stamp.source.value.upper()} ± {said.stamp.error_ms} ms"


def fates(counts: Iterable[FateCount], words: Messages) -> list[tuple[str, int]]:
    """Results of all events: one line each."""
    say = words.say
    names = {
        "alerted": say("raised an alert"),
        "grouped": say("joined an alert"),
        "silenced": say("raised an alert without ringing"),
        "muted": say("kept from alerting by a silence"),
        "late": say("came too late to wake anybody"),
        "noted": say("noted"),
        "refused": say("refused"),
    }
    totals: dict[str, int] = {}
    for one in counts:
        totals[one.fate] = totals.get(one.fate, 0) + one.events
    return [(name, totals[fate]) for fate, name in names.items() if fate in totals]
