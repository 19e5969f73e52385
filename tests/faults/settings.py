"""Pulls the plug on a node that takes settings from the hub: afterwards one complete state is
there.

    python -m tests.faults.settings --seed 1 --pulls 200 --kills 100

A node receives settings, restarts, proves them, falls back or refuses, at random; strace writes
down all its disk calls. For each pull the disk is then built as a pulled plug may leave it at that
call (`plug_disk`), and a node starts on it: it must read the last state that was reported as
stored, or the next one, never a third and never none. Then the same with kill -9 on the real disk.
Ends with 1 and the faults.
"""

import argparse
import json
import logging
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.config import AgentSettings, SettingsFromHub, load
from agent.config.remote.probation import ProbationStatus, Uptime
from agent.wire.settings import Configure, settings_hash
from tests.faults.carried import carried_out
from tests.faults.power.plug_disk import Call, Disk
from tests.faults.power.plug_trace import traced

TURNS: Final = 40
OWN: Final = """
[node]
name = "nga-tu-01"
[[camera]]
name = "cong"
recording = "/r.mp4"
[journal]
path = "{folder}/node/journal.db"
"""


@dataclass(frozen=True)
class Wanted:
    """Settings of a campaign."""

    seed: int
    pulls: int
    kills: int
    harm: bool = False
    """The node forgets to sync, to see that it is found."""


class Life:
    """One node, the same again for the same seed."""

    def __init__(self, own: AgentSettings, seed: int) -> None:
        self._own = own
        self._dice = random.Random(seed)
        self._uptime_s = 0.0
        self._version = 0
        self._begin()

    def _now(self) -> Uptime:
        return Uptime(UUID(int=1), self._uptime_s)

    def _begin(self) -> None:
        self._kept = SettingsFromHub.beside(self._own, now=self._now)
        self._kept.start()

    @property
    def state(self) -> str:
        """What is kept, as it lies in the file."""
        return self._kept.status.model_dump_json()

    def turn(self) -> None:
        """One thing happens."""
        self._uptime_s += self._dice.uniform(0, 40)
        match self._dice.choice(("hear", "hear", "hear", "prove", "begin", "over", "refuse")):
            case "hear":
                self._hear(self._dice.randint(0, 30))
                self._begin()
            case "refuse":
                self._hear(99)
            case "prove" if self._kept.is_on_probation:
                self._kept.prove()
            case "begin":
                self._begin()
            case _:
                if self._kept.fall_back_if_over():
                    self._begin()

    def _hear(self, preroll_s: int) -> None:
        self._version += 1
        # Long enough to be torn: a file system keeps what fits a sector whole.
        hours = [f"{hour:02d}:{minute:02d}-23:59" for hour in range(5) for minute in range(6)]
        body: dict[str, Any] = {
            "clips": {"preroll_s": preroll_s},
            "every_camera": {"alert_hours": hours},
        }
        said = Configure(
            version=self._version, sha256=settings_hash(body), within_s=60, settings=body
        )
        self._kept.receive(said)


def live(own: AgentSettings, seed: int, note: Callable[[str], None], *, harm: bool = False) -> None:
    """A whole life; each state is noted once it is said to be kept."""
    if harm:
        os.fsync = lambda _: None  # type: ignore[assignment]  # a system call that does nothing
    life = Life(own, seed)
    for _ in range(TURNS):
        life.turn()
        note(life.state)


class Campaign:
    """One life and its many ends."""

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self._folder = folder
        self._disk = folder / "disk"
        self._wanted = wanted
        self.faults: list[str] = []
        self.on_probation = 0
        config = folder / "agent.toml"
        config.write_text(OWN.format(folder=self._disk), encoding="utf-8")
        self._own = load(config)
        self._file = self._disk / "node" / "settings-from-hub.json"

    def pull(self, show: Callable[[int], None]) -> int:
        """The plug, so often; how many calls to the disk a life makes."""
        said = self._folder / "said"
        self._empty()
        calls = traced(lambda: self._live_noting(said), self._folder / "trace")
        states = [
            ProbationStatus().model_dump_json(),
            *said.read_text(encoding="utf-8").splitlines(),
        ]
        chance = random.Random(self._wanted.seed)
        cuts = sorted(chance.randint(1, len(calls)) for _ in range(self._wanted.pulls))
        disk, done, kept, ears = Disk(self._disk), 0, 0, set[int]()
        for number, cut in enumerate(cuts):
            for call in calls[done:cut]:
                if is_note(call, os.fsencode(said), ears):
                    kept += 1
                else:
                    disk.take(call)
            done = cut
            self._lay_out(disk.left(random.Random(f"{self._wanted.seed}-{number}")))
            self._look(f"pull {number} at call {cut}", states[kept : kept + 2])
            show(number + 1)
        return len(calls)

    def kill(self) -> None:
        """kill -9 on the real disk, at any moment."""
        chance = random.Random(self._wanted.seed)
        said = self._folder / "kill.said"
        for number in range(self._wanted.kills):
            self._empty()
            said.unlink(missing_ok=True)
            seed = chance.randint(0, 2**30)
            child = os.fork()
            if child == 0:
                self._live_noting(said, seed)
                os._exit(0)
            time.sleep(chance.uniform(0.0, 0.2))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            all_states: list[str] = [ProbationStatus().model_dump_json()]
            lines = said.read_text(encoding="utf-8").split("\n")[:-1] if said.exists() else []
            left = self._file.read_bytes() if self._file.exists() else None
            self._empty()
            live(self._own, seed, all_states.append)
            self._empty()
            if left is not None:
                self._file.parent.mkdir(parents=True)
                self._file.write_bytes(left)
            self._look(f"kill {number}", all_states[len(lines) : len(lines) + 2])

    def _live_noting(self, said: Path, seed: int | None = None) -> None:
        chosen = self._wanted.seed if seed is None else seed
        with said.open("ab", buffering=0) as file:
            live(
                self._own,
                chosen,
                lambda state: bool(file.write(state.encode() + b"\n")) and None,  # type: ignore[arg-type]  # its answer is not read
                harm=self._wanted.harm,
            )

    def _look(self, where: str, may_be: list[str]) -> None:
        """Which state a node finds that starts now, and that it works by it."""
        raw = self._file.read_bytes() if self._file.exists() else b""
        found = SettingsFromHub.beside(self._own, now=lambda: Uptime(UUID(int=1), 1e9)).status
        allowed = [json.loads(one) for one in may_be]
        # Between two notes a start is counted: a state of its own, of the same settings.
        if not any(_is_between(json.loads(found.model_dump_json()), one) for one in allowed):
            self.faults.append(f"{where}: {raw[:80]!r} is neither of the two that may be")
            return
        self.on_probation += found.probation is not None
        try:
            SettingsFromHub.beside(self._own).start()
        except Exception as error:  # noqa: BLE001 - whatever it is, no node starts
            self.faults.append(f"{where}: no start: {error!r}")

    def _lay_out(self, left: dict[Path, bytes | None]) -> None:
        self._empty()
        for path, data in left.items():
            if data is None:
                path.mkdir()
            else:
                path.write_bytes(data)

    def _empty(self) -> None:
        shutil.rmtree(self._disk, ignore_errors=True)
        self._disk.mkdir()


def _is_between(found: dict[str, Any], allowed: dict[str, Any]) -> bool:
    """The same, whatever the count of starts."""
    for one in (found, allowed):
        if one["probation"]:
            one["probation"]["starts"] = 0
    return found == allowed


def is_note(call: Call, said: bytes, ears: set[int]) -> bool:
    """Whether this call wrote a note; `ears` are the handles of the notes so far."""
    if call.name == "openat" and call.words[1] == said:
        ears.add(call.result)
    return call.name == "write" and call.words[0] in ears


def run(
    wanted: Wanted, folder: Path, show: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """The whole campaign in a new folder."""
    began_s = time.monotonic()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    campaign = Campaign(folder, wanted)
    calls = campaign.pull(show)
    campaign.kill()
    return {
        "seed": wanted.seed,
        "pulls": wanted.pulls,
        "kills": wanted.kills,
        "calls_to_the_disk": calls,
        "found_on_probation": campaign.on_probation,
        "faults": campaign.faults,
        "took_s": round(time.monotonic() - began_s, 1),
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pulls", type=int, default=200)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--harm", action="store_true", help="with a node that forgets to sync")
    parser.add_argument("--json", type=Path, help="write the summary there too")
    asked = parser.parse_args()
    wanted = Wanted(asked.seed, asked.pulls, asked.kills, asked.harm)
    return carried_out(
        lambda folder, show: run(wanted, folder, show),
        name="settings",
        wanted=wanted.pulls,
        report=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main())
