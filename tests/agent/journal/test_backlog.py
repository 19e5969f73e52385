"""Entries that the journal refuses wait in memory, in order and bounded; alerts are kept
longest."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from agent.journal import Backlog, Clip, Entry, FootageClass, Journal, JournalFull, Transaction
from agent.journal import backlog as module
from agent.wire.messages import CameraLost
from tests.agent.rigs.stage import at

CLIP = Clip(
    UUID(int=1), "cam", Path("a.mp4"), "ab" * 32, 1, 0, 0, (UUID(int=2),), FootageClass.SIGHTING
)


class Disk:
    """Makes entries that fail while it is full."""

    is_full = False

    def entry(self, reason: str, *, is_alert: bool = False) -> Entry:
        def write(tx: Transaction) -> None:
            tx.add_event(CameraLost(camera="cam", reason=reason), at=at(0))
            if self.is_full:
                raise JournalFull("the disk is full", "free some")

        return Entry(write=write, is_alert=is_alert)


def said(journal: Journal) -> list[str]:
    bodies = [one.body for one in journal.waiting(100)]
    return [body.reason for body in bodies if isinstance(body, CameraLost)]


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_entry_is_written_at_once(node_journal: Journal, disk: Disk) -> None:
    backlog = Backlog(node_journal, whose="cam")
    backlog.add(disk.entry("one"))
    assert said(node_journal) == ["one"]
    assert backlog.waiting == 0


def test_what_was_refused_is_written_later_in_order_and_each_once(
    node_journal: Journal, disk: Disk
) -> None:
    backlog = Backlog(node_journal, whose="cam")
    disk.is_full = True
    backlog.add(disk.entry("one"))
    backlog.add(disk.entry("two"))
    assert said(node_journal) == []
    assert backlog.waiting == 2
    disk.is_full = False
    backlog.add(disk.entry("three"))
    backlog.flush()
    assert said(node_journal) == ["one", "two", "three"]


def test_refusal_is_said_once_and_so_is_its_end(node_journal: Journal, disk: Disk) -> None:
    backlog = Backlog(node_journal, whose="cam")
    disk.is_full = True
    with capture_logs() as logs:
        for reason in ("one", "two", "three"):
            backlog.add(disk.entry(reason))
        disk.is_full = False
        backlog.flush()
        backlog.flush()
    assert [line["event"] for line in logs] == ["journal_refuses", "journal_takes_again"]


def test_full_memory_loses_the_oldest_that_is_no_alert_and_counts_it(
    node_journal: Journal, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_AT_MOST", 3)
    backlog = Backlog(node_journal, whose="cam")
    disk.is_full = True
    backlog.add(disk.entry("alert 1", is_alert=True))
    for reason in ("a", "b", "c"):
        backlog.add(disk.entry(reason))
    backlog.add(disk.entry("alert 2", is_alert=True))
    disk.is_full = False
    backlog.flush()
    assert said(node_journal) == ["alert 1", "c", "alert 2"]
    assert backlog.lost == 2


def test_entry_that_can_never_fit_is_set_aside_and_those_behind_it_are_written(
    node_journal: Journal, disk: Disk
) -> None:
    def twice(tx: Transaction) -> None:
        tx.add_clip(CLIP)
        tx.add_clip(CLIP)

    backlog = Backlog(node_journal, whose="cam")
    with capture_logs() as logs:
        backlog.add(Entry(write=twice))
    backlog.add(disk.entry("one"))
    assert [line["event"] for line in logs] == ["entry_set_aside"]
    assert (backlog.lost, backlog.waiting) == (1, 0)
    assert said(node_journal) == ["one"]
    assert node_journal.clips() == []


def test_error_that_is_no_refusal_is_not_swallowed(node_journal: Journal) -> None:
    def broken(tx: Transaction) -> None:
        raise ZeroDivisionError

    write: Callable[[Transaction], object] = broken
    with pytest.raises(ZeroDivisionError):
        Backlog(node_journal, whose="cam").add(Entry(write=write))
