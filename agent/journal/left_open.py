"""Sightings that an earlier run could not close, as far as the journal knows them."""

import sqlite3
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from agent.media.frame import Instant
from agent.wire.messages import SightingClosed, SightingOpened, SightingUpdated
from agent.wire.terms import ClockSource

_BODY: Final[TypeAdapter[SightingOpened | SightingUpdated]] = TypeAdapter(
    SightingOpened | SightingUpdated
)

_SAID: Final = """
WITH closed AS (
    SELECT json_extract(iif(json_valid(body), body, '{}'), '$.sighting_id') AS sighting
    FROM (SELECT kind, body FROM events UNION ALL SELECT kind, body FROM set_aside)
    WHERE kind = 'sighting_closed'
)
SELECT body, mono_ns, utc_us, boot_id, clock_source, clock_error_ms
FROM events
WHERE kind IN ('sighting_opened', 'sighting_updated') AND json_valid(body)
AND json_extract(body, '$.sighting_id') NOT IN
    (SELECT sighting FROM closed WHERE sighting IS NOT NULL)
ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class Witness:
    """Times of an event by the clocks of the run that saw it."""

    at: Instant
    boot_id: UUID
    source: ClockSource
    error_ms: int | None


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """A sighting without a closing; `last` is its last event."""

    body: SightingClosed
    last: Witness


def left_open(sql: sqlite3.Connection) -> list[LeftOpen]:
    """Every sighting with an opening and without a closing in the journal.

    To be asked by the journal's owner before cameras start. A closing refused by the hub counts as
    sent; one dropped from a full journal does not.
    """
    said: dict[UUID, list[_Said]] = {}
    for row in sql.execute(_SAID):
        try:
            words = _said(row)
        except (ValueError, TypeError):  # an unreadable row is a matter of the outbox
            continue
        said.setdefault(words.body.sighting_id, []).append(words)
    return [
        LeftOpen(_closing(words[0].body, words[0].by, last=words[-1].by), words[-1].by)
        for words in said.values()
        if isinstance(words[0].body, SightingOpened)
    ]


@dataclass(frozen=True, slots=True)
class _Said:
    body: SightingOpened | SightingUpdated
    by: Witness


def _said(row: tuple[Any, ...]) -> _Said:
    seen = Witness(Instant(row[1], row[2]), UUID(row[3]), ClockSource(row[4]), row[5])
    return _Said(_BODY.validate_json(row[0]), seen)


def _closing(opened: SightingOpened, confirmed: Witness, *, last: Witness) -> SightingClosed:
    """The closing as far as it is known: at its last event."""
    since_us = last.at.utc_us - confirmed.at.utc_us
    if last.boot_id == confirmed.boot_id:
        since_us = (last.at.mono_ns - confirmed.at.mono_ns) // 1000
    before_us = confirmed.at.utc_us - opened.first_seen_utc_us
    return SightingClosed(
        camera=opened.camera,
        sighting_id=opened.sighting_id,
        last_seen_utc_us=last.at.utc_us,
        duration_ms=max(0, (before_us + since_us) // 1000),
    )
