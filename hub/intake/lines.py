"""What the intake logs of a batch: made while filing, written once what became of it is clear."""

from dataclasses import dataclass, field

import structlog

from agent.wire.answers import Refusal, RefusalReason
from agent.wire.presence import Birth, Death
from hub.intake.fleet import Verdict
from hub.intake.reading import Unreadable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log: its event, what belongs to it, whether a person should look."""

    event: str
    words: dict[str, object] = field(default_factory=dict)
    is_warning: bool = True


def write(lines: list[Line]) -> None:
    """Log them in order."""
    for line in lines:
        (log.warning if line.is_warning else log.info)(line.event, **line.words)


def about_status(status: Birth | Death, verdict: Verdict) -> Line:
    """A birth or a death, and what it means."""
    if verdict is Verdict.UNKNOWN_NODE:
        cure = _cure(status.node, RefusalReason.UNKNOWN_NODE)
        return Line("node.unknown", {"node": status.node, "cure": cure})
    words: dict[str, object] = {
        "node": status.node,
        "means": verdict.value,
        "birth_id": str(status.birth_id),
    }
    if verdict is Verdict.RIVAL:
        cure = f"find the second computer; then: matthan-hub ca issue {status.node}"
        return Line("node.rival", {"node": status.node, "cure": cure})
    return Line("node.status", words, is_warning=False)


def about_lost_spool(node: str, lost: int) -> Line:
    """A node came with a new journal; what was missing of the old one never comes."""
    cure = "none: its disk was changed or damaged; a damaged journal was kept aside there"
    return Line("intake.numbers_lost_with_spool", {"node": node, "numbers": lost, "cure": cure})


def about_waiting(node: str, why: Refusal) -> Line:
    """Events that cannot be filed yet."""
    cure = _cure(node, why.reason)
    return Line("intake.not_yet", {"node": node, "detail": why.detail, "cure": cure})


def about_aside(bad: Unreadable, *, is_last: bool) -> Line:
    """A message that was set aside; `is_last` of those kept in this hour."""
    words: dict[str, object] = {
        "node": bad.node,
        "reason": str(bad.reason),
        "detail": bad.detail,
        "event_id": str(bad.event_id) if bad.event_id else None,
        "is_last_this_hour": is_last,
    }
    return Line("intake.set_aside", words)


def _cure(node: str, reason: RefusalReason) -> str:
    if reason is RefusalReason.UNKNOWN_NODE:
        return f"matthan-hub node add {node} --area AREA"
    return "none needed if the node's birth is on its way; else restart the agent there"
