"""Every `matthan-agent bench`; imported only for that command, so a running node loads none."""

import argparse

from agent.bench import agent, clips, detect, motion, privacy
from agent.bench.scenes import command as scenes
from agent.bench.scenes import crops, delay, tiles


def add_to(bench: argparse.ArgumentParser) -> None:
    """Add a subcommand for each benchmark."""
    benches = bench.add_subparsers(required=True, metavar="WHAT")
    agent.add_to(benches.add_parser("agent", help="measure the cost of a whole agent"))
    clips.add_to(benches.add_parser("clips", help="measure the cost and delay of clips"))
    crops.add_to(benches.add_parser("crops", help="measure the accuracy of crops of an HD picture"))
    delay.add_to(benches.add_parser("delay", help="measure the delay from a frame to its sighting"))
    detect.add_to(benches.add_parser("detect", help="measure the cost of one look of the network"))
    motion.add_to(benches.add_parser("motion", help="measure the cost of motion detection"))
    privacy.add_to(benches.add_parser("privacy", help="measure the cost of privacy masks"))
    tiles.add_to(benches.add_parser("tiles", help="measure the accuracy of tiles in a crowd"))
    scenes.add_to(
        benches.add_parser("scenes", help="measure detection on every scene of the scene suite")
    )
