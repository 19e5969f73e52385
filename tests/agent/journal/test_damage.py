"""A damaged journal: an index is built again, an impossible row is set aside, damage at run time
ends the agent."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from agent.journal import Backlog, Entry, GrowingClips, Journal, JournalCorrupt
from agent.wire.messages import ClipBegun, NumbersDropped
from tests.agent.rigs.hubside import now, open_journal, opened, put

PAGE_BYTES = 4096
OTHER_ROW = 120


def page_of(path: Path, index: str) -> int:
    """Where the first page of an index lies in the file."""
    with closing(sqlite3.connect(path)) as file:
        asked = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        return (file.execute(asked, (index,)).fetchone()[0] - 1) * PAGE_BYTES


def spoil_entry(path: Path, number: int) -> None:
    """In the index of waiting events, the entry of this alert leads to another row."""
    begin = page_of(path, "events_waiting")
    content = bytearray(path.read_bytes())
    entry = bytes([4, 8, 1, 1, number, number])  # four bytes of header, the number, the row
    at = content.index(entry, begin, begin + PAGE_BYTES)
    content[at + 5] = OTHER_ROW
    path.write_bytes(content)


def test_an_index_that_differs_from_its_table_is_built_again_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path)
    events = [put(journal) for _ in range(50)]
    journal.close()
    spoil_entry(path, 25)

    again = open_journal(path)
    assert again.spool_id == journal.spool_id
    assert again.receipt(events) == events
    assert not list(tmp_path.glob("*.damaged-*"))
    again.close()


def test_a_row_with_an_impossible_time_is_set_aside_and_the_others_are_sent(
    tmp_path: Path,
) -> None:
    journal = open_journal(tmp_path / "journal.db")
    first, _, third = (put(journal) for _ in range(3))
    journal._sql.execute("UPDATE events SET utc_us = -utc_us WHERE seq = 2")

    assert [one.event_id for one in journal.waiting(10)] == [first, third]
    dropped = [one.body for one in journal.waiting(10) if isinstance(one.body, NumbersDropped)]
    assert [body.ranges for body in dropped] == [((2, 2),)]
    journal.close()


def add_an_alert(journal: Journal) -> None:
    backlog = Backlog(journal, whose="cam")
    backlog.add(Entry(write=lambda tx: tx.add_event(opened(), at=now()), is_alert=True))


def announce_a_clip(journal: Journal) -> None:
    body = ClipBegun(
        camera="cam",
        clip_id=uuid4(),
        sighting_ids=(UUID(int=1),),
        codec="h264",
        width=768,
        height=576,
        first_frame_utc_us=1,
    )
    GrowingClips(journal).grew(body, Path("clip.mp4.part"), durable_bytes=1, at=now())


@pytest.mark.parametrize("write", [add_an_alert, announce_a_clip])
def test_damage_at_run_time_ends_the_agent_instead_of_keeping_events_in_memory(
    tmp_path: Path, write: Callable[[Journal], None]
) -> None:
    path = tmp_path / "journal.db"
    journal = open_journal(path)
    put(journal)
    journal.close()
    journal = open_journal(path)
    journal._sql.execute("PRAGMA shrink_memory")  # no page is read from memory
    begin = page_of(path, "sqlite_autoindex_events_1")
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(b"\xff" * 16)

    with pytest.raises(JournalCorrupt, match="restart the agent"):
        write(journal)
    journal.close()
