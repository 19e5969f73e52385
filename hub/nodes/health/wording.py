"""Texts of the nodes page: state, and what a technician should look at."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from agent.wire.answers import RefusalReason
from agent.wire.presence import Health
from hub.nodes.health.views import FateCount, NodeState
from hub.registry.condition import RANKS, Condition, NodeFault, node_condition, node_faults
from hub.registry.wording import LOOKS, fault_line
from hub.web.calendar import Calendar
from hub.web.i18n import Messages, one_decimal


@dataclass(frozen=True, slots=True)
class NodeCard:
    """One node as text; `token` is the CSS class and `icon` the shape of its state."""

    node: NodeState
    condition: Condition
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
    disk: str
    """Free space; empty: not known, as `clock`."""
    clock: str
    """Source and error of its clock."""

    @property
    def disk_free_bytes(self) -> int | None:
        """Free bytes of the node's disk; None if not known."""
        health = self.node.health
        return None if health is None else health.said.board.disk_free_bytes

    @property
    def clock_error_ms(self) -> float | None:
        """Error of the node's clock in ms; infinite if no source confirms the clock, None if not
        known."""
        if self.node.health is None:
            return None
        error_ms = self.node.health.said.stamp.error_ms
        return math.inf if error_ms is None else error_ms


def card(node: NodeState, calendar: Calendar) -> NodeCard:
    """The node as shown."""
    words = calendar.words
    faults = node_faults(node.facts)
    lost = sum(one.is_lost for one in node.cameras)
    state, since_utc_us = node_condition(node.facts, lost=lost, now_utc_us=calendar.now_utc_us)
    token, shape = LOOKS[state]
    lines = (
        *_camera_lines(node, calendar),
        *(_fault_line(fault, node, calendar) for fault in faults),
        *_awaited(node, words),
        *too_much_lines(node.delayed, words),
    )
    said = node.health.said if node.health is not None else None
    return NodeCard(
        node=node,
        condition=state,
        token=token,
        icon=shape,
        status=_status(state, since_utc_us, calendar, lost=lost, faults=len(faults)),
        rank=RANKS[state],
        lines=lines,
        facts=tuple(_facts(node, words)),
        disk=_disk(said, words) if said is not None else "",
        clock=_clock(said, words) if said is not None else "",
    )


def condition_name(state: Condition, words: Messages) -> str:
    """Name of a state, for the counts and the filter of the table."""
    say = words.say
    return {
        Condition.OFFLINE: say("no sign of life"),
        Condition.SILENT: say("no word"),
        Condition.LOST: say("camera lost"),
        Condition.FAULTY: say("with a fault"),
        Condition.NEVER: say("never heard of"),
        Condition.WELL: say("working"),
    }[state]


def too_much_lines(delayed: int, words: Messages) -> Iterable[str]:
    """Warning that a node exceeds its rate limit."""
    if delayed:
        told = words.say(
            "It says more than it may: %(n)d of its messages had to wait. No other box waits for it"
        )
        yield told % {"n": delayed}


def _status(
    state: Condition, since_utc_us: int, calendar: Calendar, *, lost: int, faults: int
) -> str:
    words, say = calendar.words, calendar.words.say
    match state:
        case Condition.NEVER:
            return say("Never heard of")
        case Condition.OFFLINE:
            return say("No sign of life")
        case Condition.SILENT:
            return say("No word since %(time)s") % {"time": calendar.clock(since_utc_us)}
        case Condition.LOST:
            return words.count("%(n)d camera lost", "%(n)d cameras lost", lost) % {"n": lost}
        case Condition.FAULTY:
            return words.count("%(n)d fault", "%(n)d faults", faults) % {"n": faults}
        case Condition.WELL:
            return say("Working")
        case _:
            assert_never(state)


def _camera_lines(node: NodeState, calendar: Calendar) -> Iterable[str]:
    for one in node.cameras:
        if one.is_lost:
            told = {"camera": one.label, "time": calendar.clock(one.since_utc_us)}
            line = calendar.words.say("%(camera)s gives no picture since %(time)s") % told
            yield f"{line}: {one.lost_reason}" if one.lost_reason else line


def _fault_line(fault: NodeFault, node: NodeState, calendar: Calendar) -> str:
    """The fault as on every page; here with the number of messages, and the last reason."""
    words, last = calendar.words, node.last_refusal
    if fault is NodeFault.REFUSED and last is not None:
        told = {"n": node.refused, "time": calendar.clock(last.at_utc_us)}
        line = words.say("%(n)d messages refused in 24 hours, the last at %(time)s") % told
        return f"{line}: {_why_refused(last.reason, words)}"
    if fault is NodeFault.SET_ASIDE and node.health is not None:
        line = words.say("%(n)d events are set aside at the box and will not come:")
        return f"{line % {'n': node.health.said.lost.set_aside}} matthan-agent check"
    return fault_line(fault, words)


def _awaited(node: NodeState, words: Messages) -> Iterable[str]:
    """Events that have not come: the hub asks for them, or they never will."""
    say = words.say
    if node.missing:
        yield say("%(n)d numbers have not come; the hub asks for them") % {"n": node.missing}
    if node.dropped:
        yield say("%(n)d events were dropped at the box and will not come") % {"n": node.dropped}


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
        if disk := _disk(said, words):
            yield say("Disk free"), disk
        if said.cameras:
            rates = " · ".join(
                f"{one.camera} {one_decimal(one.frames_per_s, words)}" for one in said.cameras
            )
            yield say("Frames looked at each second"), rates
    if node.software:
        yield say("Software"), node.software


def _disk(said: Health, words: Messages) -> str:
    free_bytes = said.board.disk_free_bytes
    return "" if free_bytes is None else f"{one_decimal(free_bytes / 2**30, words)} GiB"


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
