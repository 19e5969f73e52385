"""The node's store of footage, and the seal of its clips."""

from typing import Final

import structlog

from agent.board.clock import SystemClock
from agent.config.sections import SPARE_BYTES, AgentSettings
from agent.journal import Journal
from agent.recording.sealer import Sealer, SealError
from agent.recording.store.store import ClipStore

log = structlog.get_logger()

LEAST_ROOM_BYTES: Final = 32 * 2**20
"""A minute at 4 Mbit/s: with less space beside held footage, clips would be removed at once."""


def open_store(settings: AgentSettings, journal: Journal, clock: SystemClock) -> ClipStore:
    """The node's footage; raises OSError."""
    clips = settings.clips
    return ClipStore(
        clips.folder,
        journal,
        max_bytes=clips.max_bytes,
        spare_bytes=SPARE_BYTES,
        classes=clips.classes(),
        least_room_bytes=min(LEAST_ROOM_BYTES, clips.max_bytes // 8),
        sealer=open_sealer(settings, clock),
    )


def open_sealer(settings: AgentSettings, clock: SystemClock) -> Sealer | None:
    """Sealer with the key of the node's broker certificate; None if there is none: clips are then
    not sealed."""
    broker = settings.broker
    try:
        return Sealer.open(
            settings.node.name,
            key_file=broker.key_file,
            cert_file=broker.cert_file,
            trust=clock.trust,
        )
    except SealError as error:
        cure = "give the node papers made by: matthan-hub ca issue"
        log.error("clips_unsealed", reason=str(error), cure=cure)
        return None
