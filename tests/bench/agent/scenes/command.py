"""`bench scenes`: play the suite and print its table, or JSON."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.app.models import models_manifest
from agent.cameras.port import CameraError
from agent.inference.manifest import ModelError
from agent.replay.replay import REFUSED
from agent.replay.sight import Sight, sight
from tests.bench.agent.scenes import baseline
from tests.bench.agent.scenes.conditions import CONDITIONS
from tests.bench.agent.scenes.judge import Verdict, judge
from tests.bench.agent.scenes.motion import RESTLESS, Covered, Restless, covered, restless
from tests.bench.agent.scenes.night import LogError, Night, Shift, logged, shifts_of, summed, watch
from tests.bench.agent.scenes.play import shown_to
from tests.bench.agent.scenes.programme import Material, programme
from tests.bench.agent.scenes.table import (
    motion_table,
    night_table,
    scene_line,
    scene_table,
    tamper_table,
    totals,
)
from tests.bench.agent.scenes.tamper import Alarmed, Noticed, alarmed, noticed
from tests.bench.agent.scenes.truth import TruthError

Views = tuple[list[Noticed], list[Alarmed]]
"""Results for tampered cameras, and for untouched ones."""

FAILED = 1
NIGHT_H = 10.0
TREE_SHA256 = "4666099d0f704e310047b2f0a5ec9f936cb76a7271de9a2e70a0c57f82ac82dc"
CURE = "Run deploy/recording.sh --scenes in the checkout."
SCENES = Path(__file__).parents[3] / "scenes"
"""Folder of truth and baseline in a checkout; an installed agent needs --truth."""

REFUSALS = (CameraError, ModelError, TruthError, baseline.BaselineError, LogError, OSError)


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    add_material(parser)
    parser.add_argument("--short", action="store_true", help="the short form of the tests")
    parser.add_argument("--full", action="store_true", help=f"also a night of {NIGHT_H:g} hours")
    parser.add_argument("--hours", type=float, help="also a night of HOURS")
    parser.add_argument("--seed", type=int, default=0, help="random numbers of the night (0)")
    parser.add_argument(
        "--log",
        type=Path,
        metavar="FILE",
        help="save the progress of the night here, and continue from it",
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes for the night (1)")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only scenes with TEXT in the name"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="fail if a scene is below this baseline"
    )
    parser.add_argument(
        "--propose", type=Path, metavar="FILE", help="write a baseline from this run"
    )


def add_material(parser: argparse.ArgumentParser) -> None:
    """The common options of all scene benches: recordings, models and output."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--models", type=Path, help="folder of the models' manifest")
    parser.add_argument("--recordings", type=Path, default=cache(), help="folder of the recordings")
    parser.add_argument(
        "--truth", type=Path, default=SCENES / "vtest.truth.toml", help="file of the truth"
    )


def run(args: argparse.Namespace) -> int:
    """Run the suite; 78 without recordings, truth or model; 1 below the baseline."""
    try:
        stock = material(args.recordings, args.truth)
        manifest = models_manifest(args.models)
        seers = sight(manifest)
        floors = baseline.load(args.baseline) if args.baseline else {}
        hours = args.hours or (NIGHT_H if args.full else 0.0)
        plan = list(shifts_of(hours, still=stock.still, tree=stock.tree, seed=args.seed))
        done = logged(args.log, plan) if args.log else []
    except REFUSALS as error:
        print(f"bench scenes: {error}", file=sys.stderr)
        return REFUSED
    verdicts = _played(stock, seers, is_short=args.short, only=args.only, aloud=not args.json)
    is_whole = not (args.short or args.only)
    moving = _moving(stock) if is_whole else None
    views = (list(noticed(stock)), list(alarmed(stock, hours=hours))) if is_whole else None
    night = None
    if hours:
        more = watch(plan[len(done) :], manifest, processes=args.jobs, tell=_teller(args.log, done))
        night = summed([*done, *more])
    broken = [
        f"{name}: {what}"
        for name, floor in floors.items()
        if name in verdicts
        for what in floor.broken_by(verdicts[name])
    ]
    if args.propose:
        _propose(args.propose, verdicts)
    if args.json:
        print(json.dumps(_words(verdicts, moving, views, night, broken), indent=2))
    else:
        _print(moving, views, night, broken)
    return FAILED if broken else 0


def material(recordings: Path, truth: Path) -> Material:
    """The recordings, if they are those that the suite was built on; CameraError, TruthError."""
    if not truth.exists():
        raise TruthError(f"The truth {truth} is not there. Give it with --truth.")
    stock = Material(recordings / "vtest.avi", recordings / "tree.avi", truth)
    for path, expected in (
        (stock.street_file, stock.truth.recording_sha256),
        (stock.tree_file, TREE_SHA256),
    ):
        if not path.exists():
            raise CameraError(f"The recording {path} is not there.", CURE)
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise CameraError(f"{path} is not the recording this suite was built on.", CURE)
    return stock


def cache() -> Path:
    """The folder where deploy/recording.sh keeps recordings."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("MATTHAN_CACHE") or Path(base, "matthan"))


def _played(
    stock: Material, seers: Sight, *, is_short: bool, only: str, aloud: bool
) -> dict[str, Verdict]:
    verdicts = {}
    if aloud:
        print(scene_table())
    for scene in programme(stock, is_short=is_short):
        if only in scene.name:
            verdicts[scene.name] = judge(shown_to(seers, scene))
            if aloud:
                print(scene_line(scene.name, verdicts[scene.name]), flush=True)
    if aloud:
        print(totals(verdicts))
    return verdicts


def _moving(stock: Material) -> tuple[Covered, list[Restless]]:
    lively = [one for one in CONDITIONS if one.name not in {known.name for known in RESTLESS}]
    return covered(stock.street), [restless(stock.still, one) for one in (*RESTLESS, *lively)]


def _teller(log: Path | None, done: Sequence[Shift]) -> Callable[[Shift], None]:
    """Reports progress of the long night: prints a line per finished shift and appends it to the
    `log`, which then holds whole lines only."""
    if log is not None:
        lines = "".join(json.dumps(asdict(shift)) + "\n" for shift in done)
        log.write_text(lines, encoding="utf-8")

    def tell(shift: Shift) -> None:
        line = json.dumps(asdict(shift))
        print(line, file=sys.stderr, flush=True)
        if log is not None:
            with log.open("a", encoding="utf-8") as kept:
                kept.write(line + "\n")

    return tell


def _propose(file: Path, verdicts: dict[str, Verdict]) -> None:
    rows = (
        f'[scene."{name}"]\n{baseline.propose(verdict)}\n' for name, verdict in verdicts.items()
    )
    file.write_text("\n".join(rows), encoding="utf-8")


def _words(
    verdicts: dict[str, Verdict],
    moving: tuple[Covered, list[Restless]] | None,
    views: Views | None,
    night: Night | None,
    broken: list[str],
) -> dict[str, Any]:
    words: dict[str, Any] = {
        "scenes": {name: verdict.words() for name, verdict in verdicts.items()},
        "below_baseline": broken,
    }
    if moving:
        words["motion"] = {
            "covered": asdict(moving[0]),
            "restless": [asdict(one) for one in moving[1]],
        }
    if views:
        words["tamper"] = {
            "noticed": [asdict(one) for one in views[0]],
            "false": [asdict(one) for one in views[1] if one.said],
            "hours": round(sum(one.minutes for one in views[1]) / 60, 2),
        }
    if night:
        words["night"] = {
            "hours": round(night.hours, 3),
            "false_sightings": night.sightings,
            "false_per_hour_at_most": round(night.per_hour_at_most, 3),
            "shifts": [asdict(shift) for shift in night.shifts],
        }
    return words


def _print(
    moving: tuple[Covered, list[Restless]] | None,
    views: Views | None,
    night: Night | None,
    broken: list[str],
) -> None:
    if moving:
        print(motion_table(*moving))
    if views:
        print(tamper_table(*views))
    if night:
        print(night_table(night))
    for line in broken:
        print(f"below the baseline: {line}", file=sys.stderr)
