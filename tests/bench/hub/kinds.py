"""The databases of a benchmark, and the description of the machine."""

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.hub import postgres


def databases(
    urls: Sequence[str] | None, folder: Path, stack: ExitStack, *, bench: str
) -> Iterator[str]:
    """The given databases, or one of each kind available here."""
    if urls:
        yield from urls
        return
    yield f"sqlite:///{folder}/hub.sqlite"
    try:
        cluster = stack.enter_context(postgres.cluster(fsync=True))
    except RuntimeError as error:
        print(f"bench {bench}: without PostgreSQL: {error}", file=sys.stderr)
    else:
        yield f"{cluster}/postgres"


def name_of(url: str) -> str:
    """The printed name of a kind of database."""
    return "postgresql" if url.startswith("postgresql") else "sqlite"


def machine() -> str:
    """Description of the machine, to be printed with a figure."""
    return f"{platform.machine()}, {os.cpu_count()} cores"


def shares(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and maximum of the values, with one decimal."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "most": 1.0}
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, int(len(ordered) * share))], 1) for name, share in at.items()
    }
