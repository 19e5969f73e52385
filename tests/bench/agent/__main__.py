"""Benchmarks of the agent and of detection, each beside its reference in the same run.

.venv/bin/python -m tests.bench.agent NAME ARGS...
"""

import argparse
import sys
from collections.abc import Sequence

from tests.bench.agent import agent, clips, detect, motion, privacy
from tests.bench.agent.scenes import command, crops, delay, near_bench, tiles
from tests.bench.agent.scenes.handover import bench as handover
from tests.bench.agent.scenes.infrared import bench as infrared


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a benchmark and exit with its code."""
    args = parser().parse_args(arguments)
    sys.exit(args.command(args))


def parser() -> argparse.ArgumentParser:
    """Every benchmark and its arguments."""
    top = argparse.ArgumentParser(prog="python -m tests.bench.agent")
    benches = top.add_subparsers(required=True, metavar="WHAT")
    agent.add_to(benches.add_parser("agent", help="measure the cost of a whole agent"))
    clips.add_to(benches.add_parser("clips", help="measure the cost and delay of clips"))
    crops.add_to(benches.add_parser("crops", help="measure the accuracy of crops of an HD picture"))
    delay.add_to(benches.add_parser("delay", help="measure the delay from a frame to its sighting"))
    detect.add_to(benches.add_parser("detect", help="measure the cost of one look of the network"))
    handover.add_to(
        benches.add_parser(
            "handover", help="measure whether who comes after somebody is told apart from them"
        )
    )
    infrared.add_to(
        benches.add_parser(
            "infrared", help="measure how soon people in infrared light are reported"
        )
    )
    motion.add_to(benches.add_parser("motion", help="measure the cost of motion detection"))
    near_bench.add_to(
        benches.add_parser("near", help="measure how soon people close to the camera are reported")
    )
    privacy.add_to(benches.add_parser("privacy", help="measure the cost of privacy masks"))
    tiles.add_to(benches.add_parser("tiles", help="measure the accuracy of tiles in a crowd"))
    command.add_to(
        benches.add_parser("scenes", help="measure detection on every scene of the scene suite")
    )
    return top


if __name__ == "__main__":
    main()
