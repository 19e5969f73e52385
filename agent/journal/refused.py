"""Events refused by the hub, read from the file beside a running agent."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SetAside:
    """Number of events set aside, within the journal's bound, and the last of these events."""

    count: int
    kind: str
    reason: str
    """One of `agent.wire.answers.RefusalReason`, or `unreadable`."""
    detail: str
    at_utc_us: int


def set_aside(path: Path) -> SetAside | None:
    """The events set aside; None if there are none, or if no journal can be read, which another
    check reports."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as sql:
            row = sql.execute(
                "SELECT (SELECT count(*) FROM set_aside), kind, reason, detail, at_utc_us"
                " FROM set_aside ORDER BY rowid DESC LIMIT 1"
            ).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else SetAside(*row)
