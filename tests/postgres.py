"""The PostgreSQL of the tests: the one that the hub's benchmarks run too."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bench.hub import postgres
from tests.bench.hub.postgres import Server, binaries, server

__all__ = ["Server", "binaries", "cluster", "server"]

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
ROOM_BYTES: Final = 2 << 30
"""Clusters of all test processes need about a quarter of it."""


@contextmanager
def cluster() -> Iterator[str]:
    """The address of a running cluster, in memory where there is room.

    A database of the hub is a thousand files: in memory it is made in 30 ms, on a disk in 200.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    with postgres.cluster(folder=MEMORY if has_room else None) as url:
        yield url
