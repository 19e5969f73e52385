"""Counts what was lost or doubled: from files and databases alone, with neither program's code.

    python tests/faults/tally.py FOLDER DATABASE_URL

The folder is a campaign's. Every number that must be zero is named in `FAULTS`.
"""

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import psycopg

FAULTS: Final = {
    "missing": "numbers that a node gave out and the hub knows nothing of",
    "doubled": "events stored beyond the first of their number",
    "sightings_amiss": "sightings stored twice, or not although their event is",
    "lost_after_commit": "events the journal said were written, and that are nowhere",
    "fateless": "events without a fate or its reason",
    "refused": "events set aside, although none was wrong",
    "called_late": "events called late, although none was",
    "alerts_amiss": "alerts and events with the fate alerted that do not go together",
    "pictures_missing": "pictures announced and not brought",
    "pictures_wrong": "stored pictures whose content is not their hash's",
    "unowed": "alerts that a phone was not owed",
    "undecided": "notifications still queued when everything had settled",
    "called_too_late": "notifications given up as too late, although none was",
    "unexplained": "notifications dropped or dead without a reason",
    "accepted_unseen": "accepted notifications that no phone ever got",
    "doubled_on_screen": "entries on a phone's screen beyond one an alert",
    "rang_twice": "times a phone rang again for an alert it had rung for",
}
FATES: Final = ("alerted", "grouped", "silenced", "late", "noted")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Spool:
    """One node's journal, and what its witness saw."""

    spool_id: str
    given: int
    set_aside: frozenset[int]
    witnessed: frozenset[str]
    unwritten: int


class Hub:
    """Questions to the hub's database, of either kind; ids come back as 32 hex digits."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, question: str) -> list[Row]:
        """All rows, ids made alike."""
        if self._url.startswith("sqlite"):
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                return database.execute(question).fetchall()
        with psycopg.connect(self._url.replace("+psycopg", "")) as conn:
            rows = conn.execute(question).fetchall()
        return [tuple(getattr(value, "hex", value) for value in row) for row in rows]

    def number(self, question: str) -> int:
        """The one number that is asked for."""
        return int(self.ask(question)[0][0])


def read_spool(journal: Path, witness: Path) -> Spool:
    """Events of a node, read from its journal file."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as database:
        spool_id = database.execute("SELECT value FROM meta WHERE name = 'spool_id'").fetchone()[0]
        given = database.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()[0]
        aside = frozenset(row[0] for row in database.execute("SELECT seq FROM set_aside"))
    lines = witness.read_text().splitlines() if witness.exists() else []
    seen = frozenset(line.replace("-", "") for line in lines if len(line) == 36)
    unwritten = sum(line.startswith("!") for line in lines)
    return Spool(spool_id.replace("-", ""), given, aside, seen, unwritten)


def count_events(spools: Iterable[Spool], hub: Hub) -> dict[str, Any]:
    """From the nodes' numbers to their fates."""
    spools = list(spools)
    rows = hub.ask("SELECT spool_id, seq, id, kind, fate, fate_reason, received_utc_us FROM events")
    ranges = hub.ask("SELECT spool_id, first_seq, last_seq FROM dropped_numbers")
    dropped = {(one, number) for one, first, last in ranges for number in range(first, last + 1)}
    known = Counter((row[0], row[1]) for row in rows)
    given = {(s.spool_id, number) for s in spools for number in range(1, s.given + 1)}
    aside = {(s.spool_id, number) for s in spools for number in s.set_aside}
    ids = {row[2] for row in rows}
    witnessed = {event_id for spool in spools for event_id in spool.witnessed}
    fates = Counter(str(row[4]) for row in rows)
    return {
        "spooled": len(given),
        "unwritten": sum(spool.unwritten for spool in spools),
        "stored": len(rows),
        "missing": len(given - set(known) - dropped - aside),
        "doubled": len(rows) - len(known),
        "lost_after_commit": len(witnessed - ids) if not (dropped or aside) else 0,
        "sightings_amiss": _sightings_amiss(hub),
        "out_of_order": len(out_of_order(rows)),
        "dropped_numbers": len(dropped),
        "refused": hub.number("SELECT count(*) FROM set_aside") + len(aside),
        "fateless": sum(row[4] not in FATES or not row[5] for row in rows),
        "called_late": fates["late"],
        "fates": {fate: fates[fate] for fate in FATES},
        "alerts": hub.number("SELECT count(*) FROM alerts WHERE kind = 'person'"),
        "alerts_amiss": _alerts_amiss(hub),
    }


def out_of_order(rows: Sequence[Row]) -> list[Row]:
    """Events that came after a later one of their priority: repeats may, and are counted.

    Rows begin with spool, number, id and kind, and end with the time received."""
    behind: list[Row] = []
    newest: dict[tuple[str, bool], int] = {}
    for row in sorted(rows, key=lambda row: (row[0], row[1])):
        rank, received = (row[0], row[3] == "sighting_opened"), row[-1]
        if received < newest.get(rank, 0):
            behind.append(row)
        newest[rank] = max(received, newest.get(rank, 0))
    return behind


def _sightings_amiss(hub: Hub) -> int:
    """No key keeps one from being stored twice where the table is kept by month."""
    doubled = hub.number("SELECT count(*) - count(DISTINCT id) FROM sightings")
    missing = hub.number(
        "SELECT count(*) FROM events WHERE kind = 'sighting_opened'"
        " AND NOT EXISTS (SELECT 1 FROM sightings WHERE sightings.id = events.sighting_id)"
    )
    return doubled + missing


def _alerts_amiss(hub: Hub) -> int:
    """Alerts without a sighting, sightings told or joined without an alert, and a wrong number."""
    told = hub.number("SELECT count(*) FROM events WHERE fate = 'alerted'")
    alerts = hub.number("SELECT count(*) FROM alerts WHERE kind = 'person'")
    empty = hub.number(
        "SELECT count(*) FROM alerts WHERE kind = 'person'"
        " AND id NOT IN (SELECT alert_id FROM sightings WHERE alert_id IS NOT NULL)"
    )
    loose = hub.number(
        "SELECT count(*) FROM events LEFT JOIN sightings ON sightings.id = events.sighting_id"
        " WHERE fate IN ('alerted', 'grouped') AND sightings.alert_id IS NULL"
    )
    return abs(told - alerts) + empty + loose


def count_pictures(hub: Hub, media_folder: Path) -> dict[str, int]:
    """From announced to stored, each content against its hash."""
    rows = hub.ask("SELECT sha256, stored_utc_us FROM media WHERE kind = 'picture'")
    stored = [digest for digest, moment in rows if moment is not None]
    wrong = 0
    for digest in stored:
        path = media_folder / digest[:2] / digest
        wrong += not path.is_file() or sha256(path.read_bytes()).hexdigest() != digest
    return {
        "pictures": len(rows),
        "pictures_missing": len(rows) - len(stored),
        "pictures_wrong": wrong,
    }


def is_owed(message: Mapping[str, Any]) -> bool:
    """Not the daily question to a phone that showed nothing for long: that is of no alert."""
    return "check_id" not in message


def count_notifications(hub: Hub, screens: Path) -> dict[str, Any]:
    """From owed to shown, by the ledger and by what the phones decrypted."""
    rows = hub.ask(
        "SELECT id, state, reason, shown_utc_us, attempts FROM notifications ORDER BY id"
    )
    states = Counter(str(row[1]) for row in rows)
    lines = screens.read_text().splitlines() if screens.exists() else []
    got = [one for one in map(json.loads, lines) if is_owed(one["message"])]
    arrived = {one["message"]["notification_id"].replace("-", "") for one in got}
    unsure = [row for row in rows if row[1] in {"dropped", "dead"}]
    return {
        "owed": len(rows),
        "unowed": _unowed(hub),
        "accepted": states["accepted"],
        "dropped": states["dropped"],
        "dead_lettered": states["dead"],
        "dead_reasons": dict(Counter(str(row[2])[:60] for row in unsure)),
        "undecided": len(rows)
        - sum(states[one] for one in ("accepted", "folded", "dropped", "dead")),
        "called_too_late": sum(str(row[2]).startswith("too late") for row in unsure),
        "unexplained": sum(not row[2] for row in unsure),
        "accepted_unseen": sum(row[1] == "accepted" and row[0] not in arrived for row in rows),
        "arrived": len(got),
        "repeats": len(got) - len(arrived),
        "shown": sum(row[3] is not None for row in rows),
        **_screens(got),
    }


def _unowed(hub: Hub) -> int:
    """Alerts of people times phones that lived all the while, less what they were owed."""
    alerts = hub.number("SELECT count(*) FROM alerts WHERE kind = 'person'")
    phones = hub.number("SELECT count(*) FROM phones WHERE gone_utc_us IS NULL")
    owed = hub.number(
        "SELECT count(*) FROM notifications JOIN phones ON phones.id = notifications.phone_id"
        " JOIN alerts ON alerts.id = notifications.alert_id WHERE alerts.kind = 'person'"
        " AND notifications.moment = 'opened' AND phones.gone_utc_us IS NULL"
    )
    return alerts * phones - owed


def _screens(got: Sequence[dict[str, Any]]) -> dict[str, int]:
    """As the service worker has it: an entry a tag; it rings for a first word, once an id."""
    entries: dict[tuple[str, str], set[str]] = {}
    rings: dict[tuple[str, str], set[str]] = {}
    for one in got:
        message, phone = one["message"], one["phone"]
        screen = (phone, message["alert_id"])
        entries.setdefault(screen, set()).add(message["tag"])
        if message["moment"] == "opened":
            rings.setdefault(screen, set()).add(message["notification_id"])
    return {
        "on_screen": len(entries),
        "doubled_on_screen": sum(len(tags) - 1 for tags in entries.values()),
        "rang_twice": sum(len(ids) - 1 for ids in rings.values()),
    }


def count(folder: Path, database_url: str) -> dict[str, Any]:
    """Everything of a campaign's folder."""
    hub = Hub(database_url)
    spools = [
        read_spool(Path(plan["journal"]), Path(plan["witness"]))
        for path in sorted(folder.glob("plan-*.json"))
        for plan in json.loads(path.read_text())
    ]
    return {
        "nodes": len(spools),
        **count_events(spools, hub),
        **count_pictures(hub, folder / "hub" / "media"),
        **count_notifications(hub, folder / "screens.jsonl"),
    }


def faults(counted: dict[str, Any]) -> list[str]:
    """Sentences about what is not nought and should be."""
    return [f"{counted[name]} {what}" for name, what in FAULTS.items() if counted[name] != 0]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: tally.py FOLDER DATABASE_URL")
    print(json.dumps(count(Path(sys.argv[1]), sys.argv[2]), indent=2))
