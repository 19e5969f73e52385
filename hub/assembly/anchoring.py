"""The head of the log of who looked, put down where no database reaches."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from hub.alerts.chain import Anchor
from hub.config import HubSettings
from hub.enrol.files import write_public
from hub.store import audit
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.registry import RegistryError

log = structlog.get_logger()

_LINE: Final = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<seq>\d{1,18}) (?P<hash>[0-9a-f]{64})"
)


def anchor_file(settings: HubSettings) -> Path:
    """Where the hub puts the log's head down once a day, a line each."""
    return settings.store.media_folder / "log-anchors"


class Anchoring:
    """A chore: the head of the log into a file beside the clip store, and into the hub's output.

    Who can change the database alone is found out by the file; who can change both by whatever
    keeps the hub's output, or by a line that somebody printed.
    """

    def __init__(self, db: Database, *, file: Path, clock: Clock) -> None:
        self._db = db
        self._file = file
        self._clock = clock

    def put_down(self) -> Anchor:
        """One line, durable; OSError when it cannot be written."""
        with self._db.reading() as conn:
            anchor = audit.head(conn, self._clock.now())
        before = self._file.read_bytes() if self._file.exists() else b""
        write_public(self._file, before + f"{to_line(anchor)}\n".encode())
        log.info("log.anchored", head=to_line(anchor))
        return anchor


def to_line(anchor: Anchor) -> str:
    """As it is printed: moment, number of the last record, its hash."""
    moment = datetime.fromtimestamp(anchor.at_utc_us / 1e6, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ} {anchor.seq} {anchor.hash}"


def parse_line(line: str) -> Anchor:
    """The anchor of a printed line; RegistryError that says how one looks."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise RegistryError(
            f"{line.strip()[:200]!r} is no anchor: it is a line of `log head`, moment, number, hash"
        )
    at = datetime.fromisoformat(found["at"])
    return Anchor(int(found["seq"]), found["hash"], round(at.timestamp() * 1e6))
