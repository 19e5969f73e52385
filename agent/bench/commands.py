"""All of `matthan-agent bench`, imported only when asked for: a node that watches holds none."""

import argparse

from agent.bench import agent, clips, detect, motion, privacy
from agent.bench.scenes import command as scenes
from agent.bench.scenes import crops, delay, tiles


def add_to(bench: argparse.ArgumentParser) -> None:
    """A subcommand for each thing that can be measured."""
    benches = bench.add_subparsers(required=True, metavar="WHAT")
    agent.add_to(benches.add_parser("agent", help="what it costs to watch, all included"))
    clips.add_to(benches.add_parser("clips", help="what clips cost, and how soon they are there"))
    crops.add_to(benches.add_parser("crops", help="what crops of an HD picture are worth"))
    delay.add_to(benches.add_parser("delay", help="from a frame to the sighting it confirms"))
    detect.add_to(benches.add_parser("detect", help="what it costs to look for people"))
    motion.add_to(benches.add_parser("motion", help="what it costs to see what moved"))
    privacy.add_to(benches.add_parser("privacy", help="what privacy masks cost"))
    tiles.add_to(benches.add_parser("tiles", help="what tiles are worth in a crowd"))
    scenes.add_to(benches.add_parser("scenes", help="what the eyes are worth, by weather"))
