"""How many alerts a phone is told one by one, and when they are told together.

A phone that rings twenty times in a minute is switched off. So within `span_s` a phone rings for
`calm` alerts, and then it is a storm: what comes is held, and told together at most once in
`span_s`, with counts by place. A critical alert is never held, and is not counted either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StormBounds:
    """When alerts become a storm."""

    calm: int = 3
    """So many alerts within the span are told one by one."""
    span_s: float = 60.0
    """In a storm a phone rings at most once within this span."""

    @property
    def span_us(self) -> int:
        """The span in microseconds."""
        return round(self.span_s * 1_000_000)


@dataclass(frozen=True, slots=True)
class Rang:
    """A phone rang, or is just being made to, for one alert or for many together."""

    at_utc_us: int
    is_digest: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A first word of an alert that nobody has; `is_held` when a storm has held it before."""

    notification_id: UUID
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """What a phone is told now, and until when the others wait."""

    each: tuple[UUID, ...] = ()
    together: tuple[UUID, ...] = ()
    """Two or more in one message; the last of them carries it."""
    held: tuple[UUID, ...] = ()
    until_utc_us: int = 0


def pace(
    rang: Sequence[Rang], waiting: Sequence[Waiting], bounds: StormBounds, *, now_utc_us: int
) -> Telling:
    """How this phone is told of what waits for it, in the order given, least pressing last."""
    ids = tuple(one.notification_id for one in waiting)
    # Rings of the future are of a clock that was set back: they hold nobody's alerts up.
    recent = [one for one in rang if 0 <= now_utc_us - one.at_utc_us < bounds.span_us]
    is_storm = any(one.is_digest for one in recent) or any(one.is_held for one in waiting)
    free = 0 if is_storm else max(0, bounds.calm - len(recent))
    if len(ids) <= free:
        return Telling(each=ids)
    if not recent:
        return Telling(each=ids) if len(ids) == 1 else Telling(together=ids)
    last_us = now_utc_us if free else max(one.at_utc_us for one in recent)
    return Telling(each=ids[:free], held=ids[free:], until_utc_us=last_us + bounds.span_us)
