"""Pulls the plug on a node that updates its programs: afterwards one complete slot is in use.

    python -m tests.faults.power.slots --seed 1 --pulls 200

Slots are filled, switched to, proved or left again, at random, as installer, guard and agent do it;
strace writes down all disk calls. For each pull the disk is then built as a pulled plug may leave
it at that call (`plug_disk`). The link must point to a complete slot, the earlier or the later one;
and starts that never reach a broker must lead to a slot that did. Ends with 1 and the faults.
"""

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from agent.journal.durable import make_folder, sync_folder, write_whole
from agent.updates.slots import MOST_STARTS, WHOLE, Slots
from tests.faults.carried import carried_out
from tests.faults.power.plug_disk import Disk
from tests.faults.power.plug_trace import traced
from tests.faults.settings import is_note

TURNS: Final = 40
BOOT: Final = "00000000-0000-0000-0000-000000000001"
PROGRAM: Final = b"#!" + b"program " * 400


@dataclass(frozen=True)
class Wanted:
    """Settings of a campaign."""

    seed: int
    pulls: int
    harm: bool = False
    """The slots are turned without a sync, to see that it is found."""


class Life:
    """One node's slots, the same again for the same seed."""

    def __init__(self, home: Path, seed: int) -> None:
        self._home = home
        self._mark = home / "slot-proved"
        self._slots = Slots(home, mark=self._mark)
        self._dice = random.Random(seed)
        self._uptime_s = 0.0
        self._count = 0
        self.proved: str = ""
        self._fill()
        self._slots.turn(self._filled, boot=BOOT, uptime_s=0)
        self._prove()

    def turn(self) -> None:
        """One thing happens."""
        self._uptime_s += self._dice.uniform(0, 200)
        match self._dice.choice(("update", "update", "start", "start", "prove")):
            case "update":
                self._fill()
                self._slots.turn(self._filled, boot=BOOT, uptime_s=self._uptime_s)
            case "start":
                self._slots.guard(boot=BOOT, uptime_s=self._uptime_s)
            case _:
                self._prove()

    def _fill(self) -> None:
        """Fill a slot like the installer: the programs, synced, then the mark of a complete
        slot."""
        self._count += 1
        self._filled = self._home / f"agent-{self._count}"
        self._filled.mkdir()
        for name, content in (("program", PROGRAM), (WHOLE, b"")):
            with (self._filled / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self._filled)
            sync_folder(self._home)

    def _prove(self) -> None:
        """Prove a slot like the agent after it has reached its broker."""
        in_use = self._slots.in_use
        write_whole(self._mark, str(in_use).encode(), mode=0o644)
        self.proved = str(in_use)


def live(home: Path, seed: int, note: Callable[[str], None], *, harm: bool = False) -> None:
    """A whole life; which slot is in use, and which was proved, is noted after each turn."""
    make_folder(home)
    life = Life(home, seed)
    if harm:
        os.fsync = lambda _: None  # type: ignore[assignment]  # a system call that does nothing
    for _ in range(TURNS):
        note(json.dumps({"in_use": str(life._slots.in_use), "proved": life.proved}))
        life.turn()
    note(json.dumps({"in_use": str(life._slots.in_use), "proved": life.proved}))


class Campaign:
    """One life and its many ends."""

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self._folder = folder
        self._disk = folder / "disk"
        self._home = self._disk / "matthan"
        self._wanted = wanted
        self.faults: list[str] = []
        self.on_probation = 0
        self.fell_back = 0
        self._proved: set[str] = set()

    def pull(self, show: Callable[[int], None]) -> int:
        """The plug, so often; how many calls to the disk a life makes."""
        said = self._folder / "said"
        self._disk.mkdir()
        calls = traced(lambda: self._live(said), self._folder / "trace")
        notes = [json.loads(line) for line in said.read_text(encoding="utf-8").splitlines()]
        ears: set[int] = set()
        numbers = [
            number for number, call in enumerate(calls) if is_note(call, os.fsencode(said), ears)
        ]
        chance = random.Random(self._wanted.seed)
        first = numbers[0] + 1  # before that the node has no programs yet
        cuts = sorted(chance.randint(first, len(calls)) for _ in range(self._wanted.pulls))
        disk, done, known = Disk(self._disk), 0, 0
        for number, cut in enumerate(cuts):
            for place in range(done, cut):
                if place in numbers:
                    known += 1
                else:
                    disk.take(calls[place])
            done = cut
            left = disk.left_with_links(random.Random(f"{self._wanted.seed}-{number}"))
            self._lay_out(left)
            self._proved = {one["proved"] for one in notes[: known + 1]}
            self._look(f"pull {number} at call {cut}", notes[known - 1 : known + 1])
            show(number + 1)
        return len(calls)

    def _live(self, said: Path) -> None:
        with said.open("ab", buffering=0) as file:

            def note(line: str) -> None:
                file.write(line.encode() + b"\n")

            live(self._home, self._wanted.seed, note, harm=self._wanted.harm)

    def _look(self, where: str, may_be: list[dict[str, str]]) -> None:
        slots = Slots(self._home, mark=self._home / "slot-proved")
        in_use = slots.in_use
        if in_use is None or not _is_whole(in_use):
            self.faults.append(f"{where}: {in_use} is in use and not whole")
            return
        if str(in_use) not in {one["in_use"] for one in may_be}:
            self.faults.append(f"{where}: {in_use} is in use, of {may_be}")
            return
        probation = slots.probation()
        self.on_probation += probation is not None
        # From here on no start reaches a broker.
        for start in range(MOST_STARTS + 2):
            slots.guard(boot=f"boot {start}", uptime_s=0)
        after = slots.in_use
        self.fell_back += after != in_use
        if after is None or not _is_whole(after) or slots.probation() is not None:
            self.faults.append(f"{where}: after some starts {after} is in use")
        elif str(after) not in self._proved:
            self.faults.append(f"{where}: {after} is gone back to and never reached a broker")
        elif probation is not None and not slots.is_proved(str(in_use)) and after == in_use:
            self.faults.append(f"{where}: {after} stays though it never reached a broker")

    def _lay_out(self, left: dict[Path, bytes | Path | None]) -> None:
        shutil.rmtree(self._disk, ignore_errors=True)
        self._disk.mkdir()
        for path, data in left.items():
            if data is None:
                path.mkdir()
            elif isinstance(data, Path):
                path.symlink_to(data)
            else:
                path.write_bytes(data)


def _is_whole(slot: Path) -> bool:
    program = slot / "program"
    whole = (slot / WHOLE).is_file()
    return whole and program.is_file() and program.read_bytes() == PROGRAM


def run(
    wanted: Wanted, folder: Path, show: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """The whole campaign in a new folder."""
    began_s = time.monotonic()
    campaign = Campaign(folder, wanted)
    calls = campaign.pull(show)
    return {
        "seed": wanted.seed,
        "pulls": wanted.pulls,
        "calls_to_the_disk": calls,
        "found_on_probation": campaign.on_probation,
        "fell_back": campaign.fell_back,
        "faults": campaign.faults,
        "took_s": round(time.monotonic() - began_s, 1),
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pulls", type=int, default=200)
    parser.add_argument("--harm", action="store_true", help="with slots that are not synced")
    parser.add_argument("--json", type=Path, help="write the summary there too")
    asked = parser.parse_args()
    wanted = Wanted(asked.seed, asked.pulls, asked.harm)
    return carried_out(
        lambda folder, show: run(wanted, folder, show),
        name="slots",
        wanted=wanted.pulls,
        report=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main())
