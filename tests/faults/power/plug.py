"""Pulls the plug on a writing agent: afterwards, what it had announced is there and plays.

    python -m tests.faults.power.plug --seed 1 --cuts 500

An agent records once, and strace writes down all disk calls of it and its journal. For each cut the
disk is then built as a pulled plug may leave it at that call: synced data is there, other data is
lost, torn, zeros or there by chance (`plug_disk`). The clip store starts on this disk. From outside
the campaign checks that every announced fragment has its bytes and plays, that every written row is
there, that no row lacks its file and no file its row. Ends with 1 and the faults.
"""

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":  # started by its path, as its page says
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from agent.journal import GrowingClips, Journal, MediaKind
from agent.media.frame import Instant
from agent.wire.messages import ClipBegun
from tests.faults import clip_count
from tests.faults.carried import carried_out
from tests.faults.clip_agent import MortalAgent, Plan
from tests.faults.clips import end_of, forked, plan_in
from tests.faults.power.plug_disk import Call, Disk
from tests.faults.power.plug_trace import traced

TURNS: Final = 12
HARMS: Final = ("files", "folders")
"""What a bad writer forgets to sync, to see that it is found."""


@dataclass(frozen=True)
class Wanted:
    """Settings of a campaign."""

    seed: int
    cuts: int
    harm: str | None = None


@dataclass
class Announced:
    """What was said of the disk up to a call."""

    grown: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """By the name that a clip has when it is whole: where its fragments begin, how many bytes of
    it were durable, and the hash of what lies between."""
    heard: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """The same of sound: what of it was durable when a turn was over."""
    rows: set[tuple[str, str]] = field(default_factory=set)
    """Names and hashes."""


@dataclass
class Tally:
    """Result of a campaign."""

    faults: list[str] = field(default_factory=list)
    fragments_found: int = 0
    sounds_found: int = 0
    rows_found: int = 0
    played: dict[str, int] = field(default_factory=dict)
    """By hash: how many frames."""


class _Told(GrowingClips):
    """Writes down what is told of clips under way, so that the trace has it in its place."""

    def __init__(self, journal: Journal, note: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(journal)
        self._note = note

    def grew(self, body: ClipBegun, path: Path, *, durable_bytes: int, at: Instant) -> None:
        """See `GrowingClips`."""
        super().grew(body, path, durable_bytes=durable_bytes, at=at)
        self._note({"grown": path.name, "bytes": durable_bytes})

    def dropped(self, clip_id: Any, **why: Any) -> None:
        """See `GrowingClips`."""
        super().dropped(clip_id, **why)
        self._note({"dropped": str(clip_id)})


def film(plan: Plan, seed: int, said: Path, harm: str | None) -> None:
    """One life, with what it announced written to `said`, a line each."""
    if harm == "files":
        os.fdatasync = lambda _: None  # type: ignore[assignment]  # a system call that does nothing
    if harm == "folders":
        os.fsync = lambda _: None  # type: ignore[assignment]  # the agent calls it for names
    with said.open("ab", buffering=0) as file:

        def note(what: dict[str, Any]) -> None:
            file.write(json.dumps(what).encode() + b"\n")

        agent = MortalAgent(plan, 0, lambda journal: _Told(journal, note))

        def note_rows() -> None:
            kept = [*agent.journal.kept(MediaKind.CLIP), *agent.journal.kept(MediaKind.PICTURE)]
            note({"rows": [(one.path.name, one.sha256) for one in kept]})
            for path in plan.clips.glob("*.sound.mp4.part"):  # what it wrote it has synced
                note({"heard": path.name, "bytes": path.stat().st_size})

        agent.live(random.Random(seed), turns=TURNS, after_each=note_rows)
        agent.leave()


class Campaign:
    """One film and its many cuts."""

    def __init__(self, plan: Plan, calls: list[Call], said: Path) -> None:
        self._plan = plan
        self._calls = calls
        self._said = os.fsencode(said)
        self._dropped = self._ever_dropped()
        self.tally = Tally()

    def run(self, cuts: Iterable[int], seed: int, show: Callable[[int], None]) -> None:
        """At each of these calls, in their order."""
        disk, announced, done, ears = Disk(self._plan.folder), Announced(), 0, set[int]()
        for number, cut in enumerate(sorted(cuts)):
            for call in self._calls[done:cut]:
                if (line := self._heard(call, ears)) is None:
                    disk.take(call)
                else:
                    self._note(json.loads(line), announced, disk)
            done = cut
            self._lay_out(disk.left(random.Random(f"{seed}-{number}")))
            self._look(f"cut {number} at call {cut}", announced)
            show(number + 1)

    def _heard(self, call: Call, ears: set[int]) -> bytes | None:
        """The line that was announced by this call, if that is what it did."""
        if call.name == "openat" and call.words[1] == self._said:
            ears.add(call.result)
        elif call.name == "write" and call.words[0] in ears and isinstance(call.words[1], bytes):
            return call.words[1]
        return None

    def _ever_dropped(self) -> set[str]:
        ears: set[int] = set()
        lines = [line for call in self._calls if (line := self._heard(call, ears)) is not None]
        return {said["dropped"] for said in map(json.loads, lines) if "dropped" in said}

    def _note(self, said: dict[str, Any], announced: Announced, disk: Disk) -> None:
        announced.rows |= {(name, digest) for name, digest in said.get("rows", ())}
        for what, known in (("grown", announced.grown), ("heard", announced.heard)):
            if (name := said.get(what)) and not any(one in name for one in self._dropped):
                data = disk.now(self._plan.clips / name)
                assert data is not None, name
                begin, end = data.index(b"moof") - 4, said["bytes"]
                digest = sha256(data[begin:end]).hexdigest()
                known[name.removesuffix(".part")] = begin, end, digest

    def _lay_out(self, left: dict[Path, bytes | None]) -> None:
        shutil.rmtree(self._plan.folder)
        self._plan.folder.mkdir()
        for path, data in left.items():
            if data is None:
                path.mkdir()
            else:
                path.write_bytes(data)

    def _look(self, where: str, announced: Announced) -> None:
        def start() -> None:
            agent = MortalAgent(self._plan, 1)
            agent.mend()
            agent.leave()

        if (ended := end_of(forked(start))) != 0:
            self.tally.faults.append(f"{where}: the shelf did not start again: {ended}")
            return
        wrong = [
            *self._announced_and_gone(announced),
            *self._heard_and_gone(announced),
            *self._files_and_rows(announced),
        ]
        self.tally.faults += [f"{where}: {one}" for one in wrong]

    def _announced_and_gone(self, announced: Announced) -> list[str]:
        wrong = []
        for name, (begin, end, digest) in announced.grown.items():
            path = self._plan.clips / name
            if not path.is_file():
                wrong.append(f"announced and gone: {name}")
            elif sha256(path.read_bytes()[begin:end]).hexdigest() != digest:
                wrong.append(f"announced and not whole: {name}")
            else:
                self.tally.fragments_found += 1
        return wrong

    def _heard_and_gone(self, announced: Announced) -> list[str]:
        """Sound whose clip is there."""
        wrong = []
        for name, (begin, end, digest) in announced.heard.items():
            path = self._plan.clips / name
            if not (self._plan.clips / clip_count.clip_of(name)).is_file():
                continue
            if not path.is_file():
                wrong.append(f"heard and gone: {name}")
            elif sha256(path.read_bytes()[begin:end]).hexdigest() != digest:
                wrong.append(f"heard and not whole: {name}")
            else:
                self.tally.sounds_found += 1
        return wrong

    def _files_and_rows(self, announced: Announced) -> list[str]:
        clips, others, _ = clip_count.rows(self._plan.journal)
        rows = [*clips, *others]
        wrong = [f"dangling row: {row.path.name}" for row in rows if clip_count.is_dangling(row)]
        there = {(row.path.name, row.sha256) for row in rows}
        wrong += [f"row gone: {name}" for name, _ in sorted(announced.rows - there)]
        self.tally.rows_found += len(announced.rows & there)
        wrong += clip_count.strays(self._plan.clips, [row.path.name for row in clips])
        for path in self._plan.clips.glob("*.sound.mp4"):
            wrong += self._play(clip_count.Row(path, sha256(path.read_bytes()).hexdigest(), 0))
        for row in (row for row in rows if not clip_count.is_dangling(row)):
            if clip_count.has_other_bytes(row):
                wrong.append(f"other bytes than its row says: {row.path.name}")
            elif row in clips:
                wrong += self._play(row)
        return wrong

    def _play(self, row: clip_count.Row) -> list[str]:
        if row.sha256 not in self.tally.played:
            self.tally.played[row.sha256] = clip_count.decoded_frames(row.path)
        frames = clip_count.frames_in_whole_fragments(row.path)
        played = self.tally.played[row.sha256]
        return [] if played == frames else [f"{played} of {frames} frames play: {row.path.name}"]


def run(
    wanted: Wanted, folder: Path, show: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """The whole campaign in a new folder."""
    began_s = time.monotonic()
    disk = folder / "disk"
    disk.mkdir()
    plan, said = plan_in(folder, disk, None, max_bytes=2**40), folder / "said"
    calls = traced(lambda: film(plan, wanted.seed, said, wanted.harm), folder / "trace")
    campaign = Campaign(plan, calls, said)
    chance = random.Random(wanted.seed)
    campaign.run([chance.randint(1, len(calls)) for _ in range(wanted.cuts)], wanted.seed, show)
    tally = campaign.tally
    return {
        "seed": wanted.seed,
        "cuts": wanted.cuts,
        "calls_to_the_disk": len(calls),
        "announced_clips_found": tally.fragments_found,
        "announced_sounds_found": tally.sounds_found,
        "announced_rows_found": tally.rows_found,
        "clips_decoded": len(tally.played),
        "frames_decoded": sum(tally.played.values()),
        "faults": tally.faults,
        "took_s": round(time.monotonic() - began_s, 1),
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--harm", choices=HARMS, help="with a writer that forgets to sync these")
    parser.add_argument("--json", type=Path, help="write the summary there too")
    asked = parser.parse_args()
    wanted = Wanted(asked.seed, asked.cuts, asked.harm)
    return carried_out(
        lambda folder, show: run(wanted, folder, show),
        name="plug",
        wanted=wanted.cuts,
        report=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main())
