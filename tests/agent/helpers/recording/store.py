"""Helpers of the tests of store, used by more than one module."""

from pathlib import Path
from uuid import UUID, uuid4

from agent.journal import Journal, MediaKind
from agent.media.frame import Packet, StreamInfo
from agent.recording.store.store import ClipStore
from agent.wire.messages import SightingOpened
from agent.wire.terms import BoxWords, ObjectKind
from tests.agent.rigs.stage import at

Street = tuple[StreamInfo, list[Packet]]


def opened(person: UUID, first_seen_s: float = 0) -> SightingOpened:
    return SightingOpened(
        camera="cam",
        sighting_id=person,
        object_kind=ObjectKind.PERSON,
        people=1,
        score=0.5,
        box=BoxWords(x0=0, y0=0, x1=1, y1=1),
        first_seen_utc_us=at(first_seen_s).utc_us,
        picture=None,
    )


def keep_announced(store: ClipStore, journal: Journal, jpeg: bytes) -> tuple[Path, UUID]:
    """A picture on the shelf and the event that announces it."""
    kept = store.keep_picture(jpeg, width=2, height=2)
    with journal.transaction() as tx:
        event_id = tx.add_event(opened(uuid4()), at=at(0))
        tx.add_media(
            sha256=kept.words.sha256,
            kind=MediaKind.PICTURE,
            path=kept.path,
            size_bytes=kept.words.size_bytes,
            event_id=event_id,
        )
    return kept.path, event_id


def nothing() -> None:
    """No heartbeat."""
