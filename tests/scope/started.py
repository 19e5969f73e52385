"""Command line and progress of both campaigns."""

import argparse
import logging
import random
import sys
from collections.abc import Sequence
from typing import Final

import structlog

TELLS_EVERY: Final = 5


def asked(description: str, counted: str) -> argparse.Namespace:
    """`--COUNTED`, `--seed`, `--database` and `--json`; libraries are silent from now on."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(f"--{counted}", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return arguments


class Teller:
    """Says each fault once, and every few towns how far it is."""

    def __init__(self) -> None:
        self._told = 0

    def tell(self, towns: int, faults: Sequence[str], so_far: str) -> None:
        """After a town: all faults until now, and a line of how far it is."""
        for line in faults[self._told :]:
            print(f"town {towns}: {line}", file=sys.stderr, flush=True)
        self._told = len(faults)
        if towns % TELLS_EVERY == 0:
            print(so_far, file=sys.stderr, flush=True)
