"""Continuous recording: whole segments, nothing twice, removed first, fetched by time span."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from agent.journal import FootageClass, Journal, MediaKind
from agent.media.frame import StreamInfo
from agent.recording.continuous import LONGEST_S, Continuous
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.store.store import ClipStore
from agent.wire.answers import BringSpan
from agent.wire.messages import ClipReady, MediaAnswered
from tests.agent.helpers.recording.store import Street, nothing
from tests.agent.rigs.stage import (
    FRAMES_PER_S,
    Shown,
    Stage,
    at,
    clip_id_at,
    decoded_frames,
    marked_packet,
    shown,
)


class Night:
    """A camera that is recorded whatever it shows, on virtual time."""

    def __init__(
        self, folder: Path, journal: Journal, stream: StreamInfo, *, max_bytes: int = 2**40
    ) -> None:
        self.ring = Preroll(PrerollBounds())
        self.store = ClipStore(folder, journal, max_bytes=max_bytes, spare_bytes=0)
        self.journal = journal
        self.stream = stream
        self.all = Continuous("cam", self.ring, self.store, new_id=clip_id_at, segment_s=10)
        self.frames = 0
        self.ring.begin(stream)

    def pass_s(self, seconds: float, *, keyframe_every: int = 10, looks: bool = True) -> None:
        for _ in range(round(seconds * FRAMES_PER_S)):
            number, self.frames = self.frames, self.frames + 1
            self.ring.push(marked_packet(number, is_keyframe=number % keyframe_every == 0))
            if looks and number % 20 == 0:
                self.all.advance()

    def segments(self) -> list[Shown]:
        return [shown(clip) for clip in self.journal.clips()]


@pytest.fixture
def night(tmp_path: Path, node_journal: Journal, street: Street) -> Night:
    return Night(tmp_path / "clips", node_journal, street[0])


def frames_of(segments: Sequence[Shown]) -> list[int]:
    return [number for segment in segments for number in segment.frames]


@pytest.mark.promise("Clips: Continuous recording is a footage class of its own.")
def test_every_frame_is_in_one_segment_and_each_begins_at_a_keyframe(night: Night) -> None:
    night.pass_s(35)
    night.all.finish()
    segments = night.segments()
    assert frames_of(segments) == list(range(350))
    assert [segment.frames[0] for segment in segments] == [0, 100, 200, 300]
    assert {clip.clip_class for clip in night.journal.clips()} == {FootageClass.CONTINUOUS}
    assert night.journal.waiting(9) == [], "the hub is told when it asks"


def test_without_keyframes_a_segment_still_ends(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    night = Night(tmp_path / "clips", node_journal, street[0])
    night.pass_s(LONGEST_S + 30, keyframe_every=10**6)
    night.all.finish()
    assert len(night.segments()) == 1


def test_a_ring_that_ran_over_is_a_gap_and_not_a_broken_segment(night: Night) -> None:
    night.pass_s(5)
    night.pass_s(40, looks=False)
    night.pass_s(5)
    night.all.finish()
    segments = night.segments()
    assert night.all.counts.gaps == 1
    assert len(segments[0].frames) <= 50
    for segment in segments:
        frames = list(segment.frames)
        assert frames == list(range(frames[0], frames[-1] + 1))


def test_a_camera_opened_anew_begins_another_segment(night: Night, street: Street) -> None:
    night.pass_s(5)
    night.ring.end()
    night.ring.begin(street[0])
    night.pass_s(5)
    night.all.finish()
    assert [segment.frames[0] for segment in night.segments()] == [0, 50]


def test_a_disk_that_refuses_costs_segments_and_is_tried_again(
    small_disk: Path, node_journal: Journal, street: Street
) -> None:
    night = Night(small_disk, node_journal, street[0])
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * (2**20 - 4096))
    night.pass_s(15)
    assert night.all.counts.segments_lost >= 1
    ballast.unlink()
    night.pass_s(30)
    night.all.finish()
    assert night.all.counts.segments >= 1


@pytest.mark.promise("Clips: Continuous recording is a footage class of its own.")
def test_a_killed_run_leaves_a_segment_that_plays_and_is_known_as_one(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    night = Night(folder, node_journal, street[0])
    for packet in street[1]:
        night.ring.push(replace(packet, at=at(packet.at.utc_us / 1e6)))
    night.all.advance()
    (part,) = folder.glob("*.part")
    kept = part.read_bytes()
    night.all._segment.writer.abandon()  # it is under way
    part.write_bytes(kept)
    ClipStore(folder, node_journal, max_bytes=2**40, spare_bytes=0).take_in_leftovers(nothing)
    (clip,) = node_journal.clips()
    assert clip.clip_class is FootageClass.CONTINUOUS
    assert decoded_frames(clip.path) == 50


@pytest.mark.promise("Clips: Any span of continuous recording can be fetched by time.")
def test_it_is_the_first_to_go_and_never_at_an_alerts_cost(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    stage = Stage(tmp_path / "clips", node_journal, street[0], size_bytes=400)
    stage.roll(10)
    person = stage.enters()
    stage.roll(3)
    stage.leaves(person)
    stage.roll(10)
    (clip,) = node_journal.clips()
    night = Night(tmp_path / "clips", node_journal, street[0], max_bytes=clip.size_bytes + 20_000)
    night.pass_s(200)
    night.all.finish()
    night.store.tidy()
    left = node_journal.clips()
    assert clip in left
    assert len(left) > 1
    assert max(one.first_frame_utc_us for one in left) > at(150).utc_us


# Asked for by time


def ask(night: Night, from_s: float, until_s: float) -> tuple[MediaAnswered, list[ClipReady]]:
    before = len(night.journal.waiting(99))
    command_id = uuid4()
    span = BringSpan(camera="cam", from_utc_us=at(from_s).utc_us, until_utc_us=at(until_s).utc_us)
    for _ in range(2):  # a command may come twice
        night.journal.want_span(command_id, span)
        night.store.answer_spans(nothing)
    bodies = [one.body for one in night.journal.waiting(99)][before:]
    (answer,) = [one for one in bodies if isinstance(one, MediaAnswered)]
    assert answer.command_id == command_id
    return answer, [one for one in bodies if isinstance(one, ClipReady)]


@pytest.fixture
def real_night(tmp_path: Path, node_journal: Journal, street: Street) -> Night:
    """Thirty seconds of real video in segments of ten."""
    night = Night(tmp_path / "clips", node_journal, street[0])
    length = street[1][-1].dts + street[1][-1].duration
    for turn in range(5):
        for packet in street[1]:
            later = replace(
                packet,
                at=at(packet.at.utc_us / 1e6 + 6 * turn),
                dts=packet.dts + turn * length,
                pts=packet.pts + turn * length,
            )
            night.ring.push(later)
        night.all.advance()
    night.all.finish()
    return night


@pytest.mark.promise("Clips: Any span of continuous recording can be fetched by time.")
def test_a_span_is_announced_and_brought_once(real_night: Night) -> None:
    first, second, _ = real_night.journal.clips()
    answer, said = ask(real_night, 5, 12)
    assert answer.coming == (first.sha256, second.sha256)
    assert [one.clip_id for one in said] == [first.clip_id, second.clip_id]
    assert said[0].sighting_ids == ()
    assert (said[0].codec, said[0].width) == ("h264", 320)
    again, said = ask(real_night, 0, 5)
    assert again.coming == (first.sha256,)
    assert said == [], "it was announced before"
    states = {one.sha256: one.state for one in real_night.journal.kept(MediaKind.CLIP)}
    assert list(states.values()) == ["waiting", "waiting", "kept"]


def test_a_span_of_which_nothing_is_left_is_answered_so(real_night: Night) -> None:
    answer, said = ask(real_night, 1000, 2000)
    assert (answer.coming, answer.gone, said) == ((), (), [])


def test_a_segment_whose_file_is_spoilt_is_not_promised(real_night: Night) -> None:
    first = real_night.journal.clips()[0]
    first.path.write_bytes(b"no video")
    answer, _ = ask(real_night, 0, 5)
    assert answer.coming == ()
