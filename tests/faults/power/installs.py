"""Pulls the plug on a node while its installer runs: what worked still works, and the next run
repairs.

    python -m tests.faults.power.installs --seed 1 --pulls 200

The real deploy/node/install.sh installs a release for the first time or over another one, in a root
whose disk is a separate ext4 (`install_root`). At any of its commands, or some moments after, the
plug is pulled (unsynced data is lost) or the installer is killed by -9. After that, a box that had
a release must have a complete one, its configuration, and complete units; a box that had none has
none or a complete one; and the installer, run again, must leave the same as a run without a fault.
Needs root. If it is told to end, it reports the pulls so far. Ends with 1 and the faults.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.faults.carried import carried_out
from tests.faults.power.install_checkout import CONFIG, HARMS, make_release, put_stand_ins
from tests.faults.power.install_root import Root, apart, in_memory, kill, why_not
from tests.faults.power.install_state import Release, broken, unfinished

DELAYS_S: Final = (0.003, 0.03, 0.3)
"""From a command to the pull, at most: within it, within the next ones, within a longer one."""
LONG_S: Final = 0.05
"""A command that takes so long is one to pull amid, as venv, pip and Debian's packages."""
AFTER_THE_END: Final = 40


@dataclass(frozen=True)
class Wanted:
    """Settings of a campaign."""

    seed: int
    pulls: int
    real: int = 0
    """One in so many with venv and pip themselves; 0: none."""
    harm: str = ""
    """A fault that is planted in the installer, to see that it is found."""


@dataclass
class Counts:
    """Counts of a campaign."""

    plugs: int = 0
    kills: int = 0
    first: int = 0
    turned: int = 0
    """After the pull the new release was in use."""
    amid_pip: int = 0
    finished: int = 0
    """The installer had ended before the pull."""


class Campaign:
    """Two releases, two disks to begin from, and the pulls."""

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self._folder, self._wanted = folder, wanted
        self._root = Root(folder)
        self._played = folder / "played"
        self._chance = random.Random(wanted.seed)
        self.faults: list[str] = []
        self.counts = Counts()
        for name in ("played/venv", "played/whole", "old", "new"):
            (folder / name).mkdir(parents=True)
        make_release(folder / "old", "1.0")
        make_release(folder / "new", "2.0", harm=wanted.harm)
        self._prepare()

    def _prepare(self) -> None:
        """The two disks, and what venv and pip write, by two runs of the real thing."""
        self._root.make_disk()
        self._root.plug_in()
        put_stand_ins(self._root.path, self._played)
        shutil.copytree(self._folder / "old", self._root.path / "srv/old")
        shutil.copytree(self._folder / "new", self._root.path / "srv/new")
        self._root.unplug()
        self._root.keep(self._folder / "first.img")
        self._root.plug_in()
        self._old = self._installed("old")
        etc = self._root.path / "etc/matthan"
        (etc / "agent.toml").write_text(CONFIG, "utf-8")
        (self._root.path / "var/lib/matthan/slot-proved").write_text(self._old.slot, "utf-8")
        # Once more, since a configuration is given to its group then.
        self._whole_run("old")
        self._root.unplug()
        self._root.keep(self._folder / "upgrade.img")
        self._root.plug_in()
        self._new = self._installed("new")
        self._root.unplug()
        self._root.lay(self._folder / "upgrade.img")
        self._root.plug_in(played=self._played)
        self._times_s: list[float] = []
        self._run_until("new", 10**9, 0.0)
        self._root.unplug()
        self.commands = len(self._times_s)
        spans = zip(self._times_s, self._times_s[1:], strict=False)
        gaps = enumerate((after - before for before, after in spans), 1)
        self._long = [(at, gap) for at, gap in gaps if gap > LONG_S]

    def _installed(self, name: str) -> Release:
        """By a run of the real thing; what it left, and what is laid down from then on."""
        self._whole_run(name)
        link = self._root.path / "opt/matthan/agent"
        slot = link.readlink()
        inside = self._root.path / slot.relative_to("/")
        _copy(inside, self._played / "whole" / slot.name)
        (self._played / "whole" / slot.name / "whole").unlink()
        venv = self._root.path / "opt/venv" / slot.name
        code, said = self._root.run("/usr/bin/python3", "-m", "venv", f"/opt/venv/{slot.name}")
        assert code == 0, said
        _copy(venv, self._played / "venv" / slot.name)
        shutil.rmtree(venv.parent)
        for place in (
            inside,
            self._played / "whole" / slot.name,
            self._played / "venv" / slot.name,
        ):
            for pip in place.glob("lib/python3*/site-packages/pip*"):
                shutil.rmtree(pip)  # nine files in ten, which nothing needs that is looked at here
        return Release(self._folder / name, str(slot), self._played / "whole" / slot.name)

    def _whole_run(self, name: str) -> None:
        code, said = self._root.run("bash", f"/srv/{name}/deploy/node/install.sh")
        if code != 0:
            raise AssertionError(f"the installer ended with {code}: {said[-2000:]}")

    def pull(self, number: int) -> None:
        """One pull, and what was found afterwards."""
        is_first, is_kill = self._chance.random() < 0.4, self._chance.random() < 0.3
        at, most_s = self._moment()
        delay_s = self._chance.uniform(0, most_s)
        real = bool(self._wanted.real) and number % self._wanted.real == 0
        played = None if real else self._played
        commit_s = self._chance.choice((1, 5))
        where = f"pull {number} ({'first' if is_first else 'upgrade'}, at command {at}"
        where += f" + {delay_s:.3f} s, {'killed' if is_kill else 'plug'})"
        self._root.lay(self._folder / ("first.img" if is_first else "upgrade.img"))
        self._root.plug_in(commit_s=commit_s, played=played)
        ended = self._run_until("new", at, delay_s, plug=not is_kill)
        self._root.unplug()
        self._root.plug_in(played=played)
        if not is_kill:
            self._root.clear_locks()
        self._count(is_first, is_kill, ended)
        for fault in self._look(is_first, ended):
            self.faults.append(f"{where}: {fault}")
            print(self.faults[-1], file=sys.stderr, flush=True)
        self._root.unplug()

    def _moment(self) -> tuple[int, float]:
        """At which command, and how long after its beginning at most."""
        if self._long and self._chance.random() < 0.3:
            return self._chance.choice(self._long)
        at = self._chance.randint(1, self.commands + AFTER_THE_END)
        return at, self._chance.choice(DELAYS_S)

    def _look(self, is_first: bool, ended: bool) -> Iterator[str]:
        before = None if is_first else self._old
        config = None if is_first else CONFIG
        yield from broken(self._root, before, self._new, config=config)
        if ended:
            for fault in unfinished(self._root, self._new, config=config):
                yield f"the installer had ended well, but {fault}"
        code, said = self._root.run("bash", "/srv/new/deploy/node/install.sh")
        if code != 0:
            yield f"the next run ended with {code}: {said[-400:]}"
            return
        for fault in unfinished(self._root, self._new, config=config):
            yield f"after the next run {fault}"

    def _count(self, is_first: bool, is_kill: bool, ended: bool) -> None:
        home = self._root.path / "opt/matthan"
        self.counts.kills += is_kill
        self.counts.plugs += not is_kill
        self.counts.first += is_first
        self.counts.finished += ended
        slot = home / Path(self._new.slot).name
        self.counts.amid_pip += slot.exists() and not (slot / "whole").exists()
        link = home / "agent"
        self.counts.turned += link.is_symlink() and str(link.readlink()) == self._new.slot

    def _run_until(self, name: str, command: int, delay_s: float, *, plug: bool = False) -> bool:
        """Whether the installer came to a good end before."""
        ears, mouth = os.pipe()
        env = {"BASH_ENV": "/srv/counted.sh", "COUNTED": str(mouth)}
        script = f"/srv/{name}/deploy/node/install.sh"
        process = self._root.begin("bash", script, env=env, fds=(mouth,))
        os.close(mouth)
        count, self._times_s = 0, []
        while count < command and (heard := os.read(ears, 4096)):
            count += len(heard)
            self._times_s += [time.monotonic()] * len(heard)
        time.sleep(delay_s)
        ended = process.poll() == 0
        if plug:
            self._root.pull()
        kill(process)
        assert process.stdout is not None
        process.stdout.close()
        os.close(ears)
        return ended


def _copy(what: Path, where: Path) -> None:
    shutil.copytree(what, where, symlinks=True)


def run(wanted: Wanted, show: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """The whole campaign."""
    began_s = time.monotonic()
    with in_memory() as memory:
        campaign = Campaign(memory, wanted)
        ends: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: ends.append(number))
        done = 0
        while done < wanted.pulls and not ends:
            done += 1
            campaign.pull(done)
            show(done)
    return {
        "seed": wanted.seed,
        "pulls": done,
        "commands_of_a_run": campaign.commands,
        **vars(campaign.counts),
        "faults": campaign.faults,
        "took_s": round(time.monotonic() - began_s, 1),
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pulls", type=int, default=200)
    parser.add_argument("--real", type=int, default=0, help="one in so many with pip itself")
    parser.add_argument("--harm", choices=HARMS, default="", help="a fault that must be found")
    parser.add_argument("--json", type=Path, help="write the summary there too")
    asked = parser.parse_args()
    wanted = Wanted(asked.seed, asked.pulls, asked.real, asked.harm)
    if lack := why_not():
        summary = {"passed_over": lack, "faults": []}
        if asked.json:
            asked.json.write_text(json.dumps(summary), "utf-8")
        print(f"passed over: {lack}", file=sys.stderr)
        return 0
    apart()
    return carried_out(
        lambda _, show: run(wanted, show),
        name="installs",
        wanted=wanted.pulls,
        report=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main())
