"""Log lines of the intake: made while filing, written after the commit."""

from dataclasses import dataclass, field

import structlog

from agent.wire.answers import Refusal, RefusalReason
from agent.wire.presence import Birth, Death
from hub.intake.filing.decode import Unreadable
from hub.intake.presence import PresenceChange

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BatchLogLine:
    """A log line: event, values, and whether a person should look at it."""

    event: str
    words: dict[str, object] = field(default_factory=dict)
    is_warning: bool = True


def write(lines: list[BatchLogLine]) -> None:
    """Write the lines in order."""
    for line in lines:
        (log.warning if line.is_warning else log.info)(line.event, **line.words)


def about_status(status: Birth | Death, decision: PresenceChange) -> BatchLogLine:
    """Line about a birth or death, and its meaning."""
    if decision is PresenceChange.UNKNOWN_NODE:
        cure = _cure(status.node, RefusalReason.UNKNOWN_NODE)
        return BatchLogLine("node.unknown", {"node": status.node, "cure": cure})
    words: dict[str, object] = {
        "node": status.node,
        "means": decision.value,
        "birth_id": str(status.birth_id),
    }
    if decision is PresenceChange.RIVAL:
        cure = f"find the second computer; then: matthan-hub ca issue {status.node}"
        return BatchLogLine("node.rival", {"node": status.node, "cure": cure})
    return BatchLogLine("node.status", words, is_warning=False)


def about_lost_spool(node: str, lost: int) -> BatchLogLine:
    """Line about a node that came with a new journal; missing numbers of the old one never come."""
    cure = "none: its disk was changed or damaged; a damaged journal was kept aside there"
    return BatchLogLine(
        "intake.numbers_lost_with_spool", {"node": node, "numbers": lost, "cure": cure}
    )


def about_waiting(node: str, why: Refusal) -> BatchLogLine:
    """Line about events that cannot be stored yet."""
    cure = _cure(node, why.reason)
    return BatchLogLine("intake.not_yet", {"node": node, "detail": why.detail, "cure": cure})


def about_aside(bad: Unreadable, *, is_last: bool) -> BatchLogLine:
    """Line about a message set aside; `is_last`: the last one stored in this hour."""
    words: dict[str, object] = {
        "node": bad.node,
        "reason": str(bad.reason),
        "detail": bad.detail,
        "event_id": str(bad.event_id) if bad.event_id else None,
        "is_last_this_hour": is_last,
    }
    return BatchLogLine("intake.set_aside", words)


def _cure(node: str, reason: RefusalReason) -> str:
    if reason is RefusalReason.UNKNOWN_NODE:
        return f"matthan-hub node add {node} --area AREA"
    return "none needed if the node's birth is on its way; else restart the agent there"
