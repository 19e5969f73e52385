"""Kills parts and cuts lines of any rig of a province while people walk by, then counts losses.

One fault at a time, because every part can bear the loss of one and not of two. The next fault
comes when all events from before the end of the last one have their receipts, so that it is known
what an event waited for.
"""

import json
import random
import shutil
import sqlite3
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from deploy.push_service import PushService, in_thread
from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.app.config.settings import HubSettings
from hub.app.stores import bucket
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.storage.blobs import BlobsError
from hub.base.storage.s3 import BlobBucket
from hub.nodes.pki.authority import Authority
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.registry import registry
from tests.faults import tally
from tests.faults.campaign import Progress, owed, spooled
from tests.faults.rigs import findings
from tests.faults.rigs.costs import costs, spent_s
from tests.faults.rigs.findings import SERVED, Fault
from tests.faults.rigs.lines import Lines
from tests.faults.town import OFFICERS, PASSWORD, PHONES_EACH, Child
from tests.waiting import until

NODES: Final = 6
IDLE_S: Final = 20.0
RUSH_S: Final = 20.0
"""Within which the events of the last phase are written."""
RECEIPTS_S: Final = 120.0
"""The longest wait for what was written before the end of a fault; what is lost never comes."""
MINUTE_S: Final = 60.0
SUCCEEDED_S: Final = (25.0, 40.0)
"""A leader is away for so long the first time and every other: Patroni waits for 20 s before it
gives the place to another server. In between the same one comes back as the leader."""
WHOLE_EVERY_S: Final = 0.5
LOOK_EVERY_S: Final = 5.0
ROOM_BYTES: Final = 2 * 2**30
"""A campaign ends before it fills the disk."""


class Rig(Protocol):
    """What the campaign is done to."""

    @property
    def folder(self) -> Path:
        """Folder of all its files."""

    @property
    def parts(self) -> Sequence[str]:
        """Parts that are killed, one after the other."""

    @property
    def lines(self) -> Lines:
        """Lines that are cut."""

    @property
    def brokers(self) -> Sequence[tuple[str, int]]:
        """Names and ports of those that nodes may use."""

    def up(self) -> HubSettings:
        """Start all, with an empty database."""

    @property
    def authority(self) -> Authority:
        """Authority of the nodes' certificates."""

    def kill(self, part: str) -> list[str]:
        """With -9; the names of what has ended."""

    def start(self, name: str) -> None:
        """Start it again."""

    def look(self) -> list[str]:
        """The parts that ended by themselves; they are started again."""

    def lacks(self) -> list[str]:
        """What is not well yet; if nothing is, any part may be lost."""

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The first processes of each part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What campaign; times in seconds."""

    events: int
    seed: int
    events_s: float
    away_s: tuple[float, float] = (1.0, 8.0)
    """So long a part or a line is away."""
    calm_s: float = 3.0
    settle_s: float = 420.0
    faults: str = "all"
    """Or `kills` alone, or `cuts`."""
    rush: int = 0
    """So many events at the end, without faults, for the processor time of each process."""


class Province:
    """Nodes, officers and phones of a rig."""

    def __init__(self, rig: Rig, config: HubSettings, wanted: Wanted) -> None:
        self.rig = rig
        self.config = config
        self.plans = [self._plan(number, wanted) for number in range(NODES)]
        self.nodes = self._nodes("plan-0", self.plans)
        self.crashes: Counter[str] = Counter()
        self.row: list[Fault] = []
        """What was lost, in turn."""

    def found(self, push: PushService) -> None:
        """A place, its nodes, its officers and their phones."""
        db, now = Database(self.config.store.url), HubClock().now()
        rights = Right.SEE | Right.CLIPS | Right.ALERTED
        with db.writing() as conn:
            area_id = registry.add_area(conn, name="Xã Rừng Cao Su", level="commune", now=now)
            for plan in self.plans:
                registry.add_node(conn, name=plan["name"], area_id=area_id, now=now)
            for login in OFFICERS:
                person_id = people_rows.add_person(
                    conn, login=login, name=login, language="vi", role="officer",
                    password=PASSWORD, passwords=Passwords(), now=now,
                )  # fmt: skip
                grant = Grant(area_id, None, rights, now.plus_s(-60).utc_us)
                rows.add_grant(conn, person_id=person_id, grant=grant, reason="campaign", now=now)
                for _ in range(PHONES_EACH):
                    said = push.make_phone()
                    keys = json.dumps(said["keys"])
                    put_phone(
                        conn, person_id, NewPhoneRow("webpush", said["endpoint"], keys, "phone"),
                        now=now,
                    )  # fmt: skip
        db.close()

    def look(self) -> None:
        """Count what ended by itself."""
        self.nodes.look()
        self.crashes.update(self.rig.look())

    def await_whole(self) -> None:
        """Until any part may be lost; one that ends by itself meanwhile is counted, and started
        again."""
        lacks: list[str] = []
        looked_s = time.monotonic()

        def is_whole() -> bool:
            nonlocal looked_s
            lacks[:] = self.rig.lacks()
            if lacks and time.monotonic() - looked_s > LOOK_EVERY_S:
                self.look()
                looked_s = time.monotonic()
            return not lacks

        until(is_whole, lambda: f"not well yet: {', '.join(lacks)}", every_s=WHOLE_EVERY_S)

    def end(self) -> None:
        """No node goes on."""
        self.nodes.kill()

    def rush(self, events: int) -> Path:
        """The same nodes once more, with so many further events; they begin when this file is
        there."""
        self.nodes.stop()
        begin = self.rig.folder / "begin"
        for plan in self.plans:
            Path(plan["enough"]).with_name("at-rest").unlink()
            wanted = spooled(plan) + events // NODES
            plan.update(events=wanted, pace_s=RUSH_S / (events / NODES), begin=str(begin))
        self.nodes = self._nodes("plan-1", self.plans)
        self.nodes.start()
        return begin

    def _nodes(self, name: str, plans: Sequence[dict[str, Any]]) -> Child:
        path = self.rig.folder / f"{name}.json"
        path.write_text(json.dumps(plans, indent=1))
        command = [sys.executable, "-m", "tests.faults.node", str(path)]
        return Child("nodes", command, self.rig.folder / "log" / "nodes")

    def _plan(self, number: int, wanted: Wanted) -> dict[str, Any]:
        name = f"nga-tu-{number:03}"
        home = self.rig.folder / "nodes" / name
        (home / "journal").mkdir(parents=True)
        (home / "pictures").mkdir()
        at = number % len(self.rig.brokers)
        ports = [port for _, port in (*self.rig.brokers[at:], *self.rig.brokers[:at])]
        papers = self.rig.authority.issue_client(name, datetime.now(UTC))
        return {
            "name": name,
            "port": ports[0],
            "further_ports": ports[1:],
            "is_patient": False,
            "papers": {
                "ca_file": str(papers.ca_file),
                "cert_file": str(papers.cert_file),
                "key_file": str(papers.key_file),
            },
            "journal": str(home / "journal" / "journal.sqlite"),
            "pictures": str(home / "pictures"),
            "witness": str(home / "witness"),
            "begin": None,
            "enough": str(home / "enough"),
            "clock": str(home / "clock"),
            "events": wanted.events // NODES + (number < wanted.events % NODES),
            "pace_s": NODES / wanted.events_s,
            "seed": wanted.seed,
        }


def run(rig: Rig, wanted: Wanted) -> dict[str, Any]:
    """The whole campaign on a new rig. If it does not come to its end, `unfinished` says why, and
    what can be said by then is said: an event that is under way counts as missing."""
    began_s = time.monotonic()
    with ExitStack() as parts:
        push = PushService(received=rig.folder / "screens.jsonl")
        parts.enter_context(in_thread(push))
        parts.callback(rig.lines.close)
        config = rig.up()
        (rig.folder / "log").mkdir(exist_ok=True)
        province = Province(rig, config, wanted)
        province.found(push)
        parts.callback(province.end)
        done: dict[str, Any] = {"unfinished": None}
        try:
            _carry_out(province, wanted, done)
        except (Exception, KeyboardInterrupt) as why:  # noqa: BLE001 - what is known is told
            traceback.print_exc()
            done["unfinished"] = f"{type(why).__name__}: {why}"
        province.nodes.stop()
        counted = _count(province, done)
    return {
        "seed": wanted.seed,
        **counted,
        "crashes": dict(province.crashes) | {"nodes": province.nodes.crashes},
        "lost": dict(sorted(Counter(fault.kind for fault in province.row).items())),
        "unreceived": sum(fault.is_unreceived for fault in province.row),
        **done,
        "took_s": round(time.monotonic() - began_s, 1),
        "row": [fault.told() for fault in province.row],
    }


def _carry_out(province: Province, wanted: Wanted, done: dict[str, Any]) -> None:
    """All but the count; what is known goes to `done`."""
    province.nodes.start()
    _lose(province, wanted)
    done["settled_s"] = round(_settle(province, wanted.settle_s), 1)
    delays = _delays(province)
    writing_s = (max(delays)[0] - min(delays)[0]) / 1e6
    done["times"] = count_times(delays, province.row, events_s=len(delays) / writing_s)
    done["cost"] = _cost(province, wanted) if wanted.rush else None
    province.look()


def _count(province: Province, done: Mapping[str, Any]) -> dict[str, Any]:
    """Of what ended early the pictures are not read back."""
    config, folder, row = province.config, province.rig.folder, province.row
    hub = tally.Hub(config.store.url)
    spools = [
        tally.read_spool(Path(plan["journal"]), Path(plan["witness"])) for plan in province.plans
    ]
    pictures: dict[str, Any] = {"pictures_missing": 0, "pictures_wrong": 0}  # not looked at
    if done["unfinished"] is None:
        pictures = _count_pictures(hub, bucket(config, staging=folder / "staging"))
    stored = hub.ask("SELECT spool_id, seq, id, kind, received_utc_us FROM events")
    screens = folder / "screens.jsonl"
    return {
        **tally.count_events(spools, hub),
        **pictures,
        **tally.count_notifications(hub, screens),
        "wrong": [
            *findings.of_events(findings.written(province.plans), stored, row),
            *findings.of_screens(screens, row),
        ],
    }


def faults_of(rig: Rig, faults: str) -> list[str]:
    """The parts that are killed, and the kinds of lines that are cut."""
    kills = () if faults == "cuts" else rig.parts
    cuts = () if faults == "kills" else rig.lines.kinds
    return [*kills, *cuts]


def faults(counted: Mapping[str, Any]) -> list[str]:
    """Sentences about what is lost, doubled or out of order, or ended by itself."""
    found = []
    if counted["unfinished"] is not None:  # then what is under way counts as missing
        found.append(f"it did not reach its end: {counted['unfinished']}")
    found += tally.faults(dict(counted))
    if counted["out_of_order"]:
        found.append(f"{counted['out_of_order']} events after a later one of their node")
    if counted["dropped_numbers"]:
        found.append(f"{counted['dropped_numbers']} events dropped by their node, which had room")
    if counted["unreceived"]:
        wait = f"within {RECEIPTS_S:.0f} s of its end"
        found.append(f"after {counted['unreceived']} faults not all was received {wait}")
    ended = {name: times for name, times in counted["crashes"].items() if times}
    return found + [f"{name} ended by itself {times} times" for name, times in ended.items()]


def late(counted: Mapping[str, Any]) -> list[str]:
    """Sentences about parts whose loss held events up for too long."""
    found = []
    for kind, (usual_s, most_s) in SERVED.items():
        one = counted.get("times", {}).get(kind)
        if one is None:
            continue
        if one["slowest_s"] > most_s:
            found.append(f"after the loss of a {kind} an event took {one['slowest_s']} s")
        if usual_s is not None and one["p99_of_a_minute_s"] > usual_s:
            found.append(f"after the loss of a {kind} p99 was {one['p99_of_a_minute_s']} s")
    return found


def count_times(
    delays: Sequence[tuple[int, float]], row: Sequence[Fault], *, events_s: float
) -> dict[str, Any]:
    """Of the events that were received after each kind of fault, and before the next one.

    `delays`: when each was received, in µs since 1970, and what it took from its writing at the
    node until the node had the receipt, in seconds. p99 is that of a minute from the fault on: the
    rest of it, after the next fault, counts as undisturbed.
    """
    by_kind: dict[str, list[float]] = {}
    starts = [fault.began_us for fault in row]
    for received_us, took_s in delays:
        number = sum(start <= received_us for start in starts)
        if number:
            by_kind.setdefault(row[number - 1].of, []).append(took_s)
    times = Counter(fault.of for fault in row)
    found = {}
    for kind, took in sorted(by_kind.items()):
        took.sort(reverse=True)
        may_be_late = int(MINUTE_S * events_s * times[kind] / 100)
        found[kind] = {
            "events": len(took),
            "median_s": round(took[len(took) // 2], 2),
            "p99_of_a_minute_s": round(took[min(may_be_late, len(took) - 1)], 2),
            "slowest_s": round(took[0], 2),
        }
    return found


def _lose(province: Province, wanted: Wanted) -> None:
    """Until all events are written and each kind was lost."""
    dice, rig, row = random.Random(wanted.seed), province.rig, province.row
    kinds = faults_of(rig, wanted.faults)
    deck = _decks(kinds, dice)
    began_s = time.monotonic()
    progress = Progress(began_s)
    until(lambda: all(spooled(plan) for plan in province.plans), "every node has begun")
    while True:
        written = sum(spooled(plan) for plan in province.plans)
        progress.say(f"{written} of {wanted.events} events, {len(row)} faults", time.monotonic())
        if written >= wanted.events and len(row) >= len(kinds):
            return
        if time.monotonic() - began_s > 300 + 90 * len(kinds) + 4 * wanted.events / wanted.events_s:
            raise TimeoutError(f"only {written} events and {len(row)} faults")
        if shutil.disk_usage(rig.folder).free < ROOM_BYTES:
            raise TimeoutError(f"the disk has less than {ROOM_BYTES / 2**30:.0f} GiB left")
        province.await_whole()
        _lose_one(province, next(deck), dice, wanted)
        time.sleep(wanted.calm_s)


def _lose_one(province: Province, kind: str, dice: random.Random, wanted: Wanted) -> None:
    rig, row = province.rig, province.row
    ended: list[str] = []
    name = kind.replace("?", dice.choice("123"))
    row.append(Fault(kind, _now_us(), name))
    if ">" in kind:
        name = rig.lines.cut(kind, dice)
    else:
        until(lambda: ended.extend(rig.kill(name)) or ended, f"no {name} to kill", every_s=1)
        name = name if ended == [name] else f"{name} ({', '.join(ended)})"
    row[-1] = replace(row[-1], name=name)
    is_succeeded = kind == "leader" and sum(fault.kind == kind for fault in row) % 2 == 1
    time.sleep(dice.uniform(*(SUCCEEDED_S if is_succeeded else wanted.away_s)))
    rig.lines.heal()
    for one in ended:
        rig.start(one)
    back_us = _now_us()
    row[-1] = replace(row[-1], back_us=back_us)
    is_received = _await_receipts(province, before_us=back_us)
    row[-1] = replace(row[-1], received_us=_now_us() if is_received else None)
    print(f"campaign: {row[-1].told()}", file=sys.stderr, flush=True)


def _decks(kinds: Sequence[str], dice: random.Random) -> Iterator[str]:
    while True:
        yield from dice.sample(kinds, len(kinds))


def _await_receipts(province: Province, *, before_us: int) -> bool:
    """False if not all has come within `RECEIPTS_S`."""
    until_s = time.monotonic() + RECEIPTS_S
    question = "SELECT min(utc_us) FROM events WHERE receipted_utc_us IS NULL"
    while is_owed := any(
        (_of_journal(one, question)[0][0] or before_us) < before_us for one in province.plans
    ):
        province.nodes.look()
        if time.monotonic() > until_s:
            break
        time.sleep(0.25)
    province.look()
    return not is_owed


def _delays(province: Province) -> list[tuple[int, float]]:
    question = "SELECT receipted_utc_us, utc_us FROM events WHERE receipted_utc_us IS NOT NULL"
    return [
        (received, (received - written) / 1e6)
        for plan in province.plans
        for received, written in _of_journal(plan, question)
    ]


def _of_journal(plan: Mapping[str, Any], question: str) -> list[tuple[int, ...]]:
    with closing(
        sqlite3.connect(f"file:{plan['journal']}?mode=ro", uri=True, timeout=10)
    ) as journal:
        return journal.execute(question).fetchall()


def _settle(province: Province, settle_s: float) -> float:
    """Until nobody owes anything; what is left at the deadline is for the count to say."""
    hub = tally.Hub(province.config.store.url)
    queued = "SELECT count(*) FROM notifications WHERE state = 'queued'"
    began_s = time.monotonic()
    while time.monotonic() - began_s < settle_s:
        province.look()
        # In the order of the walk, so that nothing is looked for before it can be there.
        if (
            all(Path(plan["enough"]).with_name("at-rest").exists() for plan in province.plans)
            and not any(owed(plan) for plan in province.plans)
            and not hub.number(queued)
        ):
            break
        time.sleep(0.5)
    return time.monotonic() - began_s


def _cost(province: Province, wanted: Wanted) -> dict[str, Any]:
    """Of a rush of events without a fault, and of the time before it without events."""
    processes = province.rig.processes
    hub = tally.Hub(province.config.store.url)
    before = _amounts(province, hub)
    begin = province.rush(wanted.rush)
    time.sleep(IDLE_S / 2)  # the nodes connect
    began_s, first = time.monotonic(), spent_s(processes())
    time.sleep(IDLE_S)
    rushed_s, second = time.monotonic(), spent_s(processes())
    begin.touch()
    _settle(province, wanted.settle_s)
    ended_s, third = time.monotonic(), spent_s(processes())
    idle = {name: (second[name] - first[name]) / (rushed_s - began_s) for name in second}
    busy = {name: third[name] - second[name] - idle[name] * (ended_s - rushed_s) for name in third}
    after = _amounts(province, hub)
    return costs(idle, busy, amounts={name: after[name] - before[name] for name in after})


def _amounts(province: Province, hub: tally.Hub) -> dict[str, int]:
    return {
        "events": sum(spooled(plan) for plan in province.plans),
        "pictures": hub.number("SELECT count(*) FROM media WHERE kind = 'picture'"),
        "notifications": hub.number("SELECT count(*) FROM notifications"),
    }


def _count_pictures(hub: tally.Hub, blobs: BlobBucket) -> dict[str, Any]:
    """As the tally does, of a bucket."""
    media = hub.ask("SELECT sha256, stored_utc_us, size_bytes FROM media WHERE kind = 'picture'")
    missing = [row[0] for row in media if row[1] is None]
    wrong = [
        digest
        for digest, stored, size in media
        if stored is not None and not _is_there(blobs, digest, size)
    ]
    return {
        "pictures": len(media),
        "pictures_missing": len(missing),
        "pictures_wrong": len(wrong),
        "which_pictures": [*missing, *wrong][: findings.MOST],
    }


def _is_there(blobs: BlobBucket, digest: str, size_bytes: int) -> bool:
    try:
        return sha256(b"".join(blobs.read(digest, length=size_bytes))).hexdigest() == digest
    except (BlobsError, OSError):
        return False


def _now_us() -> int:
    return time.time_ns() // 1000
