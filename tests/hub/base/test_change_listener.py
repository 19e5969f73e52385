"""Changes in one process of the hub reach the others, through PostgreSQL."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from hub.base.backoff import Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.db.database import Database
from hub.base.processes.change_listener import ChangeListener
from tests.other_process import OtherProcess, cut_listeners, other_process
from tests.waiting import until


@pytest.fixture
def here(postgres_url: str) -> Iterator[OtherProcess]:
    with other_process(postgres_url) as process:
        yield process


@pytest.fixture
def there(postgres_url: str) -> Iterator[OtherProcess]:
    with other_process(postgres_url) as process, process.listening():
        yield process


def change(process: OtherProcess) -> None:
    with process.db.writing() as conn:
        process.change_signal.ring_after(conn)


def test_a_transaction_rings_once_and_only_when_it_is_committed(db: Database) -> None:
    signal = ChangeSignal()
    with db.writing() as conn:
        for _ in range(3):
            signal.ring_after(conn)
        assert signal.rings == 0
    assert signal.rings == 1
    with pytest.raises(ZeroDivisionError), db.writing() as conn:
        signal.ring_after(conn)
        _ = 1 / 0
    with db.writing():
        pass
    assert signal.rings == 1


@pytest.mark.promise("Pages: Open pages show changes at once.")
def test_a_change_rings_in_another_process_once_a_transaction(
    here: OtherProcess, there: OtherProcess
) -> None:
    rings = there.change_signal.rings
    for count in range(1, 4):
        change(here)
        until(lambda count=count: there.change_signal.rings == rings + count)  # type: ignore[misc]
    assert here.change_signal.rings == 3


def test_what_is_rolled_back_is_heard_nowhere(here: OtherProcess, there: OtherProcess) -> None:
    rings = there.change_signal.rings
    with pytest.raises(ZeroDivisionError), here.db.writing() as conn:
        here.change_signal.ring_after(conn)
        _ = 1 / 0
    change(here)  # heard in the order of the commits, so the other would have come first
    until(lambda: there.change_signal.rings > rings)
    assert there.change_signal.rings == rings + 1


def test_a_reader_that_is_rung_sees_what_was_changed(
    here: OtherProcess, there: OtherProcess
) -> None:
    with here.db.writing() as conn:
        conn.execute(text("CREATE TABLE said (word text)"))
    rings = there.change_signal.rings
    with here.db.writing() as conn:
        conn.execute(text("INSERT INTO said VALUES ('Tân Khai')"))
        here.change_signal.ring_after(conn)
    until(lambda: there.change_signal.rings > rings)
    with there.db.reading() as conn:
        assert conn.scalar(text("SELECT word FROM said")) == "Tân Khai"


def test_a_process_does_not_hear_itself_twice(here: OtherProcess, there: OtherProcess) -> None:
    rings = there.change_signal.rings
    change(there)
    change(here)
    until(lambda: there.change_signal.rings >= rings + 2)
    assert there.change_signal.rings == rings + 2


def test_a_broken_connection_is_made_again_and_rings_for_what_it_missed(
    here: OtherProcess, postgres_url: str
) -> None:
    with (
        capture_logs() as said,
        other_process(postgres_url) as there,
        there.listening(),
    ):
        rings = there.change_signal.rings
        assert cut_listeners(postgres_url) == 1
        until(lambda: there.change_signal.rings > rings, "it listens again")
        rings = there.change_signal.rings
        change(here)
        until(lambda: there.change_signal.rings > rings)
    events = [line["event"] for line in said]
    assert events == ["changes.unheard", "changes.heard_again"]


def test_a_server_that_is_away_is_said_once_and_holds_up_no_stop() -> None:
    away = Database("postgresql+psycopg://matthan@127.0.0.1:1/hub")
    backoff = Backoff(first_s=0.001, longest_s=0.001)
    listener = ChangeListener(away, ChangeSignal(), backoff=backoff)

    async def run() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(listener.run(stop))
        while backoff.failures < 3:
            await asyncio.sleep(0.01)
        stop.set()
        await task

    with capture_logs() as said:
        asyncio.run(run())
    away.close()
    assert [line["event"] for line in said] == ["changes.unheard"]
    assert "refused" in said[0]["reason"]
