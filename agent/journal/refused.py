"""What the hub refused for good: read from the file beside a running agent, for who looks at it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SetAside:
    """Events that are set aside, at most the journal's bound of them; the last of them."""

    count: int
    kind: str
    reason: str
    """Of `agent.wire.answers.RefusalReason`, or `unreadable`."""
    detail: str
    at_utc_us: int


def set_aside(path: Path) -> SetAside | None:
    """None where nothing is, or where no journal can be read: another line's matter."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as sql:
            row = sql.execute(
                "SELECT (SELECT count(*) FROM set_aside), kind, reason, detail, at_utc_us"
                " FROM set_aside ORDER BY rowid DESC LIMIT 1"
            ).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else SetAside(*row)
