"""Copies made ahead: of each clip of an alert, newest first, in a queue that is bounded."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from hub.base.batches import never
from hub.base.db.database import Database
from hub.footage.retention.remover import mark_removed
from hub.footage.tables import media
from hub.footage.transcoding.ahead import CopyQueue
from hub.footage.transcoding.proxies import Proxies
from hub.footage.transcoding.transcode import NoCopyError
from tests.hub.rigs.web_town import PASSWORD, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Clips: A small copy of every alert's clip starts soon.")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def media_id(town: Town, data: bytes) -> UUID:
    with town.db.reading() as conn:
        return conn.scalars(select(media.c.id).where(media.c.sha256 == sha(data))).one()


class Copier:
    """Copies what it is given, and remembers what that was."""

    def __init__(self, fault: str = "", during: Callable[[], None] = lambda: None) -> None:
        self.given: list[bytes] = []
        self._fault = fault
        self._during = during

    def __call__(self, original: Iterator[bytes], copy: Path) -> None:
        self.given.append(b"".join(original))
        self._during()
        if self._fault:
            raise NoCopyError(self._fault)
        copy.write_bytes(b"small")


class Rig:
    """A town, and a queue whose copies cost nothing."""

    def __init__(self, town: Town, copier: Copier | None = None, *, most: int = 64) -> None:
        self.town = town
        self.copier = copier or Copier()
        self.proxies = Proxies(town.folder / "small", shrink=self.copier)
        self.queue = CopyQueue(town.db, blobs=town.blobs, proxies=self.proxies, most=most)

    def stored(self) -> bytes:
        """A clip of an alert is stored and offered."""
        clip = some_bytes(900)
        self.town.clip(self.town.somebody(), clip)
        self.town.bring(clip)
        self.queue.offer(sha(clip))
        return clip

    def make_all(self) -> None:
        while self.queue.waiting:
            self.queue.make_next(never)


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path)
    db.close()


def test_a_stored_clip_is_offered_and_a_picture_is_not(town: Town) -> None:
    picture, clip = some_bytes(900), some_bytes(900)
    seen = town.somebody(picture)
    town.clip(seen, clip)
    town.bring(picture)
    assert town.copies.waiting == 0
    town.bring(clip)
    assert town.copies.waiting == 1


def test_the_newest_clip_comes_first_and_a_full_queue_drops_and_counts_the_oldest(
    town: Town,
) -> None:
    rig = Rig(town, most=2)
    _, second, third = rig.stored(), rig.stored(), rig.stored()
    rig.queue.offer(sha(third))  # again: it waits already
    rig.make_all()
    assert rig.copier.given == [third, second]
    assert rig.queue.counts == {"made": 2, "failed": 0, "dropped": 1}
    assert rig.proxies.hashes() == sorted([sha(second), sha(third)])


def test_what_is_no_clip_of_an_alert_or_is_gone_gets_no_copy(town: Town) -> None:
    rig = Rig(town)
    clip = rig.stored()
    rig.queue.offer(sha(b"nobody knows it"))
    with town.db.writing() as conn:
        mark_removed(conn, media_id(town, clip), why="rule", now=town.clock.now())
    rig.make_all()
    assert rig.copier.given == []


def test_an_original_removed_while_its_copy_is_made_leaves_none(town: Town) -> None:
    def remove() -> None:
        with town.db.writing() as conn:
            mark_removed(conn, media_id(town, clip), why="rule", now=town.clock.now())
        rig.proxies.forget(sha(clip))

    rig = Rig(town, Copier(during=remove))
    clip = rig.stored()
    rig.make_all()
    assert rig.copier.given == [clip]
    assert rig.proxies.hashes() == []


def test_a_clip_that_cannot_be_copied_is_counted_and_the_queue_goes_on(town: Town) -> None:
    rig = Rig(town, Copier("it is broken"))
    rig.stored()
    rig.stored()
    rig.make_all()
    assert rig.queue.counts == {"made": 0, "failed": 2, "dropped": 0}


def test_the_running_queue_makes_what_is_offered_and_a_stop_abandons_the_copy_under_way(
    town: Town,
) -> None:
    begun = threading.Event()

    class Slow(Copier):
        def __call__(self, original: Iterator[bytes], copy: Path) -> None:
            if len(self.given) == 1:
                begun.set()
                stopped.wait(patience_s())
            super().__call__(original, copy)

    stopped = threading.Event()
    rig = Rig(town, Slow())

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(rig.queue.run(stop))
        rig.stored()
        await asyncio.to_thread(until, lambda: rig.queue.counts["made"] == 1)
        rig.stored()
        await asyncio.to_thread(begun.wait, patience_s())
        stop.set()
        stopped.set()
        await running

    asyncio.run(scene())
    assert rig.queue.counts == {"made": 1, "failed": 0, "dropped": 0}
    assert len(rig.proxies.hashes()) == 1
    assert list((town.folder / "small" / "incoming").iterdir()) == []


def test_a_database_that_is_away_costs_one_copy_and_ends_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(town)
    rig.stored()
    clip = rig.stored()
    reading, failures = town.db.reading, iter([OperationalError("", None, Exception("away"))])

    @contextmanager
    def sometimes() -> Iterator[Connection]:
        for failure in failures:
            raise failure
        with reading() as conn:
            yield conn

    monkeypatch.setattr(town.db, "reading", sometimes)

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(rig.queue.run(stop))
        await asyncio.to_thread(until, lambda: rig.queue.waiting == 0)
        await asyncio.to_thread(until, lambda: rig.queue.counts["made"] == 1)
        stop.set()
        await running

    asyncio.run(scene())
    assert rig.queue.counts == {"made": 1, "failed": 1, "dropped": 0}
    assert rig.copier.given != [clip]


def test_who_waits_for_a_copy_goes_before_the_queue(town: Town) -> None:
    begun, free = threading.Event(), threading.Event()

    def hold_up() -> None:
        begun.set()
        free.wait(patience_s())

    rig = Rig(town, Copier(during=hold_up))
    asked = threading.Thread(
        target=rig.proxies.copy_of, args=(sha(b"asked"), lambda: iter([b"asked"]))
    )

    async def scene() -> None:
        asked.start()
        await asyncio.to_thread(begun.wait, patience_s())
        clip = rig.stored()
        stop, rounds = asyncio.Event(), threading.Semaphore(0)
        running = asyncio.create_task(rig.queue.run(stop, rounds.release))
        for _ in range(3):
            await asyncio.to_thread(rounds.acquire, timeout=patience_s())
        assert rig.queue.waiting == 1, "it is not even begun"
        free.set()
        await asyncio.to_thread(until, lambda: rig.queue.counts["made"] == 1)
        stop.set()
        await running
        assert rig.copier.given == [b"asked", clip]

    asyncio.run(scene())
    asked.join()


def test_a_long_clip_that_plays_by_itself_is_not_waited_for(town: Town) -> None:
    clip, seen = some_bytes(900), town.somebody()
    town.clip(seen, clip, duration_ms=600_000)
    row_id = town.bring(clip)
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    answer = an.get(f"/media/{row_id}/h264")
    assert (answer.status_code, answer.json()) == (503, {"reason": "busy"})
    assert an.get(f"/media/{row_id}").content == clip


def test_the_page_of_kept_footage_says_what_became_of_the_copies(town: Town) -> None:
    town.add_keeper_of_all()
    seen = town.somebody()
    for clip in (some_bytes(900), some_bytes(900)):
        town.clip(seen, clip)
        town.bring(clip)
    page = Visitor(town.app()).sign_in("quan", PASSWORD).get("/keeping").text
    assert "đã tạo 0, đang chờ 2; 0 bị bỏ qua" in page
