"""Clips begin before their sightings and cover all of them; nothing else is written."""

import base64
import errno
import io
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agent.journal import Journal, JournalFull, MediaKind, Transaction
from agent.media.frame import Packet, StreamInfo
from agent.recording.mp4.mend import whole_length
from agent.recording.recorder import ClipPolicy, Recorder
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.store.store import ClipStore
from agent.wire.messages import ClipReady
from tests.agent.rigs.stage import BOOT, FRAMES_PER_S, Stage, at, clip_id_at, decoded_frames
from tests.schedules import tries
from tests.waiting import busy, patience_s, until

Street = tuple[StreamInfo, list[Packet]]


@pytest.fixture
def stage(tmp_path: Path, node_journal: Journal, street: Street) -> Iterator[Stage]:
    stage = Stage(tmp_path / "clips", node_journal, street[0])
    yield stage
    stage.recorder.finish()


# One clip


@pytest.mark.promise("Agent: A clip begins five seconds before its sighting.")
@pytest.mark.promise("Clips: Playing starts within one second, five seconds before the event.")
def test_clip_begins_five_seconds_before_the_sightings_first_frame(stage: Stage) -> None:
    stage.roll(20)
    person = stage.enters(first_seen_s=19.0)
    stage.roll(2)
    stage.leaves(person)
    stage.roll(5)
    (clip,) = stage.clips()
    assert 13.0 <= clip.first_s <= 14.0
    assert clip.people == {person}


def test_clip_of_a_camera_just_opened_begins_with_the_camera(stage: Stage) -> None:
    stage.roll(2)
    person = stage.enters()
    stage.leaves(person)
    stage.roll(5)
    assert [clip.first_s for clip in stage.clips()] == [0.0]


@pytest.mark.promise("Clips: A clip ends after the post-roll or at its longest duration.")
def test_clip_ends_after_the_post_roll_with_the_tail_in_it(stage: Stage) -> None:
    stage.roll(10)
    person = stage.enters()
    stage.roll(4)
    stage.leaves(person, last_seen_s=13.0)
    stage.roll(10)
    (clip,) = stage.clips()
    assert clip.last_s == pytest.approx(16.0, abs=0.11)


@pytest.mark.promise("Clips: Overlapping sightings share footage, without a doubled frame.")
def test_overlapping_sightings_share_one_clip(stage: Stage) -> None:
    stage.roll(10)
    first = stage.enters()
    stage.roll(3)
    second = stage.enters()
    stage.leaves(first)
    stage.roll(5)
    stage.leaves(second)
    stage.roll(10)
    (clip,) = stage.clips()
    assert clip.people == {first, second}


def test_sighting_within_the_post_roll_shares_the_clip(stage: Stage) -> None:
    stage.roll(10)
    first = stage.enters()
    stage.leaves(first)
    stage.roll(2)
    second = stage.enters()
    stage.leaves(second)
    stage.roll(10)
    (clip,) = stage.clips()
    assert clip.people == {first, second}


def test_who_was_there_sooner_but_confirmed_later_gets_a_run_up_too(stage: Stage) -> None:
    stage.roll(10)
    quick = stage.enters(first_seen_s=9.0)
    stage.roll(1)
    slow = stage.enters(first_seen_s=6.5)
    stage.leaves(quick)
    stage.leaves(slow)
    stage.roll(10)
    (clip,) = stage.clips()
    assert clip.people == {quick, slow}
    assert clip.first_s == 1.0
    assert not list(stage.store.folder.glob("*.part"))


@pytest.mark.promise("Clips: Two clips may begin in the same second.")
def test_two_clips_may_begin_in_the_same_second(stage: Stage) -> None:
    stage.roll(10)
    for _ in range(2):
        person = stage.enters(first_seen_s=9.5)
        stage.leaves(person, last_seen_s=9.6)
        stage.roll(4)
    first, second = stage.clips()
    assert first.first_s == second.first_s
    assert first.people.isdisjoint(second.people)


def test_real_video_is_recorded_and_plays(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    info, packets = street
    store = ClipStore(tmp_path / "clips", node_journal, max_bytes=2**40, spare_bytes=0)
    recorder = Recorder(
        "cam", Preroll(PrerollBounds()), store, policy=ClipPolicy(), new_id=clip_id_at
    )
    recorder.begin_stream(info)
    recorder.sighting_opened(UUID(int=7), packets[55].at)
    for packet in packets:
        recorder.push(packet)
    recorder.end_stream()
    recorder.advance()
    (clip,) = node_journal.clips()
    assert decoded_frames(clip.path) == len(packets)
    assert clip.duration_ms == 6000


# A long one


@pytest.mark.promise("Clips: A clip ends after the post-roll or at its longest duration.")
def test_clip_too_long_is_cut_at_a_keyframe_and_the_next_has_a_run_up(stage: Stage) -> None:
    stage.roll(10)
    person = stage.enters()
    stage.roll(60)
    stage.leaves(person)
    stage.roll(10)
    clips = stage.clips()
    assert len(clips) >= 3
    for before, after in pairwise(clips):
        cut = before.frames[-1] + 1
        assert cut % FRAMES_PER_S == 0
        assert 50 <= cut - after.frames[0] <= 60
        assert len(before.frames) <= 31 * FRAMES_PER_S
    assert all(clip.people == {person} for clip in clips)


def test_who_left_before_the_cut_is_not_in_the_next_clip(stage: Stage) -> None:
    stage.roll(10)
    stays, goes = stage.enters(), stage.enters()
    stage.roll(10)
    stage.leaves(goes)
    stage.roll(40)
    first, second, *_ = stage.clips()
    assert first.people == {stays, goes}
    assert second.people == {stays}


@pytest.mark.promise("Clips: A stream without keyframes cannot fill the memory.")
def test_keyframes_farther_apart_than_the_longest_clip_still_end_it(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    policy = ClipPolicy(preroll_s=5, longest_s=10)
    stage = Stage(tmp_path, node_journal, street[0], policy=policy, keyframe_every=400)
    stage.roll(10)
    person = stage.enters()
    stage.roll(100)
    stage.leaves(person)
    stage.roll(10)
    assert [clip.people for clip in stage.clips()] == [{person}] * len(stage.clips())
    assert 2 <= len(stage.clips()) <= 4


def test_policy_that_would_make_clips_of_nothing_but_run_up_is_refused() -> None:
    with pytest.raises(ValueError, match="twice as long"):
        ClipPolicy(preroll_s=6, longest_s=10)


# The camera


def test_end_of_the_stream_ends_the_clip(stage: Stage) -> None:
    stage.roll(10)
    person = stage.enters()
    stage.roll(1)
    stage.recorder.end_stream()
    stage.recorder.advance()
    (clip,) = stage.clips()
    assert clip.people == {person}
    assert clip.last_s == stage.now_s


def test_sighting_of_the_last_moment_gets_its_clip_after_the_stream_ended(stage: Stage) -> None:
    stage.roll(10)
    person = stage.enters()
    stage.leaves(person)
    stage.recorder.end_stream()
    stage.recorder.advance()
    assert [clip.people for clip in stage.clips()] == [{person}]


@pytest.mark.promise("Clips: A change of codec ends the clip.")
def test_camera_opened_anew_ends_the_clip_and_mixes_nothing(stage: Stage) -> None:
    stage.roll(10)
    before = stage.enters()
    stage.roll(1)
    last_of_the_first = stage.frames - 1
    stage.recorder.begin_stream(replace(stage.stream, width=640, height=480))
    stage.roll_unrecorded(1)
    after = stage.enters()
    stage.leaves(after)
    stage.roll(10)
    first, second = stage.clips()
    assert first.people == {before}
    assert first.frames[-1] == last_of_the_first
    assert second.people == {after}
    assert second.frames[0] > last_of_the_first
    sizes = [(one.body.width, one.body.height) for one in stage.journal.waiting(10)
             if isinstance(one.body, ClipReady)]  # fmt: skip
    assert sizes == [(320, 240), (640, 480)]


def test_stream_that_fits_no_clip_costs_the_clips_and_is_said_once(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    stage = Stage(tmp_path / "clips", node_journal, replace(street[0], codec="vp9"))
    with capture_logs() as logs:
        stage.roll(10)
        stage.enters()
        stage.roll(25)
    assert [line["event"] for line in logs] == ["clip_lost"]
    assert stage.recorder.counts.clips_lost == 3


# The disk


def test_disk_too_slow_ends_the_clip_at_the_gap_and_counts_it(stage: Stage) -> None:
    stage.roll(10)
    person = stage.enters()
    stage.roll(2)
    written = stage.frames
    stage.roll_unrecorded(30)
    stage.roll(1)
    stage.leaves(person)
    stage.roll(5)
    first, second = stage.clips()
    assert stage.recorder.counts.gaps == 1
    assert first.frames[-1] == written - 1
    for clip in (first, second):
        assert list(clip.frames) == list(range(clip.frames[0], clip.frames[-1] + 1))
        assert clip.people == {person}


def test_sighting_whose_video_has_gone_from_the_ring_is_counted_as_unshown(stage: Stage) -> None:
    stage.roll(10)
    person = stage.enters()
    stage.leaves(person)
    stage.roll_unrecorded(30)
    stage.roll(1)
    assert stage.clips() == []
    assert stage.recorder.counts.sightings_unshown == 1


@pytest.mark.promise("Clips: A killed agent on a full disk leaves no damaged clip.")
@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_full_disk_costs_the_clip_and_is_said_once_until_one_succeeds(
    small_disk: Path, node_journal: Journal, street: Street
) -> None:
    stage = Stage(small_disk, node_journal, street[0], size_bytes=4000)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 900_000)
    with capture_logs() as logs:
        stage.roll(10)
        person = stage.enters()
        stage.roll(30)
        assert stage.clips() == []
        filler.unlink()
        stage.roll(10)
        stage.leaves(person)
        stage.roll(5)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["clip_lost"]
    assert stage.recorder.counts.clips_lost >= 2
    assert [clip.people for clip in stage.clips()] == [{person}]
    assert not list(small_disk.glob("*.part"))


# The journal


@pytest.mark.promise(
    "Store of the node: An event, its row and its file enter the journal together or not at all."
)
def test_word_row_and_file_of_a_clip_enter_the_journal_together(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.roll(10)
    person = stage.enters()
    stage.leaves(person)
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "add_media", full_disk)
        stage.roll(5)
    assert said(stage) == ["clip_begun"]
    assert stage.journal.clips() == []
    assert stage.journal.kept(MediaKind.CLIP) == []
    stage.roll(1)
    (_, waiting) = stage.journal.waiting(10)
    (clip,) = stage.clips()
    (kept,) = stage.journal.kept(MediaKind.CLIP)
    assert isinstance(waiting.body, ClipReady)
    assert waiting.body.sighting_ids == clip.clip.sighting_ids == (person,)
    assert waiting.body.sha256 == clip.clip.sha256 == kept.sha256


def full_disk(*_: object, **__: object) -> None:
    """The last of the three statements finds no room."""
    raise JournalFull("the disk is full", "free some")


# The service


def test_stop_ends_within_two_seconds_and_closes_the_clip(stage: Stage) -> None:
    stage.roll(10)
    person = stage.enters()
    stop, beats = threading.Event(), 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    service = threading.Thread(target=stage.recorder.run, args=(stop, beat))
    service.start()
    until(lambda: beats > 0)
    stop.set()
    began = time.monotonic()
    service.join(patience_s())
    assert time.monotonic() - began < 2 * busy()
    assert [clip.people for clip in stage.clips()] == [{person}]


# Any order of things

steps = st.lists(
    st.one_of(
        st.tuples(st.just("roll"), st.floats(0.1, 12)),
        st.tuples(st.just("stall"), st.floats(0.1, 4)),
        st.tuples(st.just("enter"), st.floats(0, 2)),
        st.tuples(st.just("leave"), st.floats(0, 2)),
        st.tuples(st.just("reopen"), st.just(0.0)),
    ),
    max_size=25,
)


@pytest.mark.promise("Clips: Overlapping sightings share footage, without a doubled frame.")
@settings(max_examples=tries(60))
@given(steps=steps, keyframe_every=st.integers(1, 20), longest_s=st.integers(10, 30))
@example(
    steps=[("roll", 1.0), ("enter", 2.0), ("stall", 4.0), ("stall", 4.0)],
    keyframe_every=1,
    longest_s=10,
)
def test_every_sighting_is_shown_from_before_it_began_and_no_frame_twice_in_a_clip(
    steps: list[tuple[str, float]],
    keyframe_every: int,
    longest_s: int,
    street: Street,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder) / "node.db", now=lambda: at(0), boot_id=BOOT)
        stage = Stage(
            Path(folder) / "clips",
            journal,
            street[0],
            policy=ClipPolicy(longest_s=longest_s),
            bounds=PrerollBounds(span_s=15, rest_s=10),
            keyframe_every=keyframe_every,
        )
        first_seen = play(stage, steps)
        clips = stage.clips()
        journal.close()
    for clip in clips:
        assert list(clip.frames) == list(range(clip.frames[0], clip.frames[-1] + 1))
        assert clip.frames[0] % keyframe_every == 0
    for person, (seen_s, opened_s) in first_seen.items():
        starts = [clip.first_s for clip in clips if person in clip.people]
        assert starts
        assert min(starts) <= max(seen_s - 5, opened_s) + 1e-6
    assert stage.recorder.counts.sightings_unshown == 0


def play(stage: Stage, steps: list[tuple[str, float]]) -> dict[UUID, tuple[float, float]]:
    """Let it happen; returns when each was first seen, and where that take's video began."""
    first_seen: dict[UUID, tuple[float, float]] = {}
    inside: list[UUID] = []
    stage.roll(6)
    opened_s = 0.0
    for what, value in [*steps, ("reopen", 0.0)]:
        match what:
            case "roll":
                stage.roll(value)
            case "stall":
                stage.recorder.advance()  # two stalls in a row would be longer than the ring
                stage.roll_unrecorded(value)
            case "enter":
                seen_s = max(opened_s, stage.now_s - value)
                person = stage.enters(seen_s)
                first_seen[person] = seen_s, opened_s
                inside.append(person)
            case "leave" if inside:
                person = inside.pop(0)
                stage.leaves(person, max(first_seen[person][0], stage.now_s - value))
            case "reopen":
                while inside:
                    stage.leaves(inside.pop())
                stage.recorder.end_stream()
                stage.recorder.begin_stream(stage.stream)
                opened_s = next_keyframe_s(stage)
                stage.roll(max(0.1, opened_s - stage.now_s + 0.1))
    return first_seen


def next_keyframe_s(stage: Stage) -> float:
    number = stage.frames
    while number % stage.keyframe_every:
        number += 1
    return number / FRAMES_PER_S


# While it is recorded


@pytest.mark.promise("Clips: Where the agent encodes, a sighting gets its keyframe.")
def test_who_encodes_is_asked_for_a_keyframe_once_for_each_sighting(stage: Stage) -> None:
    assert not stage.recorder.wants_keyframe()
    stage.roll(2)
    stage.enters()
    assert [stage.recorder.wants_keyframe() for _ in range(3)] == [True, False, False]


def growing_now(stage: Stage) -> tuple[Path, int]:
    [clip] = stage.store.growing.now()
    return clip.path, clip.durable_bytes


def said(stage: Stage) -> list[str]:
    return [one.body.kind for one in stage.journal.waiting(100)]


@pytest.mark.promise("Clips: The final clip is checked against what came while it grew.")
def test_what_is_durable_of_a_clip_is_told_as_it_grows_and_is_the_beginning_of_the_whole(
    stage: Stage,
) -> None:
    stage.roll(10)
    person = stage.enters()
    stage.roll(2)
    grown: list[bytes] = []
    for _ in range(3):
        stage.roll(2)
        path, durable_bytes = growing_now(stage)
        grown.append(path.read_bytes()[:durable_bytes])
        assert whole_length(io.BytesIO(grown[-1])) == durable_bytes, "all of it plays"
    stage.leaves(person)
    stage.roll(6)
    assert stage.store.growing.now() == []
    assert said(stage) == ["clip_begun", "clip_ready"]
    ready = stage.journal.waiting(100)[-1].body
    assert isinstance(ready, ClipReady)
    assert ready.beginning is not None
    beginning = base64.b64decode(ready.beginning)
    [clip] = stage.journal.clips()
    whole = clip.path.read_bytes()
    assert len(grown[0]) < len(grown[1]) < len(grown[2]) < len(whole)
    for part in grown:
        assert whole.startswith(beginning + part[len(beginning) :])


def test_who_joins_a_clip_under_way_is_told_before_more_of_it_is_durable(stage: Stage) -> None:
    stage.roll(10)
    first = stage.enters()
    stage.roll(2)
    before_bytes = growing_now(stage)[1]
    second = stage.enters()
    stage.recorder.advance()
    [clip] = stage.store.growing.now()
    assert set(clip.sighting_ids) == {first, second}
    assert clip.durable_bytes == before_bytes
    stage.recorder.advance()
    assert said(stage) == ["clip_begun", "clip_begun"], "once each"


def test_a_run_up_waits_for_a_disk_that_hangs_though_the_ring_at_rest_is_shorter(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    bounds = PrerollBounds(span_s=17, rest_s=10)
    stage = Stage(tmp_path / "clips", node_journal, street[0], bounds=bounds)
    stage.roll(30)
    person = stage.enters(first_seen_s=stage.now_s - 1)
    began_s = stage.now_s - 6
    stage.roll_unrecorded(9)
    stage.roll(2)
    stage.leaves(person)
    stage.roll(15)
    [clip] = stage.clips()
    assert began_s - 1 <= clip.first_s <= began_s
    stage.roll(3)
    assert stage.now_s - stage.ring.since(1)[0].packet.at.seconds_since(at(0)) <= 11
    assert stage.recorder.counts.gaps == 0


@pytest.mark.promise("Clips: A fragment ends after a group of pictures or two seconds.")
def test_a_group_of_ten_seconds_is_durable_in_fragments_of_two(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    bounds = PrerollBounds(span_s=17)
    stage = Stage(tmp_path / "clips", node_journal, street[0], keyframe_every=100, bounds=bounds)
    stage.roll(21)
    person = stage.enters()
    sizes = []
    for _ in range(12):
        stage.roll(1)
        sizes.append(growing_now(stage)[1])
    assert all(first < third for first, third in zip(sizes, sizes[2:], strict=False))
    stage.leaves(person)
    stage.roll(5)
    [clip] = stage.journal.clips()
    begins_s = fragments_begin_s(clip.path.read_bytes(), 1 / stage.stream.time_base)
    assert max(later - sooner for sooner, later in pairwise(begins_s)) <= 2.0
    assert clip.duration_ms / 1000 - begins_s[-1] <= 2.0


def fragments_begin_s(data: bytes, ticks_per_s: Fraction) -> list[float]:
    """Start of each fragment, in seconds, by its `tfdt` box."""
    times = [int.from_bytes(box[4:12]) for box in data.split(b"tfdt")[1:]]
    return [float(ticks / ticks_per_s) for ticks in times]


def refusing(number: int) -> Callable[..., None]:
    """A call of a disk that refuses with this error."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_clip_that_was_begun_and_is_lost_is_said_to_be(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.roll(10)
    stage.enters()
    stage.roll(3)

    monkeypatch.setattr("agent.recording.writer.os.fdatasync", refusing(errno.ENOSPC))
    stage.roll(3)
    assert said(stage) == ["clip_begun", "clip_dropped"]
    assert stage.store.growing.now() == []


def test_a_card_that_turns_read_only_amid_a_clip_costs_the_clip_and_not_the_recorder(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.roll(10)
    stage.enters()
    stage.roll(3)

    with monkeypatch.context() as patch:
        patch.setattr("agent.recording.writer.os.fdatasync", refusing(errno.EROFS))
        patch.setattr(Path, "unlink", refusing(errno.EROFS))
        stage.roll(1)
    assert stage.recorder.counts.clips_lost == 1
    assert said(stage) == ["clip_begun", "clip_dropped"]


def test_the_loss_of_a_clip_is_told_once_the_full_journal_has_room_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.roll(10)
    stage.enters()
    stage.roll(3)

    with monkeypatch.context() as patch:
        patch.setattr("agent.recording.writer.os.fdatasync", refusing(errno.ENOSPC))
        patch.setattr(Transaction, "add_event", full_disk)
        stage.roll(3)
    assert said(stage) == ["clip_begun"]
    stage.store.flush()
    assert said(stage) == ["clip_begun", "clip_dropped"]
