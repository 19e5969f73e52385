"""Sound: recorded only with a reason of the owner, beside the clip, sealed, never sent unasked."""

import errno
import os
import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median
from uuid import uuid4

import av
import pytest
from pydantic import ValidationError

from agent.board.clock import SystemClock
from agent.cameras.port import NOWHERE
from agent.cameras.rtsp.camera import StreamCamera
from agent.cli.check import sound as hearing
from agent.config.camera import CameraSection
from agent.journal import Journal, UploadScope
from agent.media.frame import Instant, StreamInfo
from agent.media.sound import SoundInfo, SoundPacket
from agent.recording.mp4.sound import sound_path
from agent.recording.ring.sound import SoundBounds, SoundRing
from agent.recording.sound_writer import SoundWriter
from agent.recording.store.leftovers import Leftover, leftovers, mended_sound
from agent.recording.store.store import ClipStore
from agent.wire.answers import BringSpan
from agent.wire.messages import ClipReady
from agent.wire.seal_check import State, judge
from tests.agent.helpers.recording.sound import filmed, ring_of, spoken
from tests.agent.helpers.recording.store import Street
from tests.agent.rigs.rtsp import RtspServer
from tests.agent.rigs.sealing import Office, office
from tests.agent.rigs.stage import at, clip_id_at
from tests.agent.rigs.vision import record
from tests.waiting import patience_s

__all__ = ["spoken"]


REASON = "the owner's shop was broken into twice, and wants to know what was said"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office(tmp_path_factory.mktemp("town") / "ca")


def all_of(ring: SoundRing) -> list[SoundPacket]:
    return ring.between(Instant(0, 0), Instant(2**62, 2**62))


def heard_in(path: Path) -> tuple[str, float, float]:
    """Codec, when it begins and how many seconds of it decode."""
    with av.open(str(path)) as file:
        [track] = file.streams
        assert isinstance(track, av.AudioStream)
        frames = list(file.decode(track))
    begins = float((frames[0].pts or 0) * frames[0].time_base)
    seconds = sum(frame.samples for frame in frames) / track.sample_rate
    return track.codec_context.name, begins, seconds


# From the camera


@pytest.mark.promise("Clips: Sound is off unless the owner gave a reason.")
@pytest.mark.system
@pytest.mark.usefixtures("patient_streams")
def test_sound_as_of_a_telephone_is_kept_as_aac(tmp_path: Path) -> None:
    ring, clock = SoundRing(), SystemClock().now
    video = record(tmp_path / "mute.mp4", 60, frames_per_s=25)
    with RtspServer(f"/main={video}", sound=True) as server:
        camera, began = StreamCamera("cam", server.url(), clock=clock, sound=ring), clock()
        camera.open()
        for _ in camera.frames(NOWHERE, lambda: len(all_of(ring)) > 25):
            assert clock().seconds_since(began) < patience_s(), "no sound comes"
        camera.close()
    heard, ended = all_of(ring), clock()
    assert heard[0].info.rate_hz == 8000
    # On a busy machine the first come late, and the next that comes sooner is as much nearer.
    spans_s = [b.at.seconds_since(a.at) for a, b in pairwise(heard)]
    assert median(spans_s) == pytest.approx(1024 / 8000, rel=0.1)
    assert heard[0].at.seconds_since(began) > -1
    assert ended.seconds_since(heard[-1].at) > -1
    clip = tmp_path / "a.mp4"
    writer = SoundWriter(clip, ring, began=heard[0].at, new_seal=lambda _: None, camera="cam")
    writer.close(heard[-1].at)
    codec, _, seconds = heard_in(sound_path(clip))
    assert codec == "aac"
    assert seconds == pytest.approx(len(heard) * 1024 / 8000, abs=0.2)


@pytest.mark.system
@pytest.mark.usefixtures("patient_streams")
def test_a_camera_that_brings_no_sound_is_said_by_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = record(tmp_path / "mute.mp4", 60, frames_per_s=25)
    for has_sound, listened_s in ((True, patience_s()), (False, hearing.LISTENED_S)):
        monkeypatch.setattr(hearing, "LISTENED_S", listened_s)
        with RtspServer(f"/main={video}", sound=has_sound) as server:
            found = hearing.sound(CameraSection(name="cam", url=server.url(), sound=REASON))
        line = found.line(str)
        assert found.is_ok is has_sound
        assert (REASON in line) is has_sound
        assert ("brings no sound" in line) is not has_sound


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"device": "/dev/video0", "sound": REASON}, "only network cameras"),
        ({"url": "rtsp://10.0.0.5/a", "sound": "yes"}, "no switch but a reason"),
    ],
)
def test_sound_needs_a_network_camera_and_a_reason(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CameraSection(name="cam", **keys)  # what a file says


# Beside the clip


@pytest.mark.promise("Clips: Sound is off unless the owner gave a reason.")
def test_sound_lies_beside_its_clip_in_time_with_it_and_sealed(
    tmp_path: Path, node_journal: Journal, street: Street, spoken: list[SoundPacket], town: Office
) -> None:
    _, clip = filmed(tmp_path, node_journal, street, ring_of(spoken[20:]), town)
    sound = sound_path(clip)
    codec, begins_s, seconds = heard_in(sound)
    assert codec == "aac"
    assert begins_s == pytest.approx(spoken[20].at.seconds_since(at(0)), abs=0.07)
    assert seconds == pytest.approx(5.9 - begins_s, abs=0.15)
    verdict = judge(sound.read_bytes(), town.sealer().holds)
    assert (verdict.state, verdict.fragments) == (State.INTACT, 3)
    assert verdict.claims is not None
    assert verdict.claims.codec == "aac"
    assert str(verdict.claims.clip_id) in clip.name
    spoilt = bytearray(sound.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    assert judge(bytes(spoilt), town.sealer().holds).state is State.BROKEN


def test_the_clip_itself_is_the_same_with_sound_and_without(
    tmp_path: Path, node_journal: Journal, street: Street, spoken: list[SoundPacket]
) -> None:
    _, clip = filmed(tmp_path, node_journal, street, ring_of(spoken), None)
    with av.open(str(clip)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
    mute = Journal.open(tmp_path / "mute.db", now=lambda: at(0), boot_id=clip_id_at(at(0)))
    _, other = filmed(tmp_path / "mute", mute, street, None, None)
    mute.close()
    assert clip.read_bytes() == other.read_bytes()
    assert not sound_path(other).exists()


@pytest.mark.promise("Clips: Sound is off unless the owner gave a reason.")
def test_sound_does_not_leave_by_itself(
    tmp_path: Path, node_journal: Journal, street: Street, spoken: list[SoundPacket]
) -> None:
    _, clip = filmed(tmp_path, node_journal, street, ring_of(spoken), None)
    events = [one.event_id for one in node_journal.waiting(100)]
    node_journal.receipt(events, alerted=events)
    assert [media.path for media in node_journal.media_due(100)] == [clip]
    assert sound_path(clip).exists()


def asked(journal: Journal, store: ClipStore, *, with_sound: bool) -> list[ClipReady]:
    """Answer to the hub's request for the street's first six seconds."""
    journal.receipt([one.event_id for one in journal.waiting(100)])
    span = BringSpan(
        camera="cam",
        from_utc_us=at(0).utc_us,
        until_utc_us=at(6).utc_us,
        with_sound=with_sound or None,
    )
    journal.want_span(uuid4(), span)
    store.answer_spans(lambda: None)
    bodies = [one.body for one in journal.waiting(100)]
    journal.receipt([one.event_id for one in journal.waiting(100)])
    return [body for body in bodies if isinstance(body, ClipReady)]


@pytest.mark.promise("Clips: Sound is off unless the owner gave a reason.")
def test_sound_leaves_when_it_was_asked_for_and_is_announced_once(
    tmp_path: Path, node_journal: Journal, street: Street, spoken: list[SoundPacket]
) -> None:
    store, clip = filmed(tmp_path, node_journal, street, ring_of(spoken), None)
    assert asked(node_journal, store, with_sound=False) == []
    [ready] = asked(node_journal, store, with_sound=True)
    assert ready.is_sound
    assert (ready.codec, ready.width, ready.height) == ("aac", 0, 0)
    assert str(ready.clip_id) in clip.name
    due = [media.path for media in node_journal.media_due(100, UploadScope.ASKED)]
    assert due == [clip, sound_path(clip)]
    assert asked(node_journal, store, with_sound=True) == []
    ClipStore(store.folder, node_journal, max_bytes=1, spare_bytes=0).tidy()
    assert node_journal.media_due(100) == [], "nothing is owed that is no longer there"


def test_a_sound_or_a_clip_that_cannot_be_read_holds_up_no_answer(
    tmp_path: Path, node_journal: Journal, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(path: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    store, clip = filmed(tmp_path, node_journal, street, None, None)
    sound_path(clip).touch()  # an empty file, as a power cut can leave it
    [announced] = node_journal.clips()
    with node_journal.transaction() as tx:
        tx.add_clip(replace(announced, clip_id=uuid4(), sha256="ab" * 32))
    monkeypatch.setattr("agent.recording.mp4.mend.hash_file", dying)
    assert asked(node_journal, store, with_sound=True) == []
    assert node_journal.spans_wanted() == []
    assert [media.path for media in node_journal.media_due(9, UploadScope.ASKED)] == [clip]


def test_sound_goes_with_its_clip_and_stays_with_it(
    tmp_path: Path, node_journal: Journal, street: Street, spoken: list[SoundPacket]
) -> None:
    store, clip = filmed(tmp_path, node_journal, street, ring_of(spoken), None)
    store.tidy()
    assert sound_path(clip).exists()
    small = ClipStore(store.folder, node_journal, max_bytes=1, spare_bytes=0)
    small.take_in_leftovers(lambda: None)
    small.tidy()
    assert list(store.folder.iterdir()) == []


def test_stray_sound_is_removed_when_the_node_starts(
    tmp_path: Path, node_journal: Journal, street: Street, spoken: list[SoundPacket]
) -> None:
    store, clip = filmed(tmp_path, node_journal, street, ring_of(spoken), None)
    data = sound_path(clip).read_bytes()
    stray = store.folder / re.sub(r"-[0-9a-f]{12}\.mp4", "-0123456789ab.sound.mp4", clip.name)
    cut_off = stray.with_name(stray.name + ".part")
    for path in (stray, cut_off):
        path.write_bytes(data)
    assert {left.path for left in leftovers(store.folder, node_journal)} == {stray, cut_off}
    again = ClipStore(store.folder, node_journal, max_bytes=2**40, spare_bytes=0)
    again.take_in_leftovers(lambda: None)
    assert set(store.folder.iterdir()) == {clip, sound_path(clip)}


# When the plug is pulled


def left_by_the_plug(folder: Path, spoken: list[SoundPacket], town: Office | None) -> Path:
    """Unfinished sound file of eleven seconds after a power cut; its clip is whole."""
    clip = folder / "clips" / f"cam-{clip_id_at(at(0))}.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"is asked by its name alone")
    sealer = town.sealer() if town else None
    words = StreamInfo("aac", 0, 0, Fraction(1, 16000), 0.0, b"")
    writer = SoundWriter(
        clip,
        ring_of(spoken),
        began=at(0),
        new_seal=lambda heard: (
            sealer.begin(clip_id_at(at(0)), "cam", words, heard.at) if sealer else None
        ),
        camera="cam",
    )
    for second in range(12):
        writer.go_on(at(second))
    part = sound_path(clip).with_name(sound_path(clip).name + ".part")
    left = part.read_bytes()
    writer.abandon()
    part.write_bytes(left)
    return part


@pytest.mark.promise("Clips: A power cut costs at most the last two seconds of sound.")
@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_pulled_plug_costs_two_seconds_of_the_sound_under_way(
    tmp_path: Path, spoken: list[SoundPacket], town: Office, is_sealed: bool
) -> None:
    part = left_by_the_plug(tmp_path, spoken, town if is_sealed else None)
    sealer = town.sealer() if is_sealed else None
    mended = mended_sound(Leftover(part), sealer)
    assert mended is not None
    assert not part.exists()
    codec, begins_s, seconds = heard_in(mended)
    assert codec == "aac"
    assert begins_s + seconds == pytest.approx(10, abs=0.3)
    if is_sealed:
        assert judge(mended.read_bytes(), town.sealer().holds).state is State.INTACT


@pytest.mark.promise("Clips: A power cut costs at most the last two seconds of sound.")
@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_last_write_of_sound_that_the_disk_took_in_part_is_cut_off(
    tmp_path: Path, spoken: list[SoundPacket], town: Office, is_sealed: bool
) -> None:
    part = left_by_the_plug(tmp_path, spoken, town if is_sealed else None)
    data = bytearray(part.read_bytes())
    last = data.rindex(b"mdat") + 4
    data[last + 512 : last + 2048] = bytes(1536)
    part.write_bytes(data)
    mended = mended_sound(Leftover(part), town.sealer() if is_sealed else None)
    assert mended is not None
    _, begins_s, seconds = heard_in(mended)
    assert begins_s + seconds == pytest.approx(8, abs=0.3)


def test_sound_goes_where_nothing_of_its_clip_plays(
    tmp_path: Path, spoken: list[SoundPacket]
) -> None:
    part = left_by_the_plug(tmp_path, spoken, None)
    (clip,) = (path for path in part.parent.iterdir() if path != part)
    unread = clip.rename(clip.with_name(clip.name + ".part"))
    assert mended_sound(Leftover(part)) == part, "its clip may yet be mended"
    unread.unlink()
    assert mended_sound(Leftover(part)) is None
    assert not part.exists()


def test_a_disk_that_refuses_costs_the_sound_alone(
    tmp_path: Path, spoken: list[SoundPacket]
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    blocked = folder / f"cam-{clip_id_at(at(0))}.mp4"
    sound_path(blocked).with_name(sound_path(blocked).name + ".part").mkdir()
    writer = SoundWriter(
        blocked, ring_of(spoken), began=at(0), new_seal=lambda _: None, camera="cam"
    )
    writer.go_on(at(6))
    writer.close(at(12))
    assert not sound_path(blocked).exists()


# In memory


def test_the_ring_holds_no_more_than_its_seconds_and_bytes() -> None:
    info = SoundInfo(8000, 1, b"\x15\x88")
    for bounds, held in ((SoundBounds(span_s=5), 6), (SoundBounds(size_bytes=300), 3)):
        ring = SoundRing(bounds)
        for second in range(20):
            ring.hear(SoundPacket(b"x" * 100, at(second), info))
        kept = ring.between(at(0), at(100))
        assert [one.at for one in kept] == [at(second) for second in range(20 - held, 20)]


def test_where_a_camera_changes_its_sound_a_file_ends() -> None:
    kinds = (SoundInfo(8000, 1, b"\x15\x88"), SoundInfo(16000, 1, b"\x14\x08"))
    ring = ring_of([SoundPacket(b"x", at(n), kinds[n // 3]) for n in range(6)])
    assert [one.at for one in ring.between(at(1), at(5))] == [at(1), at(2)]
