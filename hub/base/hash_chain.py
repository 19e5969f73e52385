"""Hash chain of the access log: each record is bound to the one before, so any change shows.

The hash of a record is the SHA-256 of the previous hash and of its own fields; the first record
follows `BEGINNING`. Somebody with write access to the database could compute a new chain. So the
last hash is stored elsewhere at intervals (an anchor), and each anchored record must still exist.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

BEGINNING: Final = "0" * 64
_BROKEN: Final = "it does not follow from the one before: one of the two is not what was written"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the log: who, what, when, from where; `seq` counts from 1 without gaps."""

    seq: int
    id: UUID
    person_id: UUID | None
    node_id: UUID | None
    act: str
    object_kind: str
    object_id: UUID | None
    detail: str
    came_from: str
    at_utc_us: int
    at_error_ms: int | None
    data: str = ""
    """Further fields of the act as a JSON object; empty for most acts."""


@dataclass(frozen=True, slots=True)
class LogAnchor:
    """Last record of the log at a moment, stored where the database's owner cannot write."""

    seq: int
    hash: str
    at_utc_us: int


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Position of a change in the log, and the evidence for it."""

    seq: int
    what: str


def anchor_line(anchor: LogAnchor) -> str:
    """An anchor as a line to print and to stamp: moment, number of the last record, its hash."""
    moment = datetime.fromtimestamp(anchor.at_utc_us / 1e6, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ} {anchor.seq} {anchor.hash}"


def bind(previous: str, record: Record) -> str:
    """Hash of a record that follows the hash `previous`; 64 hexadecimal digits."""
    return bind_line(previous, line_of(record))


def bind_line(previous: str, line: str) -> str:
    """Hash of the record whose fields are `line` (`line_of`)."""
    return sha256(bytes.fromhex(previous) + line.encode()).hexdigest()


def line_of(record: Record) -> str:
    """The fields of a record as the hash covers them: a JSON list in ASCII, `data` last if any."""
    fields = [
        record.seq,
        record.id.hex,
        record.person_id and record.person_id.hex,
        record.node_id and record.node_id.hex,
        record.act,
        record.object_kind,
        record.object_id and record.object_id.hex,
        record.detail,
        record.came_from,
        record.at_utc_us,
        record.at_error_ms,
    ]
    return json.dumps([*fields, record.data] if record.data else fields)


def faults(
    log: Iterable[tuple[Record, str]], anchors: Iterable[LogAnchor] = ()
) -> Iterator[ChainFault]:
    """Faults of a log, read from its beginning in the order of `seq`.

    After a fault the check continues from the stored hash, so each change is reported once.
    """
    owed: Mapping[int, LogAnchor] = {anchor.seq: anchor for anchor in anchors}
    met: set[int] = set()
    last, previous = 0, BEGINNING
    for record, stored in log:
        if record.seq != last + 1:
            yield ChainFault(last + 1, _gap(last + 1, record.seq))
        elif bind(previous, record) != stored:
            yield ChainFault(record.seq, _BROKEN)
        anchor = owed.get(record.seq)
        if anchor is not None:
            met.add(record.seq)
            if anchor.hash != stored:
                yield ChainFault(
                    record.seq, "it is another one than was anchored: the log was replaced"
                )
        last, previous = record.seq, stored
    for seq in sorted(owed.keys() - met):
        if seq > last:
            yield ChainFault(last + 1, f"the log ends here, and record {seq} was anchored")


def _gap(expected: int, found: int) -> str:
    if found < expected:
        return f"record {found} comes a second time"
    missing = found - expected
    return "the record is missing" if missing == 1 else f"{missing} records are missing"
