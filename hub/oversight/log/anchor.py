"""Anchors of the access log: its last hash, stored where no database user can write."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509

from hub.base.audit import log as audit_log
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.errors import RegistryError
from hub.base.hash_chain import LogAnchor, anchor_line
from hub.base.private_files import write_public
from hub.base.rfc3161 import StampError, TimestampAuthority, check_stamp, must_agree

log = structlog.get_logger()

ANCHOR_ERROR_MS: Final = 1000
"""A line has whole seconds."""
_LINE: Final = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<seq>\d{1,18}) (?P<hash>[0-9a-f]{64})"
)


def anchor_file(folder: Path) -> Path:
    """File with the log's last hash, one line per day, in the folder of the clip store."""
    return folder / "log-anchors"


class Anchoring:
    """A chore: writes the log's last hash to a file beside the clip store, and to the hub's output.

    The file exposes somebody who can change only the database. Somebody who can change both is
    exposed by the stored output of the hub, by a printed line, or by an outside authority's time
    stamp.
    """

    def __init__(
        self, db: Database, *, file: Path, clock: Clock, stamps: TimestampAuthority | None = None
    ) -> None:
        self._db = db
        self._file = file
        self._clock = clock
        self._stamps = stamps

    def write_anchor(self) -> LogAnchor:
        """Write one line, durably; OSError if it cannot be written."""
        with self._db.reading() as conn:
            anchor = audit_log.head(conn, self._clock.now())
        before = self._file.read_bytes() if self._file.exists() else b""
        write_public(self._file, before + f"{anchor_line(anchor)}\n".encode())
        log.info("log.anchored", head=anchor_line(anchor))
        if self._stamps is not None:
            self._stamp(self._stamps, anchor)
        return anchor

    def _stamp(self, authority: TimestampAuthority, anchor: LogAnchor) -> None:
        line = anchor_line(anchor)
        try:
            answer, stamp = authority.stamp(line.encode())
            must_agree(stamp, anchor.at_utc_us, ANCHOR_ERROR_MS)
        except StampError as error:
            log.warning("log.unstamped", authority=authority.name, reason=str(error))
            return
        folder = stamp_folder(self._file)
        folder.mkdir(exist_ok=True)
        write_public(folder / _stamp_name(line), answer)


def stamp_folder(file: Path) -> Path:
    """Folder with the time stamps of an anchor file."""
    return file.with_name("log-stamps")


def stamp_faults(file: Path, roots: Sequence[x509.Certificate]) -> Iterator[str]:
    """Contradictions between time stamps and anchor file; none if all are valid."""
    lines = file.read_text("ascii", "replace").splitlines() if file.exists() else []
    by_name = {_stamp_name(line): line for line in lines}
    for path in stamps_of(file):
        line = by_name.get(path.name)
        if line is None:
            yield f"{path.name}: an anchor was stamped that is not in {file} any more"
            continue
        try:
            stamp = check_stamp(path.read_bytes(), line.encode(), roots)
            must_agree(stamp, parse_line(line).at_utc_us, ANCHOR_ERROR_MS)
        except StampError as error:
            yield f"{path.name}, of the anchor {line!r}: {error}"


def stamps_of(file: Path) -> Iterable[Path]:
    """Time stamps of an anchor file, by name."""
    return sorted(stamp_folder(file).glob("*.tsr"))


def _stamp_name(line: str) -> str:
    return f"{sha256(line.encode()).hexdigest()[:32]}.tsr"


def parse_line(line: str) -> LogAnchor:
    """Parse a printed line; RegistryError shows the right form."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise RegistryError(
            f"{line.strip()[:200]!r} is no anchor: it is a line of `log head`, moment, number, hash"
        )
    at = datetime.fromisoformat(found["at"])
    return LogAnchor(int(found["seq"]), found["hash"], round(at.timestamp() * 1e6))
