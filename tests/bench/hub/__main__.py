"""Benchmarks of the hub's capacity, beside another program in the same run.

.venv/bin/python -m tests.bench.hub intake|batch|pages|fanout|search ARGS...
"""

import argparse
import sys

from tests.bench.hub import batch, fanout, intake, pages, search


def parser() -> argparse.ArgumentParser:
    """Every benchmark and its arguments."""
    top = argparse.ArgumentParser(prog="python -m tests.bench.hub")
    benches = top.add_subparsers(required=True, metavar="WHAT")
    meaning = "measure events per second, with a commit before each acknowledgement"
    intake.add_to(benches.add_parser("intake", help=meaning, description=meaning))
    meaning = "measure gathered writes beside SQLAlchemy's Session"
    batch.add_to(benches.add_parser("batch", help=meaning, description=meaning))
    meaning = "measure the pages inbox and alert with a year of alerts and 200 officers"
    pages.add_to(benches.add_parser("pages", help=meaning, description=meaning))
    meaning = "measure the time until 1,000 phones have one alert"
    fanout.add_to(benches.add_parser("fanout", help=meaning, description=meaning))
    meaning = "measure the time of searches in a year of sightings of 10,000 cameras"
    search.add_to(benches.add_parser("search", help=meaning, description=meaning))
    return top


if __name__ == "__main__":
    args = parser().parse_args()
    sys.exit(args.do(args))
