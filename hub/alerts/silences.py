"""What is kept from alerting for a while, by a person or by three false alarms in a row.

A person silences a camera, or a zone or a kind on it, with an end and a reason. Three false alarms
one after the other at one spot mute that spot alone: its zone, its kind and the rule that was met
there. Anything else there still alerts. A view that was taken away, and what gives no sign of life,
is never silenced: whoever covers a camera would wish for just that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

FALSE_IN_A_ROW: Final = 3
MUTED_S: Final = 14 * 86_400.0
"""So long a spot is muted, and so far back its false alarms count."""
LONGEST_S: Final = 31 * 86_400.0
"""A person silences for no longer: who wants that moves the camera, or its zones."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where and what: a zone or line of a camera's view, a kind, and the rule that was met."""

    camera_id: UUID
    kind: str
    zone: str | None = None
    """None: the whole view."""
    rule: str | None = None
    """None: somebody was there, and met no rule."""


@dataclass(frozen=True, slots=True)
class Silence:
    """What does not alert until just before `until_utc_us`."""

    silence_id: UUID
    camera_id: UUID
    kind: str | None
    zone: str | None
    rule: str | None
    is_exact: bool
    """Of this very spot; otherwise what is None stands for all."""
    until_utc_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ending:
    """A person closed an alert of the spot."""

    was_false: bool
    closed_utc_us: int


def covers(silence: Silence, spot: Spot, *, now_utc_us: int) -> bool:
    """Whether the silence keeps this spot from alerting now."""
    if silence.camera_id != spot.camera_id or silence.until_utc_us <= now_utc_us:
        return False
    if silence.is_exact:
        here = (silence.kind, silence.zone, silence.rule)
        return here == (spot.kind, spot.zone, spot.rule)
    is_kind = silence.kind is None or silence.kind == spot.kind
    return is_kind and (silence.zone is None or silence.zone == spot.zone)


def silenced_by(silences: Iterable[Silence], spot: Spot, *, now_utc_us: int) -> Silence | None:
    """The silence that lasts longest of those that cover the spot."""
    found = [one for one in silences if covers(one, spot, now_utc_us=now_utc_us)]
    return max(found, key=lambda one: (one.until_utc_us, one.silence_id), default=None)


def is_to_be_muted(endings: Sequence[Ending], *, now_utc_us: int) -> bool:
    """Whether a spot's last alerts were false one after the other; of any order.

    Only what ended since its last mute may be handed in: who has ended one begins to count anew.
    """
    newest = sorted(endings, key=lambda one: one.closed_utc_us, reverse=True)[:FALSE_IN_A_ROW]
    since_us = now_utc_us - round(MUTED_S * 1_000_000)
    return len(newest) == FALSE_IN_A_ROW and all(
        one.was_false and one.closed_utc_us > since_us for one in newest
    )
