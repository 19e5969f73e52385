"""Helpers of the tests of sound, used by more than one module."""

from pathlib import Path

import pytest

from agent.journal import Journal
from agent.media.sound import SoundPacket
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.ring.sound import SoundRing
from agent.recording.store.store import ClipStore
from tests.agent.helpers.recording.store import Street
from tests.agent.rigs.sealing import Office
from tests.agent.rigs.spoken import spoken as make_spoken
from tests.agent.rigs.stage import at, clip_id_at


@pytest.fixture(scope="module")
def spoken(needs_media: None, tmp_path_factory: pytest.TempPathFactory) -> list[SoundPacket]:
    """Twelve seconds of AAC as a camera sends it, heard from second 0 on."""
    return make_spoken(tmp_path_factory.mktemp("sound") / "spoken.m4a", rate_hz=16000)


def ring_of(packets: list[SoundPacket]) -> SoundRing:
    ring = SoundRing()
    for packet in packets:
        ring.hear(packet)
    return ring


def filmed(
    folder: Path, journal: Journal, street: Street, ring: SoundRing | None, town: Office | None
) -> tuple[ClipStore, Path]:
    """A clip of all six seconds of the street, by a recorder that has this sound."""
    sealer = town.sealer() if town else None
    store = ClipStore(folder / "clips", journal, max_bytes=2**40, spare_bytes=0, sealer=sealer)
    recorder = Recorder(
        "cam",
        Preroll(PrerollBounds(span_s=17)),
        store,
        policy=ClipPolicy(),
        new_id=clip_id_at,
        sound=ring,
    )
    recorder.begin_stream(street[0])
    for packet in street[1]:
        moved = at(packet.at.mono_ns / 1e9)
        recorder.push(
            type(packet)(packet.data, moved, packet.pts, packet.dts, packet.duration,
                         packet.is_keyframe)
        )  # fmt: skip
    recorder.sighting_opened(clip_id_at(at(5)), at(5))
    recorder.end_stream()
    recorder.finish()
    [clip] = journal.clips()
    return store, clip.path
