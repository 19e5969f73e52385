"""Kills a writing agent again and again: afterwards its footage plays and is indexed.

    python -m tests.faults.clips --seed 1 --kills 1000
    python -m tests.faults.clips --seed 1 --kills 300 --tmpfs-mb 3

Each run of the agent records until it is killed: from outside at a random moment, or at one of its
disk calls, some of them half-way through a write. Every third time the end of the file being
written is cut or followed by zeros, as a power cut leaves it. Then the clip store starts anew. From
outside the campaign checks that every complete fragment plays (ffmpeg decodes it) and is indexed,
and that no row names a missing file. Ends with 1 and the faults if it finds any.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import structlog

from agent.journal import JournalError
from tests.agent.rigs.sealing import office
from tests.agent.rigs.spoken import spoken
from tests.agent.rigs.stage import read
from tests.faults import clip_count
from tests.faults.carried import carried_out
from tests.faults.clip_agent import MortalAgent, Plan
from tests.faults.rigs.mortal import Fate, put_below

LONGEST_LIFE_S: Final = 0.25
MOST_CALLS: Final = 200
ALL_BUT_FULL_BYTES: Final = 32 * 1024
CROWDED: Final = 0.2
REFUSED: Final = 3
"""How a life ends that its journal would not let begin or go on: a full disk."""
BROKE: Final = 4


@dataclass(frozen=True)
class Wanted:
    """Settings of a campaign."""

    seed: int
    kills: int
    tmpfs_mb: int | None = None


@dataclass
class Tally:
    """Result of a campaign."""

    deeds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    clips_decoded: int = 0
    frames_decoded: int = 0
    sounds_decoded: int = 0
    files_mended: int = 0
    removed_for_room: int = 0


class Campaign:
    """One shelf and its many lives."""

    def __init__(self, wanted: Wanted, plan: Plan) -> None:
        self._wanted = wanted
        self._plan = plan
        self._checked: dict[Path, tuple[int, int]] = {}
        self.tally = Tally()

    def run(self, show: Callable[[int], None]) -> None:
        """All of its lives, each followed by a look at what it left."""
        for life in range(self._wanted.kills):
            chance = random.Random(f"{self._wanted.seed}-{life}")
            self._live(chance, life)
            if shutil.disk_usage(self._plan.folder).free < ALL_BUT_FULL_BYTES:
                self.tally.deeds["disk was full"] += 1
            written = self.whole_frames()
            self._spoil(chance)
            # A fragment that is filled up with zeros was never there.
            whole = {
                name: min(frames, written[name])
                for name, frames in self.whole_frames().items()
                if name in written
            }
            with self._crowded(chance):
                removed = self._mend(life)
            self.check(life, whole, removed)
            show(life + 1)

    def _live(self, chance: random.Random, life: int) -> None:
        """Until it is killed; a life that ends otherwise is counted, or a fault."""
        from_below = chance.random() < 0.5
        calls = chance.randint(1, MOST_CALLS)

        def live() -> None:
            if from_below:
                put_below(Fate(calls, chance))
            MortalAgent(self._plan, life).live(chance)

        child = forked(live)
        if not from_below:
            time.sleep(chance.uniform(0, LONGEST_LIFE_S))
            os.kill(child, signal.SIGKILL)
        ended = end_of(child)
        if ended == -signal.SIGKILL:
            self.tally.deeds["killed from below" if from_below else "killed from outside"] += 1
        elif ended == REFUSED:
            self.tally.deeds["ended by a full disk"] += 1
        else:
            self.tally.faults.append(f"life {life} ended with {ended}, not by a kill")

    def _spoil(self, chance: random.Random) -> None:
        """Damage the end of a file as a power cut does while it is written."""
        unfinished = sorted(self._plan.clips.glob("*.mp4.part"))
        if not unfinished or chance.random() > 1 / 3:
            return
        victim = chance.choice(unfinished)
        if chance.random() < 0.7:
            os.truncate(victim, chance.randint(0, victim.stat().st_size))
            self.tally.deeds["tail cut"] += 1
            return
        try:
            with victim.open("ab") as file:
                file.write(bytes(chance.randint(1, 5000)))
            self.tally.deeds["zeros behind"] += 1
        except OSError:
            pass  # no room for them

    @contextmanager
    def _crowded(self, chance: random.Random) -> Iterator[None]:
        """On a small disk, now and then: a stranger's file takes its last byte for a while."""
        if self._wanted.tmpfs_mb is None or chance.random() > CROWDED:
            yield
            return
        others = self._plan.folder / "others"
        with others.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(chance.randint(1, 4096))):
                pass
        self.tally.deeds["filled to the last byte"] += 1
        yield
        others.unlink()

    def whole_frames(self) -> dict[str, int]:
        """By the name that a file has when it is whole: frames that have to play afterwards."""
        found = {
            path.name.removesuffix(".part"): clip_count.frames_in_whole_fragments(path)
            for path in self._plan.clips.glob("*.mp4*")
            if self._checked.get(path) != _mark(path)
        }
        return {name: frames for name, frames in found.items() if frames}

    def _mend(self, life: int) -> set[str]:
        """A start of the shelf; returns the names of what it removed to make room."""
        report = self._plan.folder.parent / "removed.json"
        report.unlink(missing_ok=True)

        def mend() -> None:
            removed: list[str] = []
            structlog.configure(processors=[_removals_into(removed)])
            agent = MortalAgent(self._plan, life)
            agent.mend()
            agent.leave()
            report.write_text(json.dumps(removed), encoding="utf-8")

        if (ended := end_of(forked(mend))) != 0:
            self.tally.faults.append(f"life {life}: the shelf did not start again: {ended}")
            return set()
        return set(json.loads(report.read_text(encoding="utf-8")))

    def check(self, life: int, whole: dict[str, int], removed: set[str]) -> None:
        """Files against rows, and every new clip decoded."""
        clips, others, held = clip_count.rows(self._plan.journal)
        wrong = [f"dangling row: {row.path.name}" for row in (*clips, *others)
                 if clip_count.is_dangling(row)]  # fmt: skip
        indexed = {row.path.name: row for row in clips}
        sounds = {name: frames for name, frames in whole.items() if clip_count.is_sound(Path(name))}
        lost = whole.keys() - sounds.keys() - indexed.keys() - removed
        wrong += [f"{whole[name]} whole frames not indexed: {name}" for name in sorted(lost)]
        wrong += clip_count.strays(self._plan.clips, indexed)
        for name, frames in sounds.items():
            if clip_count.clip_of(name) in indexed:
                wrong += self._listen(self._plan.clips / name, frames)
        missing = held - {row.sha256 for row in clips}
        wrong += [f"held and gone: {sha256}" for sha256 in sorted(missing)]
        self.tally.files_mended += len(whole.keys() & indexed.keys())
        self.tally.removed_for_room += len(removed)
        for row in clips:
            if not clip_count.is_dangling(row) and self._checked.get(row.path) != _mark(row.path):
                wrong += self._play(row, whole.get(row.path.name))
        self.tally.faults += [f"life {life}: {one}" for one in wrong]

    def _listen(self, path: Path, frames: int) -> list[str]:
        decoded = clip_count.decoded_frames(path)
        self.tally.sounds_decoded += 1
        if decoded != frames:
            return [f"{decoded} frames are heard of {frames}: {path.name}"]
        self._checked[path] = _mark(path)
        return []

    def _play(self, row: clip_count.Row, frames: int | None) -> list[str]:
        self._checked[row.path] = _mark(row.path)
        decoded = clip_count.decoded_frames(row.path)
        self.tally.clips_decoded += 1
        self.tally.frames_decoded += max(0, decoded)
        if clip_count.has_other_bytes(row):
            return [f"other bytes than its row says: {row.path.name}"]
        if decoded < 0 or decoded != frames:
            return [f"{decoded} frames play of {frames}: {row.path.name}"]
        return []


def _mark(path: Path) -> tuple[int, int]:
    """By which a file is known to be unchanged."""
    now = path.stat()
    return now.st_size, now.st_mtime_ns


def forked(act: Callable[[], None]) -> int:
    """A process of its own that does it and ends."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    structlog.configure(processors=[_drop])
    code = 0
    try:
        act()
    except JournalError:
        code = REFUSED
    except Exception:  # noqa: BLE001 - a child: whatever it is, its parent is told
        traceback.print_exc()
        code = BROKE
    os._exit(code)


def end_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _drop(_logger: object, _method: str, _event: Any) -> Any:
    raise structlog.DropEvent


def _removals_into(removed: list[str]) -> Callable[[object, str, Any], Any]:
    def note(_logger: object, _method: str, line: Any) -> Any:
        if line["event"] == "footage_removed":
            removed.append(line["path"])
        raise structlog.DropEvent

    return note


def run(
    wanted: Wanted, folder: Path, show: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """The whole campaign in a new folder."""
    began_s = time.monotonic()
    disk = folder / "disk"
    disk.mkdir()
    with _small_disk(disk, wanted.tmpfs_mb):
        campaign = Campaign(wanted, plan_in(folder, disk, wanted.tmpfs_mb))
        campaign.run(show)
    tally = campaign.tally
    return {
        "seed": wanted.seed,
        "kills": wanted.kills,
        "tmpfs_mb": wanted.tmpfs_mb,
        "deeds": dict(sorted(tally.deeds.items())),
        "files_mended": tally.files_mended,
        "clips_decoded": tally.clips_decoded,
        "frames_decoded": tally.frames_decoded,
        "sounds_decoded": tally.sounds_decoded,
        "removed_for_room": tally.removed_for_room,
        "faults": tally.faults,
        "took_s": round(time.monotonic() - began_s, 1),
    }


def plan_in(folder: Path, disk: Path, tmpfs_mb: int | None, *, max_bytes: int = 4 * 2**20) -> Plan:
    """A short video, the papers of a node, and an empty disk that keeps so many bytes of clips."""
    video = folder / "video.mp4"
    make = "ffmpeg -v error -f lavfi -i testsrc2=size=160x120:rate=10:duration=6 -c:v libx264"
    subprocess.run([*make.split(), "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p", str(video)],
                   check=True)  # fmt: skip
    stream, packets = read(video)
    (folder / "ca").mkdir()
    return Plan(
        folder=disk,
        max_bytes=2**40 if tmpfs_mb else max_bytes,
        spare_bytes=(tmpfs_mb or 0) * 2**20 // 6,
        stream=stream,
        packets=tuple(packets),
        sound=tuple(spoken(folder / "sound.m4a")),
        sealer=office(folder / "ca").sealer(),
    )


@contextmanager
def _small_disk(folder: Path, size_mb: int | None) -> Iterator[None]:
    if size_mb is None:
        yield
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--tmpfs-mb", type=int, help="on a disk of so many megabytes, often full")
    parser.add_argument("--json", type=Path, help="write the summary there too")
    asked = parser.parse_args()
    wanted = Wanted(asked.seed, asked.kills, asked.tmpfs_mb)
    return carried_out(
        lambda folder, show: run(wanted, folder, show),
        name="clips",
        wanted=wanted.kills,
        report=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main())
