"""Deletion under hold on a node, by every path.

`tests/hub/footage/test_what_deletes.py` lists everything that deletes, and names these tests.
"""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from agent.journal import FootageClass, Journal, JournalFull, MediaKind, Transaction
from agent.media.sound import SoundPacket
from agent.recording.mp4.sound import sound_path
from agent.recording.store.retention import ClassBounds
from agent.recording.store.store import ClipStore
from agent.wire.answers import HoldFootage
from tests.agent.helpers.recording.sound import filmed, ring_of, spoken
from tests.agent.helpers.recording.store import Street, keep_announced
from tests.agent.helpers.recording.store_keeps import clip_of, hold_of

pytestmark = pytest.mark.promise("Cases and evidence: Nothing under hold is deleted.")

__all__ = ["spoken"]

EVERYTHING = {which: ClassBounds(max_age_s=0, max_bytes=0) for which in FootageClass}


def hold_span(journal: Journal, camera: str = "cam", hold_id: UUID | None = None) -> None:
    journal.hold(
        uuid4(),
        HoldFootage(
            hold_id=hold_id or uuid4(),
            case_number="12/2026",
            reason="theft",
            camera=camera,
            from_utc_us=0,
            until_utc_us=None,
            sha256s=(),
        ),
    )


def narrow(folder: Path, journal: Journal) -> ClipStore:
    """A shelf whose settings let nothing stay: no bytes, no age, no room on the disk."""
    return ClipStore(folder, journal, max_bytes=0, spare_bytes=2**60, classes=EVERYTHING)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    return folder


def with_clip(folder: Path, journal: Journal) -> Path:
    clip = clip_of(folder, ())
    with journal.transaction() as tx:
        tx.add_clip(clip)
    return clip.path


def test_no_bound_of_a_shelf_takes_what_is_held(folder: Path, node_journal: Journal) -> None:
    store = narrow(folder, node_journal)
    clip = with_clip(folder, node_journal)
    picture, event_id = keep_announced(store, node_journal, b"a" * 100)
    free, _ = keep_announced(store, node_journal, b"b" * 100)
    hold_span(node_journal)
    node_journal.hold(uuid4(), hold_of(picture.stem))
    node_journal.receipt([event_id])
    node_journal.media_done(picture.stem)  # the hub has it: then it is needed least
    for _ in range(3):
        store.tidy()
    assert (clip.exists(), picture.exists(), free.exists()) == (True, True, False)


def test_one_case_that_lets_go_frees_nothing(folder: Path, node_journal: Journal) -> None:
    clip = with_clip(folder, node_journal)
    for case in (UUID(int=1), UUID(int=2)):
        hold_span(node_journal, hold_id=case)
    store = narrow(folder, node_journal)
    node_journal.release(uuid4(), UUID(int=1))
    node_journal.release(uuid4(), uuid4())  # of a hold that nobody knows
    store.tidy()
    assert clip.exists()
    node_journal.release(uuid4(), UUID(int=2))
    store.tidy()
    assert not clip.exists()


def test_a_hold_that_comes_while_the_shelf_decides_is_in_time(
    folder: Path, node_journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = with_clip(folder, node_journal)
    store = narrow(folder, node_journal)
    judge = ClipStore._plan

    def held_meanwhile(one: ClipStore) -> object:
        verdict = judge(one)
        hold_span(node_journal)
        return verdict

    monkeypatch.setattr(ClipStore, "_plan", held_meanwhile)
    store.tidy()
    assert clip.exists()
    assert [one.is_held for one in node_journal.kept(MediaKind.CLIP)] == [True]


def test_on_a_disk_too_full_for_a_row_what_is_held_stays_too(
    folder: Path, node_journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, free = with_clip(folder, node_journal), with_clip(folder, node_journal)
    store = narrow(folder, node_journal)
    judge, forget = ClipStore._plan, Transaction.remove_media
    tried: list[str] = []

    def held_meanwhile(one: ClipStore) -> object:
        verdict = judge(one)
        [sha256] = [kept.sha256 for kept in one._journal.kept(MediaKind.CLIP) if kept.path == held]
        node_journal.hold(uuid4(), hold_of(sha256))
        return verdict

    def full_at_first(tx: Transaction, sha256: str, reason: str) -> None:
        tried.append(sha256)
        if len(tried) == 1:
            raise JournalFull("no room", cure="make room")
        forget(tx, sha256, reason)

    monkeypatch.setattr(ClipStore, "_plan", held_meanwhile)
    monkeypatch.setattr(Transaction, "remove_media", full_at_first)
    store.tidy()
    assert (held.exists(), free.exists()) == (True, False)
    assert [one.path for one in node_journal.kept(MediaKind.CLIP)] == [held]


def test_the_sound_of_a_held_clip_stays_with_it(
    tmp_path: Path, node_journal: Journal, street: Street, spoken: list[SoundPacket]
) -> None:
    store, clip = filmed(tmp_path, node_journal, street, ring_of(spoken), None)
    hold_span(node_journal)
    again = narrow(store.folder, node_journal)
    again.take_in_leftovers(lambda: None)
    again.tidy()
    assert clip.exists()
    assert sound_path(clip).exists()


def test_a_restart_takes_in_what_is_held(
    tmp_path: Path, node_journal: Journal, street: Street
) -> None:
    """Also where the journal lost its row: the file is known again by its name, and held."""
    store, clip = filmed(tmp_path, node_journal, street, None, None)
    hold_span(node_journal)
    [kept] = node_journal.kept(MediaKind.CLIP)
    with node_journal.transaction() as tx:
        tx.remove_media(kept.sha256, "a row that was lost")
    again = narrow(store.folder, node_journal)
    again.take_in_leftovers(lambda: None)
    again.tidy()
    assert clip.exists()
    assert [one.is_held for one in node_journal.kept(MediaKind.CLIP)] == [True]
