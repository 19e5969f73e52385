"""Kills parts of a province (tests/rigs/province.sh) and cuts its lines, and then counts.

    .venv/bin/python tests/faults/province.py --events 10000 --seed 1 [--faults kills|cuts]
        [--folder FOLDER] [--json]

Killed with -9, and started again seconds later: a process of the hub, PostgreSQL's leader with its
Patroni, a broker, one zone of Swift, one etcd. Cut, and healed seconds later: a line between two of
them, or from the nodes to one. The rig in FOLDER is made anew and removed after a campaign without
a fault. Exit code 0: nothing is lost, doubled, out of order or late. 1: a sentence for each fault.
2: the campaign did not reach its end.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

import httpx

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hub.app.config.settings import HubSettings, load
from hub.nodes.pki.authority import Authority
from tests.faults.rigs import losses
from tests.faults.rigs.lines import Lines
from tests.faults.town import ROOT

RIG: Final = ROOT / "tests" / "rigs" / "province.sh"
BROKERS: Final = ("broker-1", "broker-2", "broker-3")
PARTS: Final = (
    *("hub-1", "hub-2", "hub-3", "hub-4", "leader", "swift-*-2", "etcd-3"),
    *BROKERS,
)
IN_STEP: Final = {("leader", "running"), ("sync_standby", "streaming"), ("replica", "streaming")}
"""PostgreSQL's servers, as Patroni calls them."""
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

    def is_whole(self) -> bool:
        """Each process of the hub answers, and two servers follow the leader, one in step."""
        hubs = [self._ask(name, "health") for name in PARTS if name.startswith("hub-")]
        asked = (self._ask(f"patroni-{number}", "cluster") for number in (1, 2, 3))
        said: Any = next((answer.json()["members"] for answer in asked if answer is not None), [])
        return None not in hubs and {(one["role"], one["state"]) for one in said} == IN_STEP

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

    def _ask(self, name: str, path: str) -> httpx.Response | None:
        """What a part answers; None where it is not well."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self._ports[name]}/{path}", timeout=5)
        except httpx.HTTPError:
            return None
        return answer if answer.status_code == 200 else None

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
    """What the arguments ask for."""
    parser = argparse.ArgumentParser(description="Lose parts of a province, then count.")
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--faults", choices=("all", "kills", "cuts"), default="all")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/matthan-province-faults"))  # noqa: S108 - the rig's user passes through
    parser.add_argument("--json", action="store_true", help="only the numbers, as JSON")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    if folder.exists():
        print(f"province: {folder} is there already: give another --folder", file=sys.stderr)
        return 2
    folder.mkdir(mode=0o711, parents=True)
    signal.signal(signal.SIGTERM, _end)
    rig = Province(folder)
    try:
        counted = losses.run(rig, wanted(rig, asked))
    except (TimeoutError, subprocess.CalledProcessError) as why:
        print(f"province: {why}. Logs: {folder}/log", file=sys.stderr)
        rig.end(keeps=True)
        return 2
    found = losses.faults(counted) + losses.late(counted)
    print(json.dumps(counted, indent=None if asked.json else 2))
    for fault in found:
        print(f"province: {fault}. Logs: {folder}/log", file=sys.stderr)
    rig.end(keeps=bool(found))
    return 1 if found else 0


def _end(*_: object) -> NoReturn:
    raise TimeoutError("it was told to end")


if __name__ == "__main__":
    sys.exit(main())
