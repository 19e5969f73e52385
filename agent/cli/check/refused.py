"""`check`: events refused by the hub for good, shown to the technician."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.cli.check.finding import Finding
from agent.i18n import N_
from agent.journal import set_aside

NEWS_S: Final = 7 * 86_400
"""Older refusals are not reported."""

_CURES: Final = {
    "wrong_version": N_("update the hub: this agent speaks a newer language"),
    "wrong_node": N_("give this node the certificate that belongs to [node] name"),
    "number_taken": N_("this journal was copied from another one: move it away and start anew"),
}
_CURE: Final = N_("tell whoever looks after the hub; its page of camera boxes shows it too")


def refused(journal: Path, *, now_utc_us: int) -> Iterator[Finding]:
    """One finding if something is set aside, else none."""
    found = set_aside(journal)
    if found is None:
        return
    last = datetime.fromtimestamp(found.at_utc_us / 1e6, UTC).astimezone()
    facts: dict[str, object] = {
        "count": found.count,
        "reason": found.reason,
        "detail": f" ({found.detail})" if found.detail else "",
        "last": f"{last:%d/%m/%Y %H:%M:%S}",
    }
    about = N_("events set aside: {count}, the last {last}, {reason}{detail}")
    if now_utc_us - found.at_utc_us > NEWS_S * 1_000_000:
        yield Finding(about, facts=facts)
        return
    sentence = N_("they will not reach the hub")
    yield Finding(about, sentence, _CURES.get(found.reason, _CURE), facts)
