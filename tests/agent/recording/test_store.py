"""The clip store: bounded, files complete before they are announced, found again after a power
cut."""

import io
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agent.journal import Journal, MediaKind
from agent.recording.mp4.fragments import Mp4Track
from agent.recording.mp4.mend import whole_length
from agent.recording.store.store import ClipStore
from agent.recording.writer import ClipWriter
from agent.wire.messages import ClipBegun, ClipReady, SightingOpened
from tests.agent.helpers.recording.store import Street, keep_announced, nothing, opened
from tests.agent.rigs.stage import EPOCH_US, Stage, at, clip_id_at, decoded_frames

NO_BOUND = 2**40


def shelf_on(folder: Path, journal: Journal, *, max_bytes: int = NO_BOUND) -> ClipStore:
    return ClipStore(folder, journal, max_bytes=max_bytes, spare_bytes=0)


def say_opened(journal: Journal, at_s: float) -> UUID:
    person = uuid4()
    with journal.transaction() as tx:
        tx.add_event(opened(person), at=at(at_s))
    return person


# Room


def test_folder_over_its_bound_loses_what_the_hub_has_before_what_it_lacks(
    tmp_path: Path, node_journal: Journal
) -> None:
    store = shelf_on(tmp_path / "clips", node_journal, max_bytes=250)
    owed, _ = keep_announced(store, node_journal, b"a" * 100)
    brought, event_id = keep_announced(store, node_journal, b"b" * 100)
    newest, _ = keep_announced(store, node_journal, b"c" * 100)
    node_journal.receipt([event_id])
    node_journal.media_done(brought.stem)
    store.tidy()
    assert (owed.exists(), brought.exists(), newest.exists()) == (True, False, True)
    assert node_journal.counts().media_evicted == 0


def test_footage_that_goes_without_the_hub_having_it_is_the_oldest_and_counted(
    tmp_path: Path, node_journal: Journal
) -> None:
    store = shelf_on(tmp_path / "clips", node_journal, max_bytes=150)
    oldest, _ = keep_announced(store, node_journal, b"a" * 100)
    newest, _ = keep_announced(store, node_journal, b"b" * 100)
    store.tidy()
    assert (oldest.exists(), newest.exists()) == (False, True)
    assert node_journal.counts().media_evicted == 1


def test_disk_with_too_little_to_spare_for_others_makes_the_shelf_give(
    tmp_path: Path, node_journal: Journal, small_disk: Path
) -> None:
    store = ClipStore(small_disk, node_journal, max_bytes=NO_BOUND, spare_bytes=500_000)
    first, _ = keep_announced(store, node_journal, b"a" * 300_000)
    second, _ = keep_announced(store, node_journal, b"b" * 300_000)
    store.tidy()
    assert (first.exists(), second.exists()) == (False, True)


@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_picture_refused_by_a_full_disk_leaves_nothing_behind(
    small_disk: Path, node_journal: Journal
) -> None:
    store = shelf_on(small_disk, node_journal)
    with pytest.raises(OSError, match="No space"):
        store.keep_picture(b"x" * 2_000_000, width=2, height=2)
    assert list(small_disk.iterdir()) == []


# What was left


def test_files_of_others_are_let_be(tmp_path: Path, node_journal: Journal) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    theirs = [folder / "holiday.mp4", folder / "photo.jpg", folder / "notes.part"]
    for path in theirs:
        path.touch()
    shelf_on(folder, node_journal).take_in_leftovers(nothing)
    assert all(path.exists() for path in theirs)


def test_picture_that_was_never_announced_is_removed(tmp_path: Path, node_journal: Journal) -> None:
    folder = tmp_path / "clips"
    first = shelf_on(folder, node_journal)
    lost = first.keep_picture(b"lost", width=2, height=2).path
    announced, _ = keep_announced(first, node_journal, b"announced")
    cut_off = folder / ("ab" * 32 + ".jpg.part")
    cut_off.touch()
    shelf_on(folder, node_journal).take_in_leftovers(nothing)
    assert not lost.exists()
    assert not cut_off.exists()
    assert announced.exists()


def test_clip_left_unfinished_is_mended_and_announced_with_those_seen_meanwhile(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    part = unfinished(folder, street, frames=35)
    before, meanwhile = say_opened(node_journal, -1), say_opened(node_journal, 1)
    shelf_on(folder, node_journal).take_in_leftovers(nothing)
    (clip,) = node_journal.clips()
    assert clip.path == part.with_suffix("")
    assert decoded_frames(clip.path) == 30
    assert clip.sighting_ids == (meanwhile,)
    assert before not in clip.sighting_ids
    assert (clip.first_frame_utc_us, clip.duration_ms) == (EPOCH_US, 3000)
    (ready,) = [
        one.body for one in node_journal.waiting(9) if not isinstance(one.body, SightingOpened)
    ]
    assert isinstance(ready, ClipReady)
    assert (ready.codec, ready.width, ready.height) == ("h264", 320, 240)
    assert [item.path for item in node_journal.kept(MediaKind.CLIP)] == [clip.path]


def test_clip_left_unfinished_shows_who_stayed_from_an_earlier_clip_on(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    part = unfinished(folder, street, frames=35)
    stays = say_opened(node_journal, -40)
    begun = ClipBegun(
        camera="cam",
        clip_id=UUID(part.name.removeprefix("cam-").partition(".")[0]),
        sighting_ids=(stays,),
        codec="h264",
        width=320,
        height=240,
        first_frame_utc_us=EPOCH_US,
    )
    with node_journal.transaction() as tx:
        tx.add_event(begun, at=at(2))
    meanwhile = say_opened(node_journal, 1)
    shelf_on(folder, node_journal).take_in_leftovers(nothing)
    assert [clip.sighting_ids for clip in node_journal.clips()] == [(stays, meanwhile)]
    ready = node_journal.waiting(9)[-1].body
    assert isinstance(ready, ClipReady)
    assert ready.clip_id == begun.clip_id


def test_whole_clip_that_no_row_names_is_announced(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    unfinished(folder, street, frames=60, close=True)
    person = say_opened(node_journal, 1)
    shelf_on(folder, node_journal).take_in_leftovers(nothing)
    assert [clip.sighting_ids for clip in node_journal.clips()] == [(person,)]
    assert shelf_on(folder, node_journal).nobodys == 0


@pytest.mark.promise("Clips: After a crash the shelf repairs its clips and rows.")
def test_clip_of_nobody_known_is_kept_indexed_and_counted(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    part = unfinished(folder, street, frames=35)
    store = shelf_on(folder, node_journal)
    store.take_in_leftovers(nothing)
    assert store.nobodys == 1
    (clip,) = node_journal.clips()
    assert (clip.path, clip.sighting_ids) == (part.with_suffix(""), ())
    assert node_journal.waiting(9) == []
    again = shelf_on(folder, node_journal, max_bytes=1000)
    keep_announced(again, node_journal, b"a" * 900)
    again.tidy()
    assert len(list(folder.iterdir())) == 1
    assert node_journal.clips() == []


def test_clip_cut_before_its_first_fragment_was_whole_is_removed(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    unfinished(folder, street, frames=5)
    shelf_on(folder, node_journal).take_in_leftovers(nothing)
    assert list(folder.iterdir()) == []


def test_clip_under_way_is_nobodys_leftover(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    stage = Stage(tmp_path / "clips", node_journal, street[0])
    stage.roll(10)
    stage.enters()
    stage.roll(5)
    stage.store.take_in_leftovers(nothing)
    assert len(list(stage.store.folder.glob("*.part"))) == 1
    stage.recorder.finish()
    assert len(stage.clips()) == 1


def unfinished(folder: Path, street: Street, *, frames: int, close: bool = False) -> Path:
    """A clip without a row in the journal, as a killed run leaves it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"cam-{clip_id_at(at(0))}.mp4"
    writer = ClipWriter(path, street[0])
    for packet in street[1][:frames]:
        writer.write(packet)
    if close:
        writer.close()
        return path
    part = path.with_name(path.name + ".part")
    kept = part.read_bytes()
    writer.abandon()
    part.write_bytes(kept)
    return part


@pytest.mark.promise("Clips: A fragment is durable before the next one is announced.")
@pytest.mark.system
def test_process_killed_amid_a_clip_leaves_one_that_plays(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    path = folder / f"cam-{clip_id_at(at(0))}.mp4"
    (tmp_path / "street.mp4").write_bytes(whole_file(street))
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "street.mp4"), str(path)], check=False
    )
    assert child.returncode == -signal.SIGKILL
    say_opened(node_journal, 1)
    shelf_on(folder, node_journal).take_in_leftovers(nothing)
    (clip,) = node_journal.clips()
    assert decoded_frames(clip.path) == 50


KILLED = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from agent.recording.writer import ClipWriter
    from tests.agent.rigs.stage import read
    info, packets = read(Path(sys.argv[1]))
    writer = ClipWriter(Path(sys.argv[2]), info)
    for packet in packets[:55]:
        writer.write(packet)
    os.kill(os.getpid(), signal.SIGKILL)
""")


def whole_file(street: Street) -> bytes:
    return b"".join(pieces(street))


def pieces(street: Street) -> list[bytes]:
    """The beginning of a clip, then one fragment a second."""
    info, packets = street
    track = Mp4Track(info)
    ends = [packet.dts for packet in packets[10::10]] + [packets[-1].dts + packets[-1].duration]
    fragments = [
        track.fragment(n + 1, packets[10 * n : 10 * n + 10], 0, end) for n, end in enumerate(ends)
    ]
    return [track.beginning(), *fragments]


# The pure part


@pytest.mark.promise("Clips: A killed agent leaves only whole fragments and no row without a file.")
@given(share=st.floats(0, 1))
def test_any_cut_is_whole_up_to_its_last_whole_fragment(street: Street, share: float) -> None:
    parts = pieces(street)
    file = b"".join(parts)
    cut = round(share * len(file))
    borders = [sum(map(len, parts[:n])) for n in range(2, len(parts) + 1)]
    whole = max((border for border in borders if border <= cut), default=0)
    assert whole_length(io.BytesIO(file[:cut])) == whole


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\xff" * 100])
def test_what_a_file_system_leaves_at_the_end_is_cut_off(street: Street, tail: bytes) -> None:
    file = b"".join(pieces(street))
    assert whole_length(io.BytesIO(file + tail)) == len(file)


@given(noise=st.binary(max_size=200))
def test_noise_has_no_whole_length(noise: bytes) -> None:
    assert whole_length(io.BytesIO(noise)) == 0


def test_leftover_that_cannot_be_read_stops_no_other(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    folder = tmp_path / "clips"
    unfinished(folder, street, frames=35)
    unfinished(folder, street, frames=35)
    store = shelf_on(folder, node_journal)
    sorted(folder.iterdir())[-1].unlink()
    with capture_logs() as logs:
        store.take_in_leftovers(nothing)
    assert [line["event"] for line in logs] == ["leftover_unreadable", "clip_of_nobody"]
