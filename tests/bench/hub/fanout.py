"""`bench fanout`: time until one alert reaches a thousand officers, each with one phone.

From the event's arrival at the store until a push service on loopback has accepted the last push,
with the notifier as in the hub: encryption and signature included.
"""

import argparse
import asyncio
import json
import os
import resource
import tempfile
import time
from base64 import urlsafe_b64encode
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select

from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.notifications.recorder import DeliveryRecorder
from hub.alerting.notifications.send import Sender
from hub.alerting.notifications.worker import Worker
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.intake.filing.filing import Filing
from hub.nodes import presence
from hub.notify.channels.post import new_client
from hub.notify.channels.reach import ANY
from hub.notify.channels.webpush import VapidSigner, WebPush
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.notify.tables import notifications
from hub.registry import registry
from tests.bench.hub import kinds
from tests.bench.hub.receiver import Receiver, receiving
from tests.bench.hub.talk import Talker

PHONES: Final = 1_000
ROUNDS: Final = 3
PATIENCE_S: Final = 120.0
LOOK_S: Final = 0.05
ERROR: Final = 40  # as in the standard library: no log line per push
NODE: Final = "nga-tu-000"
APART: Final = Policy(group_quiet_s=0, group_max_s=0, cooldown_s=0)
"""Each sighting raises an alert of its own, with sound."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments and the command."""
    parser.add_argument("--phones", type=int, default=PHONES, help="number of phones")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="number of alerts, one after the other"
    )
    parser.add_argument(
        "--database",
        action="append",
        metavar="URL",
        help="an empty database; default: a new SQLite file, then PostgreSQL if installed",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(do=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print; 1 if a phone got no push, or got it twice."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(ERROR))
    try:
        return _run(args)
    finally:
        structlog.configure(**before)


def _run(args: argparse.Namespace) -> int:
    found: dict[str, Any] = {
        "machine": kinds.machine(),
        "load_before": round(os.getloadavg()[0], 1),
        "phones": args.phones,
    }
    with tempfile.TemporaryDirectory(prefix="matthan-bench-") as folder, ExitStack() as stack:
        for url in kinds.databases(args.database, Path(folder), stack, bench="fanout"):
            with receiving() as receiver:
                found[kinds.name_of(url)] = measure(url, receiver, args)
        found["load_after"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=None if args.json else 2))
    told = [value for value in found.values() if isinstance(value, dict)]
    return 0 if all(one["missing"] == 0 and one["twice"] == 0 for one in told) else 1


def measure(url: str, receiver: Receiver, args: argparse.Namespace) -> dict[str, Any]:
    """Measure on one database: set up its town, then send one alert per round."""
    migrate(url)
    db = Database(url)
    talker = Talker(NODE, 1, Random(1))
    _fill(db, talker, receiver, phones=args.phones)
    rounds = asyncio.run(_rounds(db, talker, receiver, args))
    with db.reading() as conn:
        accepted = conn.scalar(
            select(func.count())
            .select_from(notifications)
            .where(notifications.c.state == "accepted")
        )
    db.close()
    pushes = sum(one["pushes"] for one in rounds)
    return {
        "last_push_s": [round(one["last_s"], 2) for one in rounds],
        "half_told_s": [round(one["half_s"], 2) for one in rounds],
        "all_recorded_s": [round(one["recorded_s"], 2) for one in rounds],
        "own_cpu_s": [round(one["cpu_s"], 2) for one in rounds],
        "missing": args.phones * args.rounds - (accepted or 0),
        "twice": pushes - sum(one["distinct"] for one in rounds),
    }


def _fill(db: Database, talker: Talker, receiver: Receiver, *, phones: int) -> None:
    """Create officers who may all see the one camera, each with a phone at the receiver."""
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    now = HubClock().now()
    rights = Right.SEE | Right.CLIPS | Right.ALERTED
    with db.writing() as conn:
        area_id = registry.add_area(conn, name="Tân Khai", level="xã", now=now)
        registry.add_node(conn, name=NODE, area_id=area_id, now=now)
        presence.note_birth(conn, talker.birth(now.utc_us), now=now)
        for number in range(phones):
            person_id = people_rows.add_person(
                conn,
                login=f"officer-{number}",
                name=f"Cán bộ {number}",
                language="vi",
                role="officer",
                password="for a benchmark alone",
                passwords=passwords,
                now=now,
            )
            grant = Grant(area_id, None, rights, now.utc_us)
            rows.add_grant(conn, person_id=person_id, grant=grant, reason="bench", now=now)
            phone = NewPhoneRow("webpush", f"{receiver.url}/{number}", _keys(), "bench")
            put_phone(conn, person_id, phone, now=now)


def _keys() -> str:
    """Keys as of a subscribed browser."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": public, "auth": os.urandom(16)}
    return json.dumps(
        {name: urlsafe_b64encode(key).rstrip(b"=").decode() for name, key in keys.items()}
    )


async def _rounds(
    db: Database, talker: Talker, receiver: Receiver, args: argparse.Namespace
) -> list[dict[str, float]]:
    """Run the notifier, and report a person again and again."""
    change_signal, client, clock = ChangeSignal(), new_client(private=ANY), HubClock()
    signer = VapidSigner(
        ec.generate_private_key(ec.SECP256R1()), subject="mailto:bench@hub.example", clock=clock
    )
    recorder = DeliveryRecorder(db, clock=clock)
    sender = Sender(
        channels={"webpush": WebPush(signer=signer, client=client)},
        recorder=recorder,
        clock=clock,
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    )
    worker = Worker(
        db=db, sender=sender, recorder=recorder, clock=clock, change_signal=change_signal
    )
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    filing = Filing(APART)
    rounds = []
    for _ in range(args.rounds):
        rounds.append(await _round(db, talker, filing, change_signal, receiver, phones=args.phones))
        await asyncio.sleep(1.0)
    stop.set()
    change_signal.ring()
    await running
    await client.aclose()
    return rounds


async def _round(
    db: Database,
    talker: Talker,
    filing: Filing,
    change_signal: ChangeSignal,
    receiver: Receiver,
    *,
    phones: int,
) -> dict[str, float]:
    event = talker.event(HubClock().now().utc_us, HubClock().now().utc_us)
    while event.body.kind != "sighting_opened":  # first, the person in view leaves
        with db.writing() as conn:
            filing.file_event(conn, event, now=HubClock().now())
        event = talker.event(HubClock().now().utc_us, HubClock().now().utc_us)
    began_s, cpu_s = time.monotonic(), _cpu_s()
    with db.writing() as conn:
        filing.file_event(conn, event, now=HubClock().now())
    change_signal.ring()
    came: dict[str, float] = {}
    pushes, deadline_s = 0, began_s + PATIENCE_S
    while len(came) < phones and time.monotonic() < deadline_s:
        await asyncio.sleep(LOOK_S)
        more, number = await asyncio.to_thread(receiver.taken)
        came = more | came
        pushes += number
    while await asyncio.to_thread(_queued, db) and time.monotonic() < deadline_s:
        await asyncio.sleep(LOOK_S)
    recorded_s = time.monotonic() - began_s
    used_s = _cpu_s() - cpu_s
    _, number = await asyncio.to_thread(receiver.taken)
    ends = sorted(moment - began_s for moment in came.values()) or [PATIENCE_S]
    return {
        "last_s": ends[-1],
        "half_s": ends[len(ends) // 2],
        "recorded_s": recorded_s,
        "cpu_s": used_s,
        "pushes": pushes + number,
        "distinct": len(came),
    }


def _queued(db: Database) -> int:
    query = select(func.count()).select_from(notifications)
    with db.reading() as conn:
        return conn.scalar(query.where(notifications.c.state == "queued")) or 0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
