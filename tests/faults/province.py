"""Kills parts of a province (tests/rigs/province.sh) and cuts its lines, then counts losses.

    .venv/bin/python tests/faults/province.py --events 10000 --seed 1 [--faults kills|cuts]
        [--folder FOLDER] [--out FILE] [--json]

Killed with -9, and started again seconds later: a process of the hub, PostgreSQL's leader with its
Patroni or each alone, a follower with its own, a broker, one etcd, Caddy, one zone of Swift, its
proxy or its cache. Cut, and healed seconds later: a line between two of them, or from the nodes to
one. The seed shuffles both into one row. The rig in FOLDER is made anew, and removed after a
campaign without a fault. FILE (FOLDER.json) gets the counts, each fault, and each event that became
wrong.

Exit code 0: nothing is lost, doubled, out of order or late. 1: a sentence for each fault. 2: the
campaign did not reach its end, or was told to end; what is known by then is told.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.broker import HOST
from hub.app.config.settings import HubSettings, load
from hub.nodes.pki.authority import Authority
from tests.faults.rigs import losses
from tests.faults.rigs.lines import Lines
from tests.faults.town import ROOT

RIG: Final = ROOT / "tests" / "rigs" / "province.sh"
BROKERS: Final = ("broker-1", "broker-2", "broker-3")
HUBS: Final = ("hub-1", "hub-2", "hub-3", "hub-4")
INTAKES: Final = ("hub-1", "hub-2")
PARTS: Final = (
    *(*HUBS, *BROKERS, "leader", "follower", "postgres", "patroni", "etcd-?", "caddy"),
    *("swift-*-?", "swift-proxy", "swift-cache"),
)
"""A question mark is one of three numbers; `postgres` and `patroni` are those of the leader."""
ASKED: Final = {
    **dict.fromkeys(HUBS, "health"),
    **{f"{name}-{number}": "health" for name in ("etcd", "patroni") for number in (1, 2, 3)},
    **{
        f"swift-{name}-{number}": "healthcheck"
        for name in ("account", "container", "object")
        for number in (1, 2, 3)
    },
    "s3": "healthcheck",
}
"""What each part has to answer."""
FOLLOWERS: Final = (
    "SELECT count(*) FILTER (WHERE state = 'streaming'),"
    " count(*) FILTER (WHERE sync_state = 'sync') FROM pg_stat_replication"
)
ROUND_S: Final = 15.0
"""What a fault takes; people walk by as long as each comes once."""
MOST_EVENTS_S: Final = 4.0
RUSH: Final = 300
EACH_ON_ITS_OWN: Final = {
    "MATTHAN_HUB__PUSH__CALM_ALERTS": "1000000",
    "MATTHAN_HUB__ALERTS__GROUP_QUIET_S": "1",
    "MATTHAN_HUB__ALERTS__GROUP_MAX_S": "4",
    "MATTHAN_HUB__ALERTS__COOLDOWN_S": "0",
}
"""Short alerts, so that many are owed, and each rings."""


class Province:
    """The rig of one folder, by its own commands; parts reach one another by lines."""

    parts: Final = PARTS

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines = Lines()
        self._client = httpx.Client(timeout=5, trust_env=False)
        (folder / "has-lines").touch()
        self._do("build")
        lines = (line.split() for line in (folder / "ports").read_text().splitlines())
        self._ports = ports = {name: int(port) for name, port in lines}
        for name, port in ports.items():
            if ">" in name:
                self.lines.lay(name, ports[name.split(">")[1]], port=port)
        self.brokers = [(name, self.lines.lay(f"nodes>{name}", ports[name])) for name in BROKERS]

    def up(self) -> HubSettings:
        """All of it."""
        self._do("up")
        return load(self.folder / "hub-1" / "hub.toml")

    @property
    def authority(self) -> Authority:
        """The hub's own."""
        return Authority.open(self.folder / "ca")

    def kill(self, part: str) -> list[str]:
        """The names of what was killed."""
        said = self._do("kill", part).splitlines()
        return [line.split()[1] for line in said if line.endswith(" is killed")]

    def start(self, name: str) -> None:
        """Start it again."""
        self._do("start", name)

    def look(self) -> list[str]:
        """What does not run, and was not killed: all that was is started again by then."""
        said = (line.split() for line in self._do("names").splitlines())
        ended = [name for name, state in said if state != "runs"]
        for name in ended:
            self._do("start", name)
        return ended

    def lacks(self) -> list[str]:
        """Each part answers, each process with the intake hears each broker, and two servers follow
        the leader, one in step."""
        lacks = [name for name, path in ASKED.items() if not self._is_well(name, path)]
        lacks += [one for one in self.lines.unused("hub>broker") if one.startswith(INTAKES)]
        try:
            socket.create_connection((HOST, self._ports["pages"]), 5).close()
        except OSError:
            lacks.append("caddy")
        return lacks + self._out_of_step()

    def _out_of_step(self) -> list[str]:
        """Patroni would say for 20 s that a killed follower follows."""
        ports = ",".join(str(self._ports[f"pg-{number}"]) for number in (1, 2, 3))
        try:
            with psycopg.connect(
                host=",".join([HOST] * 3),
                port=ports,
                user="postgres",
                dbname="postgres",
                password=(self.folder / "password").read_text().strip(),
                target_session_attrs="read-write",
                connect_timeout=5,
            ) as conn:
                follow = conn.execute(FOLLOWERS).fetchone()
        except psycopg.Error as error:
            return [f"PostgreSQL: {error}"]
        return [] if follow == (2, 1) else [f"PostgreSQL: followers, in step: {follow}"]

    def processes(self) -> Mapping[str, Sequence[int]]:
        """By the files that the rig keeps; PostgreSQL begins a session for itself."""
        found: dict[str, list[int]] = {}
        for path in sorted((self.folder / "run").glob("*.pid")):
            found[path.stem] = [int(path.read_text().split()[0])]
        for path in self.folder.glob("pg-*/data/postmaster.pid"):
            with suppress(OSError):
                found[path.parts[-3]].append(int(path.read_text().splitlines()[0]))
        return found

    def end(self, *, keeps: bool) -> None:
        """Stop all; and delete the folder, unless it is kept."""
        self._do("stop" if keeps else "remove")

    def _is_well(self, name: str, path: str) -> bool:
        try:
            answer = self._client.get(f"http://{HOST}:{self._ports[name]}/{path}")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    def _do(self, *words: str) -> str:
        """One command; raises CalledProcessError."""
        done = subprocess.run(
            [RIG, *words, self.folder],
            env={**os.environ, **EACH_ON_ITS_OWN},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout


def wanted(rig: Province, asked: argparse.Namespace) -> losses.Wanted:
    """The campaign for these arguments: slow enough that each fault comes once."""
    kinds = losses.faults_of(rig, asked.faults)
    return losses.Wanted(
        events=asked.events,
        seed=asked.seed,
        events_s=min(MOST_EVENTS_S, asked.events / (ROUND_S * len(kinds))),
        faults=asked.faults,
        rush=RUSH,
    )


def main() -> int:
    """Run the campaign of the arguments."""
    parser = argparse.ArgumentParser(description="Lose parts of a province, then count.")
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--faults", choices=("all", "kills", "cuts"), default="all")
    parser.add_argument("--folder", type=Path, help="default: one of the seed in /var/tmp")
    parser.add_argument(
        "--out", type=Path, help="all that is found, as JSON (default: FOLDER.json)"
    )
    parser.add_argument("--json", action="store_true", help="only the numbers, as JSON")
    asked = parser.parse_args()
    # The rig's user passes through.
    folder = (asked.folder or Path(f"/var/tmp/matthan-province-faults-{asked.seed}")).resolve()  # noqa: S108
    if folder.exists():
        print(f"province: {folder} is there already: give another --folder", file=sys.stderr)
        return 2
    folder.mkdir(mode=0o711, parents=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rig, found = None, ["it did not come to its count"]
    try:
        rig = Province(folder)
        counted = losses.run(rig, wanted(rig, asked))
        found = losses.faults(counted) + losses.late(counted)
        tell(counted, found, asked, folder)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - no part is left running
        traceback.print_exc()
        print(f"province: it did not come to its count. Logs: {folder}/log", file=sys.stderr)
        return 2
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # it ends already
        if rig is not None:
            rig.end(keeps=bool(found))
    if counted["unfinished"] is not None:
        return 2
    return 1 if found else 0


def tell(
    counted: Mapping[str, Any], found: Sequence[str], asked: argparse.Namespace, folder: Path
) -> None:
    """Everything to the file; the numbers, and a sentence for each fault, to the terminal."""
    out = asked.out or folder.with_name(f"{folder.name}.json")
    out.write_text(json.dumps({**counted, "found": found}, indent=1) + "\n")
    numbers = {name: said for name, said in counted.items() if name not in {"row", "wrong"}}
    print(json.dumps(numbers, indent=None if asked.json else 2))
    for line in (*found, *counted["wrong"]):
        print(f"province: {line}", file=sys.stderr)
    logs = f" Logs: {folder}/log" if found else ""
    print(f"province: all of it: {out}.{logs}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
