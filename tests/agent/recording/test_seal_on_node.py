"""The node seals its clips, reports that to the hub, and records on if it cannot seal."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from agent.app.footage import open_sealer
from agent.board.clock import SystemClock
from agent.config.sections import AgentSettings
from agent.journal import Journal
from agent.media.frame import Packet, StreamInfo
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.sealer import Sealer
from agent.recording.store.store import ClipStore
from agent.wire.messages import ClipReady, SightingOpened
from agent.wire.seal_check import State, judge
from agent.wire.terms import BoxWords, ObjectKind
from tests.agent.rigs.sealing import office, write_clip
from tests.agent.rigs.stage import EPOCH_US, at, clip_id_at, decoded_frames

Street = tuple[StreamInfo, list[Packet]]


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return office(tmp_path / "ca").sealer()


def recorded(store: ClipStore, stream: StreamInfo, packets: Sequence[Packet]) -> Recorder:
    """All of them, with one person from beginning to end."""
    policy = ClipPolicy(preroll_s=1, postroll_s=1, longest_s=3)
    recorder = Recorder(
        "cong-bac", Preroll(PrerollBounds()), store, policy=policy, new_id=clip_id_at
    )
    recorder.begin_stream(stream)
    recorder.sighting_opened(UUID(int=7), packets[0].at)
    for packet in packets:
        recorder.push(packet)
    recorder.end_stream()
    recorder.advance()
    return recorder


def announced(journal: Journal) -> list[ClipReady]:
    return [one.body for one in journal.waiting(20) if isinstance(one.body, ClipReady)]


@pytest.mark.promise(
    "Seal and footage store: Each fragment is chained to the one before and signed."
)
def test_every_clip_a_recorder_writes_is_sealed_with_its_own_id_and_time(
    tmp_path: Path, node_journal: Journal, street: Street, sealer: Sealer
) -> None:
    store = ClipStore(
        tmp_path / "clips", node_journal, max_bytes=2**40, spare_bytes=0, sealer=sealer
    )
    recorder = recorded(store, *street)
    clips = node_journal.clips()
    assert len(clips) == recorder.counts.clips > 1
    assert recorder.counts.clips_unsealed == 0
    for clip in clips:
        verdict = judge(clip.path.read_bytes(), sealer.holds)
        assert verdict.state is State.INTACT
        assert verdict.claims is not None
        assert verdict.claims.clip_id == clip.clip_id
        assert verdict.claims.first_frame.utc_us == clip.first_frame_utc_us
    assert [ready.is_sealed for ready in announced(node_journal)] == [True] * len(clips)


@pytest.mark.promise("Seal and footage store: A node without a key records unsealed and says so.")
def test_a_node_without_a_key_records_unsealed_and_counts_it(
    tmp_path: Path, node_journal: Journal, street: Street, sealer: Sealer
) -> None:
    store = ClipStore(tmp_path / "clips", node_journal, max_bytes=2**40, spare_bytes=0)
    recorder = recorded(store, *street)
    clips = node_journal.clips()
    assert recorder.counts.clips_unsealed == len(clips) > 0
    assert judge(clips[0].path.read_bytes(), sealer.holds).state is State.UNSEALED
    assert not any(ready.is_sealed for ready in announced(node_journal))


@pytest.mark.promise("Seal and footage store: A clip cut by a power loss keeps its seal.")
def test_a_clip_left_unfinished_is_mended_with_its_seal(
    tmp_path: Path, node_journal: Journal, street: Street, sealer: Sealer
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    clip_id = clip_id_at(at(0))
    path = folder / f"cong-bac-{clip_id}.mp4"
    writer = write_clip(path, street, sealer, clip_id=clip_id, frames=35)
    kept = path.with_name(path.name + ".part").read_bytes()
    writer.abandon()
    path.with_name(path.name + ".part").write_bytes(kept)
    with node_journal.transaction() as tx:
        tx.add_event(someone(), at=at(1))
    store = ClipStore(folder, node_journal, max_bytes=2**40, spare_bytes=0, sealer=sealer)
    store.take_in_leftovers(lambda: None)
    (ready,) = announced(node_journal)
    assert ready.is_sealed
    assert ready.size_bytes == path.stat().st_size
    verdict = judge(path.read_bytes(), sealer.holds)
    assert (verdict.state, verdict.fragments) == (State.INTACT, 3)
    assert decoded_frames(path) == 30


@pytest.mark.promise("Seal and footage store: A node without a key records unsealed and says so.")
@pytest.mark.system
def test_papers_that_cannot_seal_are_said_once_with_the_cure(tmp_path: Path) -> None:
    """A node of another authority may have an RSA key: the broker takes it, a seal cannot."""
    papers = office(tmp_path / "ca").papers
    make = ["openssl", "genrsa", "-out", str(tmp_path / "rsa.key"), "2048"]
    subprocess.run(make, check=True, capture_output=True)
    settings = AgentSettings.model_validate(
        {
            "node": {"name": "nga-tu-01"},
            "camera": [{"name": "cong-bac", "recording": "street.mp4"}],
            "broker": {"key_file": tmp_path / "rsa.key", "cert_file": papers.cert_file},
        }
    )
    with capture_logs() as said:
        assert open_sealer(settings, SystemClock()) is None
    (line,) = said
    assert line["event"] == "clips_unsealed"
    assert "holds no key of the kind ECDSA P-256" in line["reason"]
    assert "matthan-hub ca issue" in line["cure"]


def someone() -> SightingOpened:
    return SightingOpened(
        camera="cong-bac",
        sighting_id=uuid4(),
        object_kind=ObjectKind.PERSON,
        people=1,
        score=0.5,
        box=BoxWords(x0=0, y0=0, x1=1, y1=1),
        first_seen_utc_us=EPOCH_US,
        picture=None,
    )
