"""What became wrong, one by one: what it was, when, and which fault came before it.

The counts say that a promise is missed; this says where to look. Times are UTC, as in the logs.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.faults import tally

MOST: Final = 40
"""Findings of each kind; the counts say how many there are."""
SERVED: Final[dict[str, tuple[float | None, float]]] = {
    "hub": (1.0, 6.0),
    "broker": (1.0, 6.0),
    **dict.fromkeys(("leader", "postgres", "patroni"), (None, 30.0)),
}
"""After a kill of which parts an event arrives in so many seconds: of the events of a minute 99 in
100, and every one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What was lost, and from when on, in µs since 1970."""

    kind: str
    began_us: int
    name: str = ""
    """What exactly, and how a line was cut."""
    back_us: int | None = None
    """None: the campaign ended before."""
    received_us: int | None = None
    """When all that was written before `back_us` had its receipt; None: not within the wait."""

    @property
    def of(self) -> str:
        """Of all processes of the hub, of all brokers and so on."""
        return self.kind.split("-")[0]

    @property
    def away_s(self) -> float | None:
        """How long it was lost."""
        return None if self.back_us is None else seconds(self.back_us - self.began_us)

    @property
    def is_unreceived(self) -> bool:
        """Whether what was owed at its end did not come in the wait for it."""
        return self.back_us is not None and self.received_us is None

    def told(self) -> dict[str, Any]:
        """For the result."""
        after_s = None
        if self.back_us is not None and self.received_us is not None:
            after_s = seconds(self.received_us - self.back_us)
        at, away_s = moment(self.began_us), self.away_s
        return {"lost": self.name, "at": at, "away_s": away_s, "after_s": after_s}


@dataclass(frozen=True, slots=True)
class Written:
    """An event in a node's journal; times in µs since 1970."""

    node: str
    spool_id: str
    seq: int
    event_id: str
    kind: str
    written_us: int
    receipted_us: int | None


def written(plans: Iterable[Mapping[str, Any]]) -> list[Written]:
    """All events that the journals have: receipted ones stay there for a week."""
    found = []
    for plan in plans:
        journal = Path(plan["journal"])
        spool_id = tally.read_spool(journal, Path(plan["witness"])).spool_id
        question = "SELECT seq, event_id, kind, utc_us, receipted_utc_us FROM events"
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10)) as database:
            for row in database.execute(question):
                found.append(Written(plan["name"], spool_id, *row))
    return found


def of_events(
    events: Sequence[Written], stored: Sequence[tally.Row], row: Sequence[Fault]
) -> list[str]:
    """Sentences about events that are missing, doubled, out of order or late.

    `stored`: spool, number, id, kind and time received. `row`: the faults in turn.
    """
    times: dict[tuple[str, int], list[int]] = defaultdict(list)
    for one in stored:
        times[one[0], one[1]].append(one[-1])
    behind = {(one[0], one[1]) for one in tally.out_of_order(stored)}
    wrongs: dict[str, list[str]] = defaultdict(list)
    for event in sorted(events, key=lambda one: one.written_us):
        came = times[event.spool_id, event.seq]
        for wrong in _wrongs(event, came, is_behind=(event.spool_id, event.seq) in behind, row=row):
            wrongs[wrong.split(",")[0]].append(f"{wrong}: {_of(event, came, row)}")
    return [one for kind in sorted(wrongs) for one in wrongs[kind][:MOST]]


def _wrongs(
    event: Written, came: Sequence[int], *, is_behind: bool, row: Sequence[Fault]
) -> Iterator[str]:
    if not came:
        yield "missing"
    if len(came) > 1:
        yield f"doubled, {len(came)} times"
    if is_behind:
        yield "out of order"
    if event.receipted_us is None:
        yield "without a receipt"
        return
    fault = before(event.receipted_us, row)
    took_s = seconds(event.receipted_us - event.written_us)
    if fault is not None and fault.of in SERVED and took_s > SERVED[fault.of][1]:
        yield f"late, {took_s} s"


def _of(event: Written, came: Sequence[int], row: Sequence[Fault]) -> str:
    stored = ", ".join(map(moment, came)) or "never"
    receipted = "never" if event.receipted_us is None else moment(event.receipted_us)
    return (
        f"{event.node} no. {event.seq} {event.kind} {event.event_id}, written"
        f" {moment(event.written_us)} ({_since(event.written_us, row)}), stored {stored},"
        f" receipted {receipted}"
    )


def of_screens(screens: Path, row: Sequence[Fault]) -> list[str]:
    """Sentences about alerts with two entries on a phone, or two rings."""
    lines = screens.read_text().splitlines() if screens.exists() else []
    came: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in filter(lambda one: tally.is_owed(one["message"]), map(json.loads, lines)):
        came[one["phone"], one["message"]["alert_id"]].append(one)
    found = []
    for (phone, alert_id), all_of_it in came.items():
        tags = {one["message"]["tag"] for one in all_of_it}
        rang = [one for one in all_of_it if one["message"]["moment"] == "opened"]
        ids = {one["message"]["notification_id"] for one in rang}
        if len(tags) > 1 or len(ids) > 1:
            times = ", ".join(
                f"{moment(at)} {one['message']['notification_id']} ({_since(at, row)})"
                for one in all_of_it
                for at in [one["arrived_utc_us"]]
            )
            found.append(f"second entry or ring: phone {phone}, alert {alert_id}: {times}")
    return found[:MOST]


def before(at_us: int, row: Sequence[Fault]) -> Fault | None:
    """The last fault that began before that time."""
    return next((fault for fault in reversed(row) if fault.began_us <= at_us), None)


def _since(at_us: int, row: Sequence[Fault]) -> str:
    fault = before(at_us, row)
    if fault is None:
        return "before any fault"
    away = "" if fault.away_s is None else f" for {fault.away_s} s"
    return f"{seconds(at_us - fault.began_us)} s after the loss of {fault.name or fault.kind}{away}"


def moment(at_us: int) -> str:
    """As the logs have it."""
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%H:%M:%S.%f")[:-3]


def seconds(span_us: int) -> float:
    """To a tenth."""
    return round(span_us / 1e6, 1)
