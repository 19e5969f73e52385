"""Empty databases for a campaign, on small disks of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.faults.disks import small_disk
from tests.postgres import Server, server


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An empty database; where it is PostgreSQL, the disk of its cluster, and the cluster."""

    url: str
    disk: Path | None = None
    server: Server | None = None


@contextmanager
def database(kind: str, folder: Path, *, events: int) -> Iterator[Base]:
    """One of that kind, with room for so many events."""
    if kind == "sqlite":
        yield Base(url=f"sqlite:///{folder / 'hub' / 'hub.sqlite'}")
        return
    home = folder / "postgresql"
    home.mkdir()
    # A new cluster takes 40 MB, and 16 MB for each of a few files of its log.
    size_bytes = 192 * 2**20 + hub_disk_bytes(events)
    with small_disk(home, size_bytes=size_bytes, keeps=False) as disk, server(home) as one:
        plain = one.url.replace("+psycopg", "") + "/postgres"
        with psycopg.connect(plain, autocommit=True) as conn:
            conn.execute("CREATE DATABASE campaign TEMPLATE template0")
        yield Base(url=f"{one.url}/campaign", disk=disk, server=one)


def hub_disk_bytes(events: int) -> int:
    """Room for the files and the database of a campaign, and not much more."""
    return 32 * 2**20 + events * 32 * 2**10
