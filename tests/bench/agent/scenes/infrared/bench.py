"""`bench infrared`: people in the light of the camera's lamp, and hours of nobody there.

A person counts as told in time as in `bench near`.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict

from agent.app.models import models_manifest
from agent.replay.replay import REFUSED
from agent.replay.sight import Sight, sight
from tests.bench.agent.scenes.command import REFUSALS, add_material, material
from tests.bench.agent.scenes.infrared.family import LONG_SEED, Infrared, family, nobody
from tests.bench.agent.scenes.near_bench import Told, judged, table, total
from tests.bench.agent.scenes.night import summed, watch
from tests.bench.agent.scenes.play import Scene, shown_to
from tests.bench.agent.scenes.table import night_table


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    add_material(parser)
    parser.add_argument("--hours", type=float, default=0.0, help="also HOURS of nobody (0)")


def run(args: argparse.Namespace) -> int:
    """Run and print; 78 without recordings, truth or model."""
    try:
        street = material(args.recordings, args.truth).street
        manifest = models_manifest(args.models)
        seers = sight(manifest)
    except REFUSALS as error:
        print(f"bench infrared: {error}", file=sys.stderr)
        return REFUSED
    rows = measure(family(street, LONG_SEED), seers)
    plan = nobody(street, args.hours, LONG_SEED)
    night = summed(watch(plan, manifest, processes=1, tell=lambda _: None))
    if args.json:
        words = {
            "people": [asdict(row) for row in rows],
            "nobody": [asdict(shift) for shift in night.shifts],
        }
        print(json.dumps(words, indent=2))
    else:
        print(table(rows, "infrared"))
        if night.shifts:
            print(night_table(night))
    return 0


def measure(scenes: Iterable[Scene], seers: Sight) -> list[Told]:
    """One row for each manner, then one for each night, then the sum."""
    by_manner, by_night = dict[str, Told](), dict[str, Told]()
    for scene in scenes:
        if not isinstance(footage := scene.footage, Infrared):
            raise TypeError(scene.name)
        played = shown_to(seers, scene)
        for rows, name in ((by_manner, str(footage.manner)), (by_night, scene.condition.name)):
            one = judged(footage, played, name)
            rows[name] = rows[name] + one if name in rows else one
    return [*by_manner.values(), *by_night.values(), total(by_manner.values())]
