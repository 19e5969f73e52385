"""`check`: views with tampering when the agent last looked, and what to do about each."""

from collections.abc import Iterator

from agent.app.node import open_journal
from agent.board.clock import SystemClock
from agent.cli.check.finding import Finding
from agent.config.sections import AgentSettings
from agent.i18n import N_
from agent.journal import JournalError
from agent.runtime.camera_loop import tamper_key
from agent.uplink.tampering import ADVICE
from agent.vision.tamper.memory import read_memory


def views_taken(settings: AgentSettings) -> Iterator[Finding]:
    """One finding for each camera whose view was tampered with. None if all views are well, or
    while a running agent holds the journal: it reports them itself."""
    clock = SystemClock()
    try:
        journal = open_journal(settings, clock)
    except JournalError:  # reported by another check
        return
    try:
        memories = {one.name: journal.remembered(tamper_key(one.name)) for one in settings.camera}
    finally:
        journal.close()
    for camera, memory in memories.items():
        known = read_memory(memory, clock.now()) if memory else None
        if known is not None and (said := known[0]) is not None:
            advice = ADVICE[said.what]
            facts: dict[str, object] = {"camera": camera}
            yield Finding(N_("view of {camera}"), advice.sentence, advice.cure, facts)
