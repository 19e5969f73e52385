"""The fault campaign: real programs, every part broken again and again, then a count of losses.

    .venv/bin/python tests/faults/campaign.py --events 10000 --seed 1 [--nodes 12]
        [--database sqlite|postgresql] [--json] [--out FILE] [--folder FOLDER]

The faults and the findings are in docs/contributing/fault-campaign.md. Exit code 0: nothing is
missing or doubled. 1: one sentence for each fault. 2: the campaign did not reach its end.
"""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count as numbers
from pathlib import Path
from typing import Any, Final

import psycopg

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.push_service import PushService, in_thread
from tests.faults import tally
from tests.faults.bases import Base, database, hub_disk_bytes
from tests.faults.disks import fill, free, small_disk
from tests.faults.mischief import Deed, Kind, deeds
from tests.faults.phones import Receipts
from tests.faults.proxy import FAIR, Proxy, Weather
from tests.faults.town import OFFICERS, PASSWORD, PHONES_EACH, Size, Town
from tests.postgres import Server
from tests.waiting import patience_s

JOURNAL_DISK_BYTES: Final = 8 * 2**20
ROUND_S: Final = 0.1
SAY_EVERY_S: Final = 30.0


class UnfinishedError(Exception):
    """The campaign did not come to its count: why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Size and patience of a campaign; times in seconds."""

    events: int
    seed: int
    nodes: int = 12
    processes: int = 3
    events_s: float = 12.0
    gap_s: float = 2.0
    """Between two faults, in the mean."""
    write_s: float = 0.0
    """Until all events are written; 0: by their number."""
    settle_s: float = 600.0
    """From the last fault until nothing is owed any more; what a stepped clock had refused may
    wait for five minutes."""

    @property
    def writing_s(self) -> float:
        """The deadline for writing."""
        return self.write_s or 120 + 4 * self.events / self.events_s


@dataclass(slots=True)
class Timetable:
    """Faults to undo, with their times by the monotonic clock."""

    _rows: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=numbers)

    def after(self, wait_s: float, act: Callable[[], None]) -> None:
        """Have `act` done then."""
        heappush(self._rows, (time.monotonic() + wait_s, next(self._numbers), act))

    def do_due(self, *, all_of_it: bool = False) -> None:
        """Undo the faults that are due now; with `all_of_it` all of them."""
        while self._rows and (all_of_it or self._rows[0][0] <= time.monotonic()):
            heappop(self._rows)[2]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disks:
    """Small disks that can be filled, by owner; none where that is not allowed."""

    journal: tuple[Path, ...] = ()
    hub: tuple[Path, ...] = ()
    """Of files and of the database, which may be one."""
    server: Server | None = None
    """PostgreSQL, which such a disk may bring down."""


class Mischief:
    """Carries out deeds upon a town."""

    def __init__(self, town: Town, push: PushService, disks: Disks) -> None:
        self._town = town
        self._push = push
        self.disks = disks
        self._timetable = Timetable()
        self._dark: Counter[Proxy] = Counter()
        self.done: Counter[str] = Counter()

    def do(self, deed: Deed) -> None:
        """One deed; what ends by itself is on the timetable."""
        self.done[f"lie_{deed.lie}" if deed.lie else deed.kind] += 1
        match deed.kind:
            case "kill_agent" | "kill_broker" | "kill_hub" | "kill_database":
                self._kill(deed)
            case "lose_queue":
                self._lose_queue(deed)
            case "lie":
                self._lie(deed)
            case "full_disk":
                self._fill(self.disks.journal, deed.lasts_s)
            case "full_hub_disk":
                self._fill(self.disks.hub, deed.lasts_s)
            case "step_clock":
                plan = self._town.plans[deed.which % len(self._town.plans)]
                step(Path(plan["clock"]), deed.amount)
            case "step_hub_clock":
                step(self._town.hub_clock, deed.amount)
            case "hang_up_database":
                _hang_up(self._town.database_url)
            case _:
                self._spoil(self._town.lines[deed.which % len(self._town.lines)], deed)

    def _kill(self, deed: Deed) -> None:
        town = self._town
        if deed.kind == "kill_broker":
            town.broker.kill()
            self._timetable.after(deed.lasts_s, self._broker_back)
            return
        if deed.kind == "kill_database" and self.disks.server is not None:
            self.disks.server.kill()
            self._timetable.after(deed.lasts_s, self._database_back)
            return
        victim = town.agents[deed.which % len(town.agents)]
        if deed.kind == "kill_hub":
            victim = town.hub
        victim.kill()
        self._timetable.after(deed.lasts_s, victim.start)

    def _lose_queue(self, deed: Deed) -> None:
        """The hub is away, and then the broker dies with all it had taken for it."""
        self._town.hub.kill()
        wait_s = max(1.0, deed.lasts_s / 2)
        self._timetable.after(wait_s, self._town.broker.kill)
        self._timetable.after(wait_s + 0.5, self._broker_back)
        self._timetable.after(wait_s + 0.5, self._town.hub.start)

    def _spoil(self, line: Proxy, deed: Deed) -> None:
        match deed.kind:
            case "reset":
                line.reset_all()
            case "half_close":
                line.half_close_all()
            case "black_hole":
                # Every other hole keeps what it swallowed.
                swallows = deed.times % 2 == 1
                self._weather(line, Weather(is_black_hole=True), deed.lasts_s, swallows=swallows)
            case "refuse":
                line.reset_all()
                self._weather(line, Weather(refuses=True), deed.lasts_s)
            case "slow":
                weather = Weather(latency_s=deed.amount, rate_bytes_s=20_000)
                self._weather(line, weather, deed.lasts_s)
            case _:
                raise ValueError(deed.kind)

    def tick(self) -> None:
        """Undo what is due; begin again what ended by itself."""
        self._timetable.do_due()
        for child in (*self._town.agents, self._town.hub):
            child.look()

    def end(self) -> None:
        """Everything is mended, now."""
        self._timetable.do_due(all_of_it=True)
        step(self._town.hub_clock, 0)
        for phone in self._push.phones.values():
            phone.lies.clear()

    def retire_a_phone(self) -> None:
        """The last phone's subscription ends: 410, now and for ever."""
        self.done["lie_gone"] += 1
        self._push.lie(self._town.phones[-1], "gone")

    def _weather(
        self, line: Proxy, weather: Weather, lasts_s: float, *, swallows: bool = False
    ) -> None:
        """Bad weather until the last that was begun is over."""
        self._dark[line] += 1
        line.set(weather)

        def clear() -> None:
            self._dark[line] -= 1
            if swallows:
                line.reset_all()
            if not self._dark[line]:
                line.set(FAIR)

        self._timetable.after(lasts_s, clear)

    def _broker_back(self) -> None:
        if not self._town.broker.is_running:
            self._town.broker.start()

    def _lie(self, deed: Deed) -> None:
        phone = self._town.phones[deed.which % len(self._town.phones)]
        times = 1 if deed.lie == "too_large" else deed.times
        if phone.rsplit("/", 1)[1] in self._push.phones:
            after_s = 2 if deed.lie in {"slow_down", "busy"} else None
            self._push.lie(phone, deed.lie, times=times, after_s=after_s)  # type: ignore[arg-type]  # one of its kinds

    def _fill(self, disks: Sequence[Path], lasts_s: float) -> None:
        for disk in disks:
            fill(disk)

        def empty() -> None:
            for disk in disks:
                free(disk)
            self._database_back()

        self._timetable.after(lasts_s, empty)

    def _database_back(self) -> None:
        """Whoever looks after it starts it again; on a disk that is still full that must wait."""
        server = self.disks.server
        if server is None or server.is_running:
            return
        try:
            server.start()
        except RuntimeError:
            self._timetable.after(1.0, self._database_back)


def step(clock: Path, by_s: float) -> None:
    """Put a clock wrong by so much, or right."""
    clock.write_text(str(round(by_s * 1_000_000)))


def run(wanted: Wanted, folder: Path, base: Base) -> dict[str, Any]:
    """The whole campaign in a new folder; raises UnfinishedError."""
    began_s = time.monotonic()
    with ExitStack() as parts:
        push = PushService(received=folder / "screens.jsonl")
        parts.enter_context(in_thread(push))
        size = Size(
            events=wanted.events, nodes=wanted.nodes, processes=wanted.processes,
            events_s=wanted.events_s, seed=wanted.seed,
        )  # fmt: skip
        town = Town(folder, base.url, size, push)
        journal = parts.enter_context(
            small_disk(Path(town.plans[0]["journal"]).parent, size_bytes=JOURNAL_DISK_BYTES)
        )
        files = parts.enter_context(
            small_disk(town.hub_home, size_bytes=hub_disk_bytes(wanted.events))
        )
        parts.callback(town.close)
        town.found()
        receipts = Receipts(town.url, push, OFFICERS, PASSWORD)
        receipts.whose = {
            address.rsplit("/", 1)[1]: OFFICERS[number // PHONES_EACH]
            for number, address in enumerate(town.phones)
        }
        _start(town)
        receipts.start()
        parts.callback(receipts.leave)
        disks = Disks(
            journal=tuple(filter(None, [journal])),
            hub=tuple(filter(None, [files, base.disk])),
            server=base.server,
        )
        mischief = Mischief(town, push, disks)
        wrote_s = _write(wanted, town, mischief)
        mischief.end()
        settled_s = _settle(wanted, town, mischief, receipts)
        for child in (*town.agents, town.hub):
            child.stop()
        counted = tally.count(folder, base.url)
        crashes = {c.name: c.crashes for c in (*town.agents, town.hub) if c.crashes}
    return {
        "seed": wanted.seed,
        "database": base.url.partition(":")[0].partition("+")[0],
        **counted,
        "crashes": crashes,
        "deeds": dict(sorted(mischief.done.items())),
        "wrote_s": round(wrote_s, 1),
        "settled_s": round(settled_s, 1),
        "took_s": round(time.monotonic() - began_s, 1),
    }


def faults(counted: dict[str, Any]) -> list[str]:
    """Broken promises of a campaign, a sentence each."""
    crashed = [
        f"{name} ended by itself {times} times" for name, times in counted["crashes"].items()
    ]
    return tally.faults(counted) + crashed


def _start(town: Town) -> None:
    town.broker.start()
    town.hub.start()
    _until(town.answers, patience_s(), lambda: f"the hub did not come up: {town.hub.last_words()}")
    for agent in town.agents:
        agent.start()


def _write(wanted: Wanted, town: Town, mischief: Mischief) -> float:
    """Mischief until every node has written its events and every kind came; how long, in s."""
    deck = kinds(mischief.disks)
    row = deeds(wanted.seed, deck, gap_s=wanted.gap_s)
    began_s = time.monotonic()
    next_s, looked_s, is_retired = began_s + wanted.gap_s, began_s, False
    progress = Progress(began_s)
    deed = next(row)
    while True:
        now_s = time.monotonic()
        mischief.tick()
        if now_s >= next_s:
            mischief.do(deed)
            deed = next(row)
            next_s = now_s + deed.after_s
        if now_s - looked_s > 1:
            looked_s = now_s
            written = sum(spooled(plan) for plan in town.plans)
            deeds_done = mischief.done.total()
            progress.say(f"{written} of {wanted.events} events, {deeds_done} deeds", now_s)
            if written >= wanted.events and mischief.done.total() > len(deck):
                return now_s - began_s
            if written > wanted.events / 2 and not is_retired:
                is_retired = True
                mischief.retire_a_phone()
            if now_s - began_s > max(wanted.writing_s, patience_s()):
                raise UnfinishedError(f"only {written} events written in {now_s - began_s:.0f} s")
        time.sleep(ROUND_S)


def kinds(disks: Disks) -> list[Kind]:
    """Kinds of faults that are possible here."""
    can: list[Kind] = [
        "kill_agent", "kill_broker", "kill_hub", "lose_queue", "reset", "black_hole",
        "half_close", "refuse", "slow", "lie", "lie", "lie", "step_clock", "step_hub_clock",
    ]  # fmt: skip
    if disks.journal:
        can.append("full_disk")
    if disks.hub:
        can.append("full_hub_disk")
    if disks.server is not None:
        can += ["hang_up_database", "kill_database"]
    return can


def _settle(wanted: Wanted, town: Town, mischief: Mischief, receipts: Receipts) -> float:
    """Until nobody owes anybody anything; what is left at the deadline is for the count to say."""
    began_s = time.monotonic()
    hub = tally.Hub(town.database_url)
    queued = "SELECT count(*) FROM notifications WHERE state = 'queued'"
    progress = Progress(began_s)
    while time.monotonic() - began_s < max(wanted.settle_s, patience_s()):
        mischief.tick()
        progress.say("all is mended; waiting until nobody owes anything", time.monotonic())
        # In the order of the walk, so that nothing is looked for before it can be there.
        if (
            all(spooled(plan) >= plan["events"] for plan in town.plans)
            and not any(owed(plan) for plan in town.plans)
            and not hub.number(queued)
            and receipts.is_done
        ):
            break
        time.sleep(0.5)
    return time.monotonic() - began_s


def spooled(plan: dict[str, Any]) -> int:
    """Number of sequence numbers that a node gave out."""
    return _ask(plan, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence")


def owed(plan: dict[str, Any]) -> int:
    """Events without a receipt and pictures not yet brought."""
    return _ask(
        plan,
        "SELECT (SELECT count(*) FROM events WHERE receipted_utc_us IS NULL)"
        " + (SELECT count(*) FROM media WHERE state IN ('waiting', 'due'))"
        " + (SELECT count(*) FROM unsaid_drops)",
    )


def _ask(plan: dict[str, Any], question: str) -> int:
    try:
        uri = f"file:{plan['journal']}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as database:
            return int(database.execute(question).fetchone()[0])
    except sqlite3.OperationalError:  # not yet made, or in the middle of being recovered
        return 0 if "sqlite_sequence" in question else 1


class Progress:
    """Says on stderr how far it is, now and then."""

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s
        self._next_s = began_s

    def say(self, what: str, now_s: float) -> None:
        """Unless it did so a moment ago."""
        if now_s >= self._next_s:
            self._next_s = now_s + SAY_EVERY_S
            print(f"campaign: {now_s - self._began_s:4.0f} s: {what}", file=sys.stderr, flush=True)


def _until(claim: Callable[[], bool], patience_s: float, why: Callable[[], str]) -> None:
    deadline_s = time.monotonic() + patience_s
    while not claim():
        if time.monotonic() > deadline_s:
            raise UnfinishedError(why())
        time.sleep(ROUND_S)


def _hang_up(database_url: str) -> None:
    """The database ends every session but this one; one that a full disk ended has none."""
    plain = database_url.replace("+psycopg", "")
    with (
        suppress(psycopg.OperationalError),
        psycopg.connect(plain, autocommit=True) as conn,
    ):
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )


def main() -> int:
    """Run the campaign of the arguments."""
    parser = argparse.ArgumentParser(description="Break everything, then count.")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--nodes", type=int, default=12)
    parser.add_argument("--rate", type=float, default=12.0, help="events a second, all together")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true", help="only the numbers, as JSON")
    parser.add_argument("--out", type=Path, help="write the numbers there too, as JSON")
    parser.add_argument("--folder", type=Path, help="where to work; kept (default: a new one)")
    asked = parser.parse_args()
    wanted = Wanted(
        events=asked.events, seed=asked.seed, nodes=asked.nodes, events_s=asked.rate,
        processes=min(3, asked.nodes),
    )  # fmt: skip
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="matthan-campaign-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # the broker's user passes through
    if not asked.json:
        print(f"seed {asked.seed}, {asked.events} events, {asked.database}; logs in {folder}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # and so all that was begun ends too
    try:
        with database(asked.database, folder.resolve(), events=asked.events) as base:
            counted = run(wanted, folder.resolve(), base)
    except UnfinishedError as why:
        print(f"campaign: {why} Logs: {folder}", file=sys.stderr)
        return 2
    found = faults(counted)
    print(json.dumps(counted, indent=None if asked.json else 2))
    if asked.out is not None:
        asked.out.write_text(json.dumps(counted, indent=2) + "\n")
    for fault in found:
        print(f"campaign: {fault}. Logs: {folder}", file=sys.stderr)
    if not found and asked.folder is None:
        shutil.rmtree(folder)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
