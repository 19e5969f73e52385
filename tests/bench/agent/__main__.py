"""Every `matthan-agent bench`; imported only for that command, so a running node loads none."""

import argparse
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

from agent.bench import agent, clips, detect, motion, privacy
from agent.bench.replay import REFUSED

NEEDS_A_CHECKOUT: Final = (
    "The scene suite is not installed: run this in a checkout (docs/contributing/scene-suite.md)."
)

AddTo = Callable[[argparse.ArgumentParser], None]


def add_to(bench: argparse.ArgumentParser) -> None:
    """Add a subcommand for each benchmark."""
    benches, suite = bench.add_subparsers(required=True, metavar="WHAT"), _suite()
    agent.add_to(benches.add_parser("agent", help="measure the cost of a whole agent"))
    clips.add_to(benches.add_parser("clips", help="measure the cost and delay of clips"))
    suite["crops"](
        benches.add_parser("crops", help="measure the accuracy of crops of an HD picture")
    )
    suite["delay"](
        benches.add_parser("delay", help="measure the delay from a frame to its sighting")
    )
    detect.add_to(benches.add_parser("detect", help="measure the cost of one look of the network"))
    suite["handover"](
        benches.add_parser(
            "handover", help="measure whether who comes after somebody is told apart from them"
        )
    )
    suite["infrared"](
        benches.add_parser(
            "infrared", help="measure how soon people in infrared light are reported"
        )
    )
    motion.add_to(benches.add_parser("motion", help="measure the cost of motion detection"))
    suite["near"](
        benches.add_parser("near", help="measure how soon people close to the camera are reported")
    )
    privacy.add_to(benches.add_parser("privacy", help="measure the cost of privacy masks"))
    suite["tiles"](benches.add_parser("tiles", help="measure the accuracy of tiles in a crowd"))
    suite["scenes"](
        benches.add_parser("scenes", help="measure detection on every scene of the scene suite")
    )


def _suite() -> dict[str, AddTo]:
    """The functions that add the benchmarks of the scene suite, which a wheel leaves out."""
    if find_spec("agent.bench.scenes") is None:
        return dict.fromkeys(
            ("crops", "delay", "handover", "infrared", "near", "tiles", "scenes"), _add_refusal
        )
    from agent.bench.scenes import (  # noqa: PLC0415 not in a wheel
        command,
        crops,
        delay,
        near_bench,
        tiles,
    )
    from agent.bench.scenes.handover import bench as handover  # noqa: PLC0415 not in a wheel
    from agent.bench.scenes.infrared import bench as infrared  # noqa: PLC0415 not in a wheel

    return {
        "crops": crops.add_to,
        "delay": delay.add_to,
        "handover": handover.add_to,
        "infrared": infrared.add_to,
        "near": near_bench.add_to,
        "tiles": tiles.add_to,
        "scenes": command.add_to,
    }


def _add_refusal(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_refuse)


def _refuse(_args: argparse.Namespace) -> int:
    sys.stderr.write(f"{NEEDS_A_CHECKOUT}\n")
    return REFUSED
