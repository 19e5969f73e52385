"""The journal: accepted events stay, numbers never repeat, a full journal drops the least
important."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.journal import (
    Clip,
    FootageClass,
    Journal,
    JournalBusy,
    JournalError,
    JournalFull,
    JournalLimits,
    MediaKind,
)
from agent.journal.ballast import BALLAST_BYTES
from agent.media.frame import Instant
from agent.wire.messages import CameraLost, NumbersDropped, SightingOpened
from agent.wire.terms import ClockSource
from tests.agent.rigs.hubside import Clock, opened
from tests.schedules import tries

BOOT = UUID(int=1)
SHA = "ab" * 32


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / "journal.db", now=clock.now, boot_id=BOOT)
    yield journal
    journal.close()


def lost(reason: str = "unplugged") -> CameraLost:
    return CameraLost(camera="cam", reason=reason)


def put(journal: Journal, body: SightingOpened | CameraLost, at: Instant) -> UUID:
    with journal.transaction() as tx:
        return tx.add_event(body, at=at)


def said_as_dropped(journal: Journal) -> set[int]:
    """All numbers in waiting NumbersDropped events."""
    ranges = [
        pair
        for waiting in journal.waiting(10_000)
        if isinstance(waiting.body, NumbersDropped)
        for pair in waiting.body.ranges
    ]
    return {number for first, last in ranges for number in range(first, last + 1)}


def test_alerts_go_before_older_lesser_events(journal: Journal, clock: Clock) -> None:
    lesser = put(journal, lost(), clock.now())
    alert = put(journal, opened(), clock.now())

    assert [waiting.event_id for waiting in journal.waiting(10)] == [alert, lesser]
    assert [waiting.seq for waiting in journal.waiting(10)] == [2, 1]


@pytest.mark.promise(
    "Store of the node: An event, its row and its file enter the journal together or not at all."
)
@pytest.mark.promise("Node to hub: Number and row of an event enter in one transaction.")
def test_event_and_its_files_are_written_together_or_not_at_all(
    journal: Journal, clock: Clock, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError), journal.transaction() as tx:
        event_id = tx.add_event(opened(), at=clock.now())
        tx.add_media(
            sha256=SHA, kind="picture", path=tmp_path / "p", size_bytes=3, event_id=event_id
        )
        raise RuntimeError("the power went")

    assert journal.waiting(10) == []
    assert journal.kept(MediaKind.PICTURE) == []
    put(journal, opened(), clock.now())
    assert journal.waiting(10)[0].seq == 1, "the number of an undone event is used, not skipped"


def test_receipted_event_is_owed_no_more_and_its_picture_becomes_due(
    journal: Journal, clock: Clock, tmp_path: Path
) -> None:
    with journal.transaction() as tx:
        event_id = tx.add_event(opened(), at=clock.now())
        tx.add_media(
            sha256=SHA, kind="picture", path=tmp_path / "p", size_bytes=3, event_id=event_id
        )
    assert journal.media_due() == []

    assert journal.receipt([event_id, uuid4()]) == [event_id]
    assert journal.receipt([event_id]) == [], "a second receipt changes nothing"
    assert journal.waiting(10) == []
    assert [due.sha256 for due in journal.media_due()] == [SHA]

    journal.media_done(SHA)
    assert journal.media_due() == []
    counts = journal.counts()
    assert (counts.receipted, counts.media_done, counts.media_owed) == (1, 1, 0)


def test_pictures_are_due_before_older_clips(
    journal: Journal, clock: Clock, tmp_path: Path
) -> None:
    with journal.transaction() as tx:
        event_id = tx.add_event(opened(), at=clock.now())
        for kind, sha in (("clip", "cc" * 32), ("picture", SHA)):
            tx.add_media(
                sha256=sha, kind=kind, path=tmp_path / kind, size_bytes=3, event_id=event_id
            )
            clock.at_s += 1
    journal.receipt([event_id])

    assert [due.kind for due in journal.media_due()] == [MediaKind.PICTURE, MediaKind.CLIP]


@pytest.mark.promise("Node to hub: A refused event is shown with its reason.")
def test_refused_event_is_set_aside_and_its_picture_is_not_brought(
    journal: Journal, clock: Clock, tmp_path: Path
) -> None:
    with journal.transaction() as tx:
        event_id = tx.add_event(opened(), at=clock.now())
        tx.add_media(
            sha256=SHA, kind="picture", path=tmp_path / "p", size_bytes=3, event_id=event_id
        )

    assert journal.refuse(event_id, reason="unknown_camera", detail="no such camera")
    assert not journal.refuse(event_id, reason="unknown_camera", detail="again")
    assert journal.waiting(10) == []
    counts = journal.counts()
    assert (counts.refused, counts.media_owed, counts.media_refused) == (1, 0, 1)


@pytest.mark.promise("Faults: A receipt for an unsent event changes nothing.")
def test_receipt_or_refusal_of_what_was_never_written_changes_nothing(
    journal: Journal, clock: Clock
) -> None:
    owed = put(journal, opened(), clock.now())
    assert journal.receipt([uuid4(), owed, uuid4()]) == [owed]
    assert not journal.refuse(uuid4(), reason="malformed", detail="")
    counts = journal.counts()
    assert (counts.spooled, counts.receipted, counts.refused, counts.set_aside) == (1, 1, 0, 0)


def test_numbers_go_on_after_reopening(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "journal.db"
    first = Journal.open(path, now=clock.now, boot_id=BOOT)
    event_id = put(first, opened(), clock.now())
    first.refuse(event_id, reason="malformed", detail="")
    first.close()

    second = Journal.open(path, now=clock.now, boot_id=BOOT)
    put(second, opened(), clock.now())
    assert second.spool_id == first.spool_id
    assert [waiting.seq for waiting in second.waiting(5)] == [2]
    second.close()


@pytest.mark.promise(
    "Wire protocol: An event carries its boot, its clock source, its error bound and its age."
)
def test_age_is_known_within_a_boot_and_not_after_it(journal: Journal, clock: Clock) -> None:
    put(journal, opened(), clock.now())
    clock.at_s += 2.5
    (waiting,) = journal.waiting(1)

    same = waiting.message(node="n", spool_id=journal.spool_id, boot_id=BOOT, now=clock.now())
    rebooted = waiting.message(
        node="n", spool_id=journal.spool_id, boot_id=UUID(int=2), now=Instant(5, 5)
    )
    assert same.age_ms == 2500
    assert rebooted.age_ms is None
    assert rebooted.boot_id == BOOT, "the message names the boot that saw it"
    assert same.stamp.source is ClockSource.NONE


@pytest.mark.promise("Node to hub: No alert is dropped for a less important event.")
def test_full_journal_drops_the_oldest_of_the_least_important(tmp_path: Path, clock: Clock) -> None:
    journal = Journal.open(
        tmp_path / "j.db", now=clock.now, boot_id=BOOT, limits=JournalLimits(max_events=10)
    )
    alerts = [put(journal, opened(), clock.now()) for _ in range(6)]
    for number in range(8):
        put(journal, lost(str(number)), clock.now())

    kept = journal.waiting(100)
    assert [waiting.event_id for waiting in kept if waiting.priority == 0] == alerts
    assert [waiting.body.reason for waiting in kept if isinstance(waiting.body, CameraLost)] == [
        "4",
        "5",
        "6",
        "7",
    ]
    assert journal.counts().dropped == 4
    journal.close()


@pytest.mark.promise("Node to hub: Dropped numbers are announced as ranges.")
def test_dropped_numbers_are_announced_once_there_is_room(tmp_path: Path, clock: Clock) -> None:
    journal = Journal.open(
        tmp_path / "j.db", now=clock.now, boot_id=BOOT, limits=JournalLimits(max_events=10)
    )
    for number in range(15):
        put(journal, lost(str(number)), clock.now())
    assert said_as_dropped(journal) == set()

    journal.receipt([waiting.event_id for waiting in journal.waiting(5)])
    assert said_as_dropped(journal) == {1, 2, 3, 4, 5}
    journal.close()


@pytest.mark.promise("Node to hub: No alert is dropped for a less important event.")
def test_lesser_event_that_finds_only_alerts_is_dropped_itself(
    tmp_path: Path, clock: Clock
) -> None:
    journal = Journal.open(
        tmp_path / "j.db", now=clock.now, boot_id=BOOT, limits=JournalLimits(max_events=3)
    )
    alerts = [put(journal, opened(), clock.now()) for _ in range(3)]
    with journal.transaction() as tx:
        lesser = tx.add_event(lost(), at=clock.now())
        tx.add_media(sha256=SHA, kind="clip", path=tmp_path / "c", size_bytes=3, event_id=lesser)

    assert [waiting.event_id for waiting in journal.waiting(10)] == alerts
    assert journal.counts().media_owed == 0, "nobody will ask for the footage of a dropped event"
    journal.close()


@pytest.mark.promise("Node to hub: Alerts, other events and health have separate bounds.")
@pytest.mark.promise("Node to hub: A week without a line loses no event.")
def test_others_leave_room_for_alerts_and_never_push_one_out(tmp_path: Path, clock: Clock) -> None:
    limits = JournalLimits(max_events=10, max_lesser=6)
    journal = Journal.open(tmp_path / "j.db", now=clock.now, boot_id=BOOT, limits=limits)
    for number in range(9):
        put(journal, lost(str(number)), clock.now())
    counts = journal.counts()
    assert (counts.waiting, counts.dropped, counts.dropped_alerts) == (6, 3, 0)

    alerts = [put(journal, opened(), clock.now()) for _ in range(11)]
    assert [waiting.event_id for waiting in journal.waiting(100)] == alerts[1:]
    counts = journal.counts()
    assert (counts.waiting_alerts, counts.dropped, counts.dropped_alerts) == (10, 10, 1)
    assert journal.last_seq() == 20
    journal.close()


@pytest.mark.promise(
    "Wire protocol: Each number of a spool is owed, receipted, refused or dropped."
)
@settings(max_examples=tries(40))
@given(
    steps=st.lists(
        st.sampled_from(["alert", "lesser", "receipt", "refuse"]), min_size=1, max_size=60
    )
)
def test_every_number_is_owed_receipted_refused_or_dropped(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = Clock()
    path = tmp_path_factory.mktemp("j") / "j.db"
    journal = Journal.open(path, now=clock.now, boot_id=BOOT, limits=JournalLimits(max_events=5))
    settled: set[int] = set()
    announced: set[int] = set()
    for step in steps:
        head = journal.waiting(1)
        match step:
            case "alert":
                put(journal, opened(), clock.now())
            case "lesser":
                put(journal, lost(), clock.now())
            case "receipt" if head:
                if isinstance(head[0].body, NumbersDropped):
                    announced |= said_as_dropped_in(head[0].body)
                journal.receipt([head[0].event_id])
                settled.add(head[0].seq)
            case "refuse" if head and not isinstance(head[0].body, NumbersDropped):
                journal.refuse(head[0].event_id, reason="malformed", detail="")
                settled.add(head[0].seq)
    while head := journal.waiting(1):  # the hub takes all that is left
        if isinstance(head[0].body, NumbersDropped):
            announced |= said_as_dropped_in(head[0].body)
        journal.receipt([head[0].event_id])
        settled.add(head[0].seq)

    spooled = set(range(1, journal.counts().spooled + 1))
    assert settled | announced == spooled
    assert not settled & announced
    journal.close()


def said_as_dropped_in(body: NumbersDropped) -> set[int]:
    return {number for first, last in body.ranges for number in range(first, last + 1)}


@pytest.mark.promise("Node to hub: A node keeps receipted events for a week.")
def test_receipted_events_are_kept_for_a_week_and_then_forgotten(
    journal: Journal, clock: Clock
) -> None:
    journal.receipt([put(journal, opened(), clock.now())])
    assert journal.prune() == 0
    clock.at_s += 8 * 86_400
    journal.receipt([put(journal, opened(), clock.now())])

    assert journal.prune() == 1
    assert journal.counts().receipted == 2, "the counter outlives the row"


def test_second_process_is_told_the_journal_is_in_use(journal: Journal, clock: Clock) -> None:
    with pytest.raises(JournalBusy, match=r"in use.*\[journal\] path"):
        Journal.open(journal.path, now=clock.now, boot_id=BOOT)


@pytest.mark.promise("Wire protocol: A new spool file has a new spool id.")
@pytest.mark.promise("Node to hub: A re-imaged node starts a new spool.")
@pytest.mark.promise("Faults: A damaged journal is kept aside and a new one begins.")
@pytest.mark.parametrize("damage", ["noise at the start", "a torn page", "not a database"])
def test_damaged_file_is_kept_aside_and_a_new_spool_begins(
    tmp_path: Path, clock: Clock, damage: str
) -> None:
    path = tmp_path / "journal.db"
    journal = Journal.open(path, now=clock.now, boot_id=BOOT)
    for _ in range(50):
        put(journal, opened(), clock.now())
    journal.close()
    content = bytearray(path.read_bytes())
    match damage:
        case "noise at the start":
            content[:64] = os.urandom(64)
        case "a torn page":
            content[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
        case _:
            content = bytearray(b"these are my notes\n" * 300)
    path.write_bytes(content)

    fresh = Journal.open(path, now=clock.now, boot_id=BOOT)
    put(fresh, opened(), clock.now())

    assert fresh.spool_id != journal.spool_id
    (aside,) = tmp_path.glob("journal.db.damaged-*")
    assert aside.read_bytes() == content
    fresh.close()


def test_database_of_another_program_is_left_alone(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "hub.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE t (a)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(JournalError, match="another program"):
        Journal.open(path, now=clock.now, boot_id=BOOT)
    assert path.read_bytes() == before


def test_unreadable_row_is_set_aside_and_its_number_announced(
    journal: Journal, clock: Clock
) -> None:
    put(journal, lost("one"), clock.now())
    good = put(journal, lost("two"), clock.now())
    journal._sql.execute("UPDATE events SET body = '{\"kind\":' WHERE seq = 1")

    assert [waiting.event_id for waiting in journal.waiting(10)] == [good]
    assert said_as_dropped(journal) == {1}


@pytest.mark.promise("Node to hub: Number and row of an event enter in one transaction.")
def test_two_threads_write_without_losing_a_number(journal: Journal, clock: Clock) -> None:
    def write() -> None:
        for _ in range(50):
            put(journal, opened(), clock.now())

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [waiting.seq for waiting in journal.waiting(200)] == list(range(1, 101))


def test_listener_hears_of_a_committed_event_and_not_of_an_undone_one(
    journal: Journal, clock: Clock
) -> None:
    calls: list[int] = []
    journal.listen(lambda: calls.append(len(journal.waiting(10))))
    with pytest.raises(RuntimeError), journal.transaction() as tx:
        tx.add_event(opened(), at=clock.now())
        raise RuntimeError
    put(journal, opened(), clock.now())

    assert calls == [1]


def test_clip_is_found_on_the_shelf_until_it_is_removed(
    journal: Journal, clock: Clock, tmp_path: Path
) -> None:
    clip = Clip(
        clip_id=uuid4(),
        camera="cam",
        path=tmp_path / "c.mp4",
        sha256=SHA,
        size_bytes=10,
        first_frame_utc_us=5,
        duration_ms=100,
        sighting_ids=(uuid4(), uuid4()),
        clip_class=FootageClass.SIGHTING,
    )
    with journal.transaction() as tx:
        event_id = tx.add_event(lost(), at=clock.now())
        tx.add_clip(clip)
        tx.add_media(sha256=SHA, kind="clip", path=clip.path, size_bytes=10, event_id=event_id)
    assert journal.clips() == [clip]
    assert journal.kept(MediaKind.CLIP)[0].state == "waiting"

    with journal.transaction() as tx:
        tx.remove_media(SHA, "the shelf was full")
    assert journal.clips() == []
    assert journal.counts().media_evicted == 1


@pytest.mark.promise("Node to hub: A killed agent loses no event.")
@pytest.mark.system
def test_killed_process_loses_nothing_it_was_told_is_written(tmp_path: Path) -> None:
    program = """
        import os, sys
        from pathlib import Path
        from uuid import UUID
        from agent.journal import Journal
        from agent.media.frame import Instant
        from agent.wire.messages import CameraLost
        journal = Journal.open(Path(sys.argv[1]), now=lambda: Instant(1, 1), boot_id=UUID(int=1))
        number = 0
        while True:
            with journal.transaction() as tx:
                tx.add_event(CameraLost(camera="c", reason=str(number)), at=Instant(1, 1))
            number += 1
            print(number, flush=True)
    """
    path = tmp_path / "j.db"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 30:
                process.kill()
                break
        told = max([30, *(int(line) for line in process.stdout if line.endswith("\n"))])
    journal = Journal.open(path, now=lambda: Instant(1, 1), boot_id=BOOT)
    assert len(journal.waiting(10_000)) >= told
    journal.close()


@contextlib.contextmanager
def a_disk_of(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A real disk of that size."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    place = folder / "disk"
    place.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mount.returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def tiny_disk(needs_system: None, tmp_path: Path) -> Iterator[Path]:
    """A real disk of one megabyte."""
    with a_disk_of(tmp_path, megabytes=1) as place:
        yield place


@pytest.mark.promise("Bad input: A full disk at the node loses no accepted event.")
@pytest.mark.promise("Faults: A full disk at any write loses nothing that was accepted.")
def test_full_disk_says_so_and_loses_nothing_already_taken(tiny_disk: Path, clock: Clock) -> None:
    path = tiny_disk / "journal.db"
    journal = Journal.open(path, now=clock.now, boot_id=BOOT)
    ballast = tiny_disk / "ballast"
    taken = [put(journal, lost("x" * 400), clock.now()) for _ in range(20)]
    ballast.write_bytes(b"\0" * (tiny_disk_free(tiny_disk) - 16_384))
    with pytest.raises(JournalFull, match=r"disk is full.*max_bytes"):
        for _ in range(3000):
            taken.append(put(journal, lost("x" * 400), clock.now()))

    assert [waiting.event_id for waiting in journal.waiting(5000)] == taken
    ballast.unlink()
    taken.append(put(journal, lost(), clock.now()))
    journal.close()

    again = Journal.open(path, now=clock.now, boot_id=BOOT)
    assert [waiting.seq for waiting in again.waiting(5000)] == list(range(1, len(taken) + 1))
    again.close()


@pytest.mark.promise("Clips: After a crash the shelf repairs its clips and rows.")
@pytest.mark.system
def test_a_journal_opens_on_a_disk_that_is_full_to_the_last_byte(
    tmp_path: Path, clock: Clock
) -> None:
    with a_disk_of(tmp_path, megabytes=3) as place:
        journal = Journal.open(place / "journal.db", now=clock.now, boot_id=BOOT)
        owed = [put(journal, lost("x" * 400), clock.now()) for _ in range(20)]
        journal.keep_ballast()
        journal.close()
        fill_up(place / "footage.mp4.part", place)

        again = Journal.open(place / "journal.db", now=clock.now, boot_id=BOOT)
        owed.append(put(again, lost(), clock.now()))
        assert [waiting.event_id for waiting in again.waiting(50)] == owed
        again.close()


@pytest.mark.system
def test_on_a_full_disk_what_the_hub_has_gives_way_to_what_it_is_owed(
    tmp_path: Path, clock: Clock
) -> None:
    with a_disk_of(tmp_path, megabytes=3) as place:
        journal = Journal.open(place / "journal.db", now=clock.now, boot_id=BOOT)
        journal.keep_ballast()
        journal.receipt([put(journal, lost("x" * 400), clock.now()) for _ in range(400)])
        fill_up(place / "footage.mp4.part", place)
        owed = []
        with pytest.raises(JournalFull):
            for _ in range(3000):
                owed.append(put(journal, lost("x" * 400), clock.now()))
        with contextlib.closing(sqlite3.connect(place / "journal.db")) as file:
            [counted] = file.execute("SELECT value FROM counters WHERE name = 'forgotten_for_room'")
        assert counted == (400,)
        owed += [put(journal, lost("x" * 400), clock.now()) for _ in range(100)]
        assert [waiting.event_id for waiting in journal.waiting(5000)] == owed

        ballast = place / "journal.db.ballast"
        assert not ballast.exists()
        (place / "footage.mp4.part").unlink()
        journal.keep_ballast()
        assert ballast.stat().st_size == BALLAST_BYTES
        journal.close()


def fill_up(file: Path, place: Path) -> None:
    """Not one byte is left."""
    with file.open("wb", buffering=0) as handle, contextlib.suppress(OSError):
        while handle.write(bytes(4096)):
            pass
    assert tiny_disk_free(place) == 0


def tiny_disk_free(place: Path) -> int:
    room = os.statvfs(place)
    return room.f_bavail * room.f_frsize


# Files of older agents


@pytest.mark.promise("Clips: Each footage class is kept for its own time and size.")
def test_a_file_of_the_first_version_is_migrated_in_place_and_keeps_what_it_has(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "old.db"
    old = sqlite3.connect(path)
    old.executescript((Path(__file__).parent / "journal_v1.sql").read_text(encoding="utf-8"))
    spool_id = old.execute("SELECT value FROM meta").fetchone()[0]
    old.close()
    for _ in range(2):
        journal = Journal.open(path, now=clock.now, boot_id=BOOT)
        assert str(journal.spool_id) == spool_id
        assert [one.seq for one in journal.waiting(9)] == [1]
        (clip,), (picture,) = journal.kept(MediaKind.CLIP), journal.kept(MediaKind.PICTURE)
        assert clip.footage_class is picture.footage_class is FootageClass.ALERT
        assert not clip.is_held
        journal.close()
    fresh = Journal.open(tmp_path / "fresh.db", now=clock.now, boot_id=BOOT)
    fresh.close()
    assert shape_of(path) == shape_of(tmp_path / "fresh.db")


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "old.db"
    old = sqlite3.connect(path)
    old.executescript((Path(__file__).parent / "journal_v1.sql").read_text(encoding="utf-8"))
    old.execute("CREATE TABLE holds (mine INTEGER)")
    before = shape_of(path)
    old.close()
    with pytest.raises(JournalError):
        Journal.open(path, now=clock.now, boot_id=BOOT)
    assert shape_of(path) == before


def shape_of(path: Path) -> dict[tuple[str, str], list[tuple[object, ...]]]:
    """Tables with their columns and indexes with theirs, however they came to be."""
    file = sqlite3.connect(path)
    things = file.execute("SELECT type, name FROM sqlite_schema ORDER BY 1, 2").fetchall()
    shape = {
        (kind, name): file.execute(
            f"PRAGMA {'table' if kind == 'table' else 'index'}_info({name})"
        ).fetchall()
        for kind, name in things
    }
    file.close()
    return shape
