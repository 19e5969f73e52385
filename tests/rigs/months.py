"""Splits, joins and drops a month of many sightings on PostgreSQL, beside an intake.

    python -m tests.rigs.months [--sightings N] [--folder FOLDER]

All sightings are of one month; one in ten has a clip and so outlives it. Another process files five
events in a transaction, every 50 ms. Printed for each step: its time, the times for which its
transactions held the queue of writers, and the times of the other process's transactions. Ten
million sightings take an hour and 25 GB in FOLDER. This is a command; no test asserts its result.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from uuid import uuid4

import psycopg

from hub.alerting.alerts.rules.grouping import Policy
from hub.app.months import moving
from hub.app.months.dropping import MonthDropper
from hub.base.db import months
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.intake.filing.filing import Filing
from tests.bench.hub import search_town
from tests.bench.hub.postgres import cluster
from tests.hub.rigs.streets import HandClock, Mouth, Streets

MONTH_US: Final = 27 * 86_400_000_000
EVERY_S: Final = 0.05
KEEP_MONTHS: Final = 13
SHARES: Final = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "most": 1.0}


def day(year: int, month: int, number: int) -> Moment:
    """The start of a day, UTC."""
    return Moment(round(datetime(year, month, number, tzinfo=UTC).timestamp() * 1_000_000), 5)


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)  # noqa: T201 a command's answer


def spread(what: str, times_ms: list[float]) -> None:
    """Print how long something took."""
    in_order = sorted(times_ms)
    last = len(in_order) - 1
    at = (f"{name} {in_order[round(last * share)]:.1f}" for name, share in SHARES.items())
    over = sum(ms > 100 for ms in in_order)
    say(f"  {what}, ms: {', '.join(at)}; {over} of {len(in_order)} over 100")


@contextmanager
def held(times_ms: list[float]) -> Iterator[None]:
    """Note how long each write transaction of this process holds the queue of writers."""
    writing = Database.writing

    @contextmanager
    def timed(self: Database, **terms: Any) -> Iterator[Any]:
        with writing(self, **terms) as conn:
            began_s = time.monotonic()
            yield conn
        times_ms.append((time.monotonic() - began_s) * 1000)

    with patch.object(Database, "writing", timed):
        yield


def file_events(url: str, today: Moment, stop: Event, answer: "multiprocessing.Queue[Any]") -> None:
    """File until `stop`; then give the time of each transaction, in ms."""
    db, filing, times_ms = Database(url), Filing(Policy()), list[float]()
    mouth = Mouth("nga-tu", HandClock(today))
    while not stop.wait(EVERY_S):
        mouth.clock.pass_s(EVERY_S)
        first, second = uuid4(), uuid4()
        said = [mouth.opened(first), mouth.closed(first), mouth.clip(first, content=first.bytes)]
        said += [mouth.opened(second), mouth.closed(second)]
        began_s = time.monotonic()
        with db.writing() as conn:
            for event in said:
                filing.file_event(conn, event, now=mouth.clock.now())
        times_ms.append((time.monotonic() - began_s) * 1000)
    db.close()
    answer.put(times_ms)


def beside_intake(name: str, url: str, today: Moment, work: Callable[[], object]) -> None:
    """Do it while another process files, and print the times."""
    spawn = multiprocessing.get_context("spawn")
    stop, answer, times_ms = spawn.Event(), spawn.Queue(), list[float]()
    filing = spawn.Process(target=file_events, args=(url, today, stop, answer))
    filing.start()
    time.sleep(10)
    began_s = time.monotonic()
    with held(times_ms):
        done = work()
    say(f"{name}: {done} in {time.monotonic() - began_s:.0f} s")
    stop.set()
    if times_ms:
        spread("held", times_ms)
    spread("transactions of the intake", answer.get())
    filing.join()


def main() -> None:
    """Run all steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sightings", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="for the database; default: temporary files")
    args = parser.parse_args()
    with cluster(fsync=True, folder=args.folder) as server:
        with psycopg.connect(server.replace("+psycopg", "") + "/postgres", autocommit=True) as conn:
            conn.execute("CREATE DATABASE province")
        steps(f"{server}/province", args.sightings)


def steps(url: str, sightings: int) -> None:
    """Make the sightings in October 2026; split and join in November, drop in February 2028."""
    began_s = time.monotonic()
    october = partial(HandClock, day(2026, 10, 30))
    with patch.multiple(search_town, YEAR_US=MONTH_US, HubClock=october):
        db = search_town.make(url, sightings=sightings).db
    say(f"made: {sightings} sightings in {time.monotonic() - began_s:.0f} s")
    with tempfile.TemporaryDirectory() as folder:
        Streets(db, Path(folder))  # registers the box that sends
    beside_intake("alone", url, day(2026, 11, 18), lambda: time.sleep(30))
    beside_intake("split", url, day(2026, 11, 19), lambda: moving.split(db, day(2026, 11, 20)))
    beside_intake("joined", url, day(2026, 11, 20), lambda: moving.join(db))
    moving.split(db, day(2026, 11, 22), is_gentle=False)
    later = day(2028, 2, 10)
    months.turn(db, later)
    with db.writing() as conn:
        conn.exec_driver_sql("ANALYZE")
    dropper = MonthDropper(db, clock=HandClock(later), keep_months=KEEP_MONTHS)
    beside_intake("dropped", url, later, dropper.drop_overdue)
    for part in moving.parts(db):
        say(f"  {part.name}: about {part.rows} rows")
    db.close()


if __name__ == "__main__":
    main()
