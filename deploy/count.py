"""What became of every event: counted from the two databases alone, with neither program's code.

    python deploy/count.py JOURNAL.sqlite HUB.sqlite

Spooled are the sequence numbers the node gave out. Stored are those the hub holds. A number is
missing when the hub has neither the event nor the word that it was dropped or refused; doubled
are rows beyond the first with the same number.
"""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

Rows = list[tuple[int, ...]]


def count_events(journal: Path, hub: Path) -> dict[str, int]:
    """Events spooled at the node, stored at the hub, missing and doubled."""
    spool_id = str(_ask(journal, "SELECT value FROM meta WHERE name = 'spool_id'")[0][0])
    spooled = _ask(journal, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence")[0][0]
    set_aside = {row[0] for row in _ask(journal, "SELECT seq FROM set_aside")}
    # The hub's database keeps ids as 32 hex digits.
    key = (spool_id.replace("-", ""),)
    stored = [row[0] for row in _ask(hub, "SELECT seq FROM events WHERE spool_id = ?", key)]
    ranges = _ask(hub, "SELECT first_seq, last_seq FROM dropped_numbers WHERE spool_id = ?", key)
    explained = {number for first, last in ranges for number in range(first, last + 1)}
    missing = set(range(1, spooled + 1)) - set(stored) - explained - set_aside
    return {
        "spooled": spooled,
        "stored": len(stored),
        "missing": len(missing),
        "doubled": len(stored) - len(set(stored)),
    }


def _ask(path: Path, question: str, values: tuple[str, ...] = ()) -> Rows:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(question, values).fetchall()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: count.py JOURNAL.sqlite HUB.sqlite")
    print(json.dumps(count_events(Path(sys.argv[1]), Path(sys.argv[2]))))
