"""Kills parts of a province (tests/rigs/province.sh) while people walk by, and then counts.

    .venv/bin/python tests/faults/province.py --events 300 --seed 1 [--folder FOLDER] [--json]

Killed with -9, and started again seconds later: a process of the hub, PostgreSQL's leader with its
Patroni, a broker, one zone of Swift, one etcd. The rig in FOLDER is made anew and removed after a
campaign without a fault. Exit code 0: nothing is lost or doubled. 1: a sentence for each fault.
2: the campaign did not reach its end.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.push_service import PushService, in_thread
from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.app.config.settings import load
from hub.app.wiring.resources import bucket
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.storage.s3 import BlobBucket
from hub.nodes.pki.authority import Authority
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.registry import registry
from tests.faults import tally
from tests.faults.campaign import Progress, owed, spooled
from tests.faults.town import OFFICERS, PASSWORD, PHONES_EACH, ROOT, Child

RIG: Final = ROOT / "tests" / "rigs" / "province.sh"
BROKERS: Final = ("broker-1", "broker-2", "broker-3")
KINDS: Final = (
    *("hub-1", "hub-2", "hub-3", "hub-4", "leader", "swift-*-2", "etcd-3"),
    *BROKERS,
)
AWAY_S: Final = (1.0, 8.0)
CALM_S: Final = 8.0
"""From a return to the next kill: every part can bear the loss of one, not of two."""
NODES: Final = 6
ROUND_S: Final = 20.0
"""What the loss of one part takes; people walk by as long as all are lost once."""
MOST_EVENTS_S: Final = 4.0
SETTLE_S: Final = 420.0
EACH_ON_ITS_OWN: Final = {
    "MATTHAN_HUB__PUSH__CALM_ALERTS": "1000000",
    "MATTHAN_HUB__ALERTS__GROUP_QUIET_S": "1",
    "MATTHAN_HUB__ALERTS__GROUP_MAX_S": "4",
    "MATTHAN_HUB__ALERTS__COOLDOWN_S": "0",
}
"""Short alerts, so that many are owed, and each rings."""


class Rig:
    """The rig of one folder, by its own commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.killed: Counter[str] = Counter()

    def do(self, *words: str) -> str:
        """One command; raises CalledProcessError."""
        done = subprocess.run(
            [RIG, *words, self.folder],
            env={**os.environ, **EACH_ON_ITS_OWN},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def port(self, name: str) -> int:
        """Of a part."""
        lines = (self.folder / "ports").read_text().splitlines()
        return int(dict(line.split() for line in lines)[name])

    def kill(self, kind: str) -> list[str]:
        """The names of what was killed."""
        said = self.do("kill", kind).splitlines()
        self.killed[kind] += 1
        return [line.split()[1] for line in said if line.endswith(" is killed")]

    @property
    def is_whole(self) -> bool:
        """Two servers follow the leader, one of them in step: it may be lost."""
        return "ok   two PostgreSQL follow" in self.check()

    def check(self) -> str:
        """What its check says."""
        done = subprocess.run(
            [RIG, "check", self.folder], stdout=subprocess.PIPE, text=True, check=False
        )
        return done.stdout


class Province:
    """Nodes, officers and phones of a rig."""

    def __init__(self, rig: Rig, push: PushService, *, events: int, seed: int) -> None:
        self.rig = rig
        self.config = load(rig.folder / "hub-1" / "hub.toml")
        self.plans = [self._plan(number, events, seed) for number in range(NODES)]
        self._found(push)
        path = rig.folder / "plan-0.json"
        path.write_text(json.dumps(self.plans, indent=1))
        self.nodes = Child(
            "nodes",
            [sys.executable, "-m", "tests.faults.node", str(path)],
            rig.folder / "log" / "nodes",
        )

    def _plan(self, number: int, events: int, seed: int) -> dict[str, Any]:
        name, folder = f"nga-tu-{number:03}", self.rig.folder
        home = folder / "nodes" / name
        (home / "journal").mkdir(parents=True)
        (home / "pictures").mkdir()
        at = number % len(BROKERS)
        ports = [self.rig.port(broker) for broker in (*BROKERS[at:], *BROKERS[:at])]
        authority = Authority.open(folder / "ca")
        papers = authority.issue_client(name, datetime.now(UTC))
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
            "events": events // NODES + (number < events % NODES),
            "pace_s": NODES / _events_s(events),
            "seed": seed,
        }

    def _found(self, push: PushService) -> None:
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


def run(rig: Rig, *, events: int, seed: int) -> dict[str, Any]:
    """The whole campaign on a new rig; TimeoutError if it does not come to its end."""
    began_s = time.monotonic()
    with ExitStack() as parts:
        push = PushService(received=rig.folder / "screens.jsonl")
        parts.enter_context(in_thread(push))
        rig.do("up")
        province = Province(rig, push, events=events, seed=seed)
        parts.callback(province.nodes.kill)
        province.nodes.start()
        _kill_until_written(province, events=events, seed=seed)
        settled_s = _settle(province)
        province.nodes.stop()
        url = province.config.store.url
        hub = tally.Hub(url)
        spools = [
            tally.read_spool(Path(plan["journal"]), Path(plan["witness"]))
            for plan in province.plans
        ]
        counted = {
            **tally.count_events(spools, hub),
            **_count_pictures(hub, bucket(province.config, staging=rig.folder / "staging")),
            **tally.count_notifications(hub, rig.folder / "screens.jsonl"),
        }
    return {
        "seed": seed,
        **counted,
        "killed": dict(sorted(rig.killed.items())),
        "crashes": province.nodes.crashes,
        "settled_s": round(settled_s, 1),
        "took_s": round(time.monotonic() - began_s, 1),
    }


def _kill_until_written(province: Province, *, events: int, seed: int) -> None:
    """Until all events are written and each kind was killed."""
    dice, rig = random.Random(seed), province.rig
    deck: list[str] = []
    began_s = time.monotonic()
    progress = Progress(began_s)
    while True:
        written = sum(spooled(plan) for plan in province.plans)
        progress.say(f"{written} of {events} events, {rig.killed.total()} kills", time.monotonic())
        if written >= events and rig.killed.keys() >= set(KINDS):
            return
        if time.monotonic() - began_s > 120 + 60 * len(KINDS) + 4 * events / _events_s(events):
            raise TimeoutError(f"only {written} events and {rig.killed.total()} kills")
        if not deck:
            deck = dice.sample(KINDS, len(KINDS))
        kind = deck.pop()
        if kind == "leader":
            _until(lambda: rig.is_whole, "the leader has two followers")
        names = rig.kill(kind)
        time.sleep(dice.uniform(*AWAY_S))
        for name in names:
            rig.do("start", name)
        province.nodes.look()
        time.sleep(CALM_S)


def _settle(province: Province) -> float:
    """Until nobody owes anything; what is left at the deadline is for the count to say."""
    hub = tally.Hub(province.config.store.url)
    queued = "SELECT count(*) FROM notifications WHERE state = 'queued'"
    began_s = time.monotonic()
    while time.monotonic() - began_s < SETTLE_S:
        province.nodes.look()
        # In the order of the walk, so that nothing is looked for before it can be there.
        if (
            all(Path(plan["enough"]).with_name("at-rest").exists() for plan in province.plans)
            and not any(owed(plan) for plan in province.plans)
            and not hub.number(queued)
        ):
            break
        time.sleep(1)
    return time.monotonic() - began_s


def _count_pictures(hub: tally.Hub, blobs: BlobBucket) -> dict[str, int]:
    """As the tally does, of a bucket."""
    media = hub.ask("SELECT sha256, stored_utc_us, size_bytes FROM media WHERE kind = 'picture'")
    stored = [row for row in media if row[1] is not None]
    wrong = sum(
        sha256(b"".join(blobs.read(digest, length=size))).hexdigest() != digest
        for digest, _, size in stored
    )
    return {
        "pictures": len(media),
        "pictures_missing": len(media) - len(stored),
        "pictures_wrong": wrong,
    }


def _events_s(events: int) -> float:
    return min(MOST_EVENTS_S, events / (ROUND_S * len(KINDS)))


def _until(claim: Any, what: str) -> None:
    until_s = time.monotonic() + 180
    while not claim():
        if time.monotonic() > until_s:
            raise TimeoutError(f"not so: {what}")
        time.sleep(1)


def main() -> int:
    """What the arguments ask for."""
    parser = argparse.ArgumentParser(description="Kill parts of a province, then count.")
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/matthan-province-faults"))  # noqa: S108 - the rig's user passes through
    parser.add_argument("--json", action="store_true", help="only the numbers, as JSON")
    asked = parser.parse_args()
    rig = Rig(asked.folder.resolve())
    if rig.folder.exists():
        print(f"province: {rig.folder} is there already: give another --folder", file=sys.stderr)
        return 2
    rig.folder.mkdir(mode=0o711, parents=True)
    try:
        counted = run(rig, events=asked.events, seed=asked.seed)
    except (TimeoutError, subprocess.CalledProcessError) as why:
        print(f"province: {why}. Logs: {rig.folder}/log", file=sys.stderr)
        rig.do("stop")
        return 2
    found = tally.faults(counted)
    print(json.dumps(counted, indent=None if asked.json else 2))
    for fault in found:
        print(f"province: {fault}. Logs: {rig.folder}/log", file=sys.stderr)
    rig.do("stop" if found else "remove")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
