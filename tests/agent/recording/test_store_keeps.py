"""The clip store on a full disk: what it keeps longest, what it never removes, what it reports."""

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import run
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from agent.config.sections import ClipsSection
from agent.journal import FootageClass, Journal, MediaKind
from agent.media.frame import Instant
from agent.recording.store import leftovers
from agent.recording.store.store import ClipStore
from agent.wire.messages import HoldAnswered, RecordingResumed, RecordingStopped, WhyStopped
from agent.wire.terms import ClockSource
from tests.agent.helpers.recording.store import Street, keep_announced, nothing, opened
from tests.agent.helpers.recording.store_keeps import HOLD, clip_of, hold_of
from tests.agent.rigs.stage import BOOT, Stage, at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    return folder


def said(journal: Journal) -> list[RecordingStopped | RecordingResumed]:
    bodies = [one.body for one in journal.waiting(99)]
    return [one for one in bodies if isinstance(one, RecordingStopped | RecordingResumed)]


# Classes


@pytest.mark.promise("Clips: Each footage class is kept for its own time and size.")
def test_a_clip_becomes_an_alerts_when_the_hub_says_so_of_its_sighting(
    folder: Path, node_journal: Journal
) -> None:
    before, after, other = (clip_of(folder, (who,)) for who in (UUID(int=1), UUID(int=1), uuid4()))
    words = opened(UUID(int=1))
    with node_journal.transaction() as tx:
        event_id = tx.add_event(words, at=at(0))
        tx.add_media(
            sha256="ab" * 32, kind="picture", path=folder / "p", size_bytes=1, event_id=event_id
        )
        tx.add_clip(before)
        tx.add_clip(other)
    for _ in range(2):  # a receipt may come twice
        node_journal.receipt([event_id], alerted=[event_id])
    with node_journal.transaction() as tx:
        tx.add_clip(after)
    classes = {one.sha256: one.footage_class for one in node_journal.kept(MediaKind.CLIP)}
    assert classes[before.sha256] is classes[after.sha256] is FootageClass.ALERT
    assert classes[other.sha256] is FootageClass.SIGHTING
    assert node_journal.kept(MediaKind.PICTURE)[0].footage_class is FootageClass.ALERT


def test_a_receipt_that_names_a_strange_event_as_alerted_changes_nothing(
    node_journal: Journal,
) -> None:
    assert node_journal.receipt([], alerted=[uuid4()]) == []


# The clock


def test_footage_stored_while_the_clock_stands_in_1970_is_not_the_first_to_go(
    folder: Path, tmp_path: Path
) -> None:
    clock = [at(0)]
    journal = Journal.open(tmp_path / "j.db", now=lambda: clock[0], boot_id=BOOT)
    store = ClipStore(folder, journal, max_bytes=250, spare_bytes=0)
    oldest, _ = keep_announced(store, journal, b"a" * 100)
    newer, _ = keep_announced(store, journal, b"b" * 100)
    clock[0] = Instant(5_000_000_000, 5_000_000)
    newest, _ = keep_announced(store, journal, b"c" * 100)
    store.tidy()
    assert (oldest.exists(), newer.exists(), newest.exists()) == (False, True, True)
    journal.close()


@pytest.mark.parametrize("is_trusted", [False, True])
def test_only_a_trusted_clock_removes_footage_by_its_days(
    folder: Path, tmp_path: Path, is_trusted: bool
) -> None:
    clock, error_ms = [at(0)], 20 if is_trusted else None
    source = ClockSource.NTP if is_trusted else ClockSource.NONE
    journal = Journal.open(
        tmp_path / "j.db", now=lambda: clock[0], boot_id=BOOT, trust=lambda: (source, error_ms)
    )
    classes = ClipsSection().classes()
    store = ClipStore(folder, journal, max_bytes=2**40, spare_bytes=0, classes=classes)
    path, _ = keep_announced(store, journal, b"a")
    clock[0] = at(10 * 365 * 86_400)  # as a clock with an empty battery may start
    store.tidy()
    assert path.exists() is not is_trusted
    journal.close()


# Holds


def answers(journal: Journal) -> list[tuple[bool, int]]:
    bodies = [one.body for one in journal.waiting(99)]
    return [(one.is_held, one.files) for one in bodies if isinstance(one, HoldAnswered)]


@pytest.mark.promise("Clips: Held footage is never removed.")
def test_held_footage_stays_at_any_pressure_until_it_is_released(
    folder: Path, node_journal: Journal
) -> None:
    store = ClipStore(folder, node_journal, max_bytes=150, spare_bytes=0)
    held, _ = keep_announced(store, node_journal, b"a" * 100)
    first, second = uuid4(), uuid4()
    for _ in range(2):  # a command may come twice
        node_journal.hold(first, hold_of(held.stem, "cd" * 32))
    newer, _ = keep_announced(store, node_journal, b"b" * 100)
    store.tidy()
    assert (held.exists(), newer.exists()) == (True, False)
    for _ in range(2):
        node_journal.release(second, HOLD)
    node_journal.hold(first, hold_of(held.stem))  # the earlier one, late
    newer, _ = keep_announced(store, node_journal, b"b" * 100)
    store.tidy()
    assert (held.exists(), newer.exists()) == (False, True)
    assert answers(node_journal) == [(True, 1), (False, 0)]


def test_a_file_that_two_cases_hold_is_free_when_both_let_go(
    folder: Path, node_journal: Journal
) -> None:
    store = ClipStore(folder, node_journal, max_bytes=1000, spare_bytes=0)
    path, _ = keep_announced(store, node_journal, b"a")
    for case in (UUID(int=1), UUID(int=2)):
        node_journal.hold(uuid4(), hold_of(path.stem, hold_id=case))
    node_journal.release(uuid4(), UUID(int=1))
    assert node_journal.kept(MediaKind.PICTURE)[0].is_held
    node_journal.release(uuid4(), UUID(int=2))
    assert not node_journal.kept(MediaKind.PICTURE)[0].is_held


@pytest.mark.promise("Clips: Each footage class is kept for its own time and size.")
@pytest.mark.promise("Cases and evidence: A legal hold has priority over retention and full disks.")
@pytest.mark.parametrize(
    ("span_s", "is_held"),
    [((-5, -1), False), ((-5, 1), True), ((2, 3), True), ((11, None), False), ((9, None), True)],
)
def test_a_clip_that_shows_the_span_is_held_also_when_it_comes_later(
    folder: Path, node_journal: Journal, span_s: tuple[float, float | None], is_held: bool
) -> None:
    node_journal.hold(uuid4(), hold_of(span_s=span_s))
    clip = replace(clip_of(folder, ()), first_frame_utc_us=at(0).utc_us, duration_ms=10_000)
    other = replace(clip_of(folder, ()), camera="other", first_frame_utc_us=at(0).utc_us)
    with node_journal.transaction() as tx:
        tx.add_clip(clip)
        tx.add_clip(other)
    held = {one.sha256: one.is_held for one in node_journal.kept(MediaKind.CLIP)}
    assert held == {clip.sha256: is_held, other.sha256: False}


# No room


@pytest.mark.promise("Clips: Held footage is never removed.")
def test_with_only_held_clips_left_recording_stops_is_said_and_goes_on_when_released(
    folder: Path, node_journal: Journal
) -> None:
    store = ClipStore(folder, node_journal, max_bytes=250, spare_bytes=0, least_room_bytes=100)
    held, _ = keep_announced(store, node_journal, b"a" * 200)
    node_journal.hold(uuid4(), hold_of(held.stem))
    store.tidy()
    store.tidy()
    (stopped,) = said(node_journal)
    assert isinstance(stopped, RecordingStopped)
    assert (stopped.why, "200 bytes are held" in stopped.detail) == (WhyStopped.HELD, True)
    with pytest.raises(OSError, match="are held for cases"):
        store.clip_path("cam", uuid4())
    keep_announced(store, node_journal, b"p" * 10)  # pictures of alerts go on
    node_journal.release(uuid4(), HOLD)
    store.tidy()
    assert isinstance(said(node_journal)[1], RecordingResumed)
    store.clip_path("cam", uuid4())


def test_a_recorder_without_room_loses_clips_and_nothing_else(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    stage = Stage(tmp_path / "clips", node_journal, street[0], max_bytes=100)
    held, _ = keep_announced(stage.store, node_journal, b"a" * 200)
    node_journal.hold(uuid4(), hold_of(held.stem))
    stage.store.tidy()
    stage.roll(10)
    person = stage.enters()
    stage.roll(2)
    stage.leaves(person)
    stage.roll(10)
    assert stage.clips() == []
    assert stage.recorder.counts.clips_lost >= 1


def test_what_an_earlier_run_said_is_taken_back_by_a_later_one(
    folder: Path, node_journal: Journal
) -> None:
    first = ClipStore(folder, node_journal, max_bytes=100, spare_bytes=2**60)
    first.tidy()
    first.tidy()
    later = ClipStore(folder, node_journal, max_bytes=100, spare_bytes=0)
    assert len(said(node_journal)) == 1
    later.tidy()
    stopped, resumed = said(node_journal)
    assert isinstance(stopped, RecordingStopped)
    assert stopped.why is WhyStopped.ROOM
    assert isinstance(resumed, RecordingResumed)


# The folder


@pytest.mark.promise("Clips: A clip folder that is away stops recording and is reported.")
def test_a_folder_that_is_a_link_to_another_is_used(tmp_path: Path, node_journal: Journal) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "clips").symlink_to(tmp_path / "disk")
    store = ClipStore(tmp_path / "clips", node_journal, max_bytes=1000, spare_bytes=0)
    path, _ = keep_announced(store, node_journal, b"a")
    assert (tmp_path / "disk" / path.name).exists()
    store.tidy()
    assert said(node_journal) == []


@pytest.mark.promise("Clips: A clip folder that is away stops recording and is reported.")
def test_a_link_to_nowhere_stops_recording_with_a_cure_and_is_tried_again(
    tmp_path: Path, node_journal: Journal
) -> None:
    (tmp_path / "clips").symlink_to(tmp_path / "disk")
    store = ClipStore(tmp_path / "clips", node_journal, max_bytes=1000, spare_bytes=0)
    (stopped,) = said(node_journal)
    assert isinstance(stopped, RecordingStopped)
    assert stopped.why is WhyStopped.FOLDER
    assert "give [clips] folder a place" in stopped.detail
    with pytest.raises(OSError, match="cannot be made"):
        store.clip_path("cam", uuid4())
    (tmp_path / "disk").mkdir()
    store.tidy()
    assert isinstance(said(node_journal)[1], RecordingResumed)
    store.clip_path("cam", uuid4())


@pytest.fixture
def disk(needs_system: None, tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where footage lies in the folder `clips`."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder)
    yield folder
    run(["umount", "-l", str(folder)], check=False, capture_output=True)


def mount(folder: Path, *options: str) -> None:
    what = ["mount", "-t", "tmpfs", "-o", ",".join(("size=4m", *options)), "tmpfs", str(folder)]
    if run(what, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a disk")


@pytest.mark.promise("Clips: A clip folder that is away stops recording and is reported.")
def test_a_read_only_disk_stops_recording_and_is_said(disk: Path, node_journal: Journal) -> None:
    store = ClipStore(disk / "clips", node_journal, max_bytes=1000, spare_bytes=0)
    store.tidy()
    run(["mount", "-o", "remount,ro", str(disk)], check=True)
    store.tidy()
    (stopped,) = said(node_journal)
    assert isinstance(stopped, RecordingStopped)
    assert "read-only" in stopped.detail
    run(["mount", "-o", "remount,rw", str(disk)], check=True)
    store.tidy()
    assert isinstance(said(node_journal)[1], RecordingResumed)


def test_a_clip_under_way_is_no_leftover_when_the_disk_is_looked_through_again(
    folder: Path, node_journal: Journal, street: Street
) -> None:
    stage = Stage(folder, node_journal, street[0])
    stage.roll(10)
    person = stage.enters()
    stage.roll(2)
    stage.store._is_repaired = False  # as after a disk that failed while the file was open
    stage.store.tidy()
    stage.store.take_in_leftovers(nothing)
    assert len(list(folder.glob("*.part"))) == 1
    stage.leaves(person)
    stage.roll(10)
    assert len(stage.clips()) == 1


@pytest.mark.promise("Clips: A clip folder that is away stops recording and is reported.")
def test_a_disk_that_vanishes_is_missed_nothing_fills_the_card_and_its_return_is_noticed(
    disk: Path, tmp_path: Path, node_journal: Journal
) -> None:
    store = ClipStore(disk / "clips", node_journal, max_bytes=1000, spare_bytes=0)
    kept, _ = keep_announced(store, node_journal, b"a")
    away = tmp_path / "away"
    away.mkdir()
    run(["mount", "--bind", str(disk), str(away)], check=True)
    run(["umount", str(disk)], check=True)
    with pytest.raises(OSError, match="not mounted"):
        store.clip_path("cam", uuid4())
    with pytest.raises(OSError, match="not mounted"):
        store.keep_picture(b"b", width=2, height=2)
    store.tidy()
    again = ClipStore(disk / "clips", node_journal, max_bytes=1000, spare_bytes=0)  # a restart
    again.tidy()
    assert [one.why for one in said(node_journal) if isinstance(one, RecordingStopped)] == [
        WhyStopped.FOLDER
    ]
    assert list(disk.iterdir()) == []
    assert [one.path for one in node_journal.kept(MediaKind.PICTURE)] == [kept]
    run(["mount", "--bind", str(away), str(disk)], check=True)
    run(["umount", str(away)], check=True)
    again.tidy()
    assert isinstance(said(node_journal)[-1], RecordingResumed)
    assert kept.exists()
    keep_announced(again, node_journal, b"c")


def test_a_folder_given_another_path_belongs_on_the_disk_of_that_path(
    disk: Path, tmp_path: Path, node_journal: Journal
) -> None:
    ClipStore(disk / "clips", node_journal, max_bytes=1000, spare_bytes=0)
    run(["umount", str(disk)], check=True)
    moved = ClipStore(tmp_path / "elsewhere", node_journal, max_bytes=1000, spare_bytes=0)
    moved.tidy()
    assert said(node_journal) == []
    moved.clip_path("cam", uuid4())


def test_a_dying_disk_is_said_and_the_node_goes_on(
    folder: Path, node_journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(path: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    with monkeypatch.context() as now:
        now.setattr(leftovers, "scandir", dying)
        store = ClipStore(folder, node_journal, max_bytes=1000, spare_bytes=0)
    (stopped,) = said(node_journal)
    assert isinstance(stopped, RecordingStopped)
    assert "Input/output error" in stopped.detail
    store.tidy()
    assert isinstance(said(node_journal)[1], RecordingResumed)


# Rows and files


@pytest.mark.promise("Clips: After a crash the shelf repairs its clips and rows.")
def test_rows_whose_files_are_gone_are_forgotten_counted_and_said(
    folder: Path, node_journal: Journal
) -> None:
    first = ClipStore(folder, node_journal, max_bytes=1000, spare_bytes=0)
    gone, _ = keep_announced(first, node_journal, b"a")
    left, _ = keep_announced(first, node_journal, b"b")
    clip = clip_of(folder, (uuid4(),))
    with node_journal.transaction() as tx:
        tx.add_clip(clip)
    gone.unlink()
    clip.path.unlink()
    with capture_logs() as logs:
        ClipStore(folder, node_journal, max_bytes=1000, spare_bytes=0)
    assert [one.path for one in node_journal.kept(MediaKind.PICTURE)] == [left]
    assert node_journal.clips() == []
    assert node_journal.counts().media_vanished == 2
    assert [line["files"] for line in logs if line["event"] == "footage_vanished"] == [2]


@pytest.mark.promise("Clips: A file name cannot leave its folder.")
def test_a_planted_link_with_a_name_of_ours_is_not_followed(
    folder: Path, tmp_path: Path, node_journal: Journal
) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("not ours", encoding="utf-8")
    (folder / f"cam-{uuid4()}.mp4.part").symlink_to(theirs)
    (folder / ("ab" * 32 + ".jpg")).symlink_to(theirs)
    (folder / f"cam-{uuid4()}.mp4").mkdir()
    store = ClipStore(folder, node_journal, max_bytes=1000, spare_bytes=0)
    store.take_in_leftovers(nothing)
    assert theirs.read_text(encoding="utf-8") == "not ours"
    assert len(list(folder.iterdir())) == 3
    assert node_journal.clips() == []
