"""Which numbers of a spool are known, and when a gap is asked for: values in, values out.

Nodes send alerts first, so a gap is usual and means nothing for a while. After its time the node
is asked; every number that comes proves that the node is at it and puts the next request off.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hub.store.numbers import Gap

Draw = Callable[[float, float], float]
"""Evenly random between two bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPolicy:
    """The patience with gaps, in seconds."""

    gap_after_s: float = 120.0
    """A number that is missing for so long is missed. A node says by itself what has no receipt
    after at most 60 s."""
    again_first_s: float = 60.0
    again_at_most_s: float = 3600.0
    asks_at_most: int = 20
    """Then nobody asks any more; a number that comes after all is taken as ever."""
    ranges_at_once: int = 100
    gaps_kept: int = 1_000
    """Of one spool. Beyond that neighbours are joined: what lies between is asked for too, and a
    repeat changes nothing."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is known of one spool: every number up to `top` but those in `gaps`."""

    top: int = 0
    gaps: tuple[Gap, ...] = ()
    """In order, not touching."""


def heard(known: Numbers, number: int, *, now_us: int, policy: AskPolicy) -> Numbers:
    """An event of this number is filed or was before."""
    if number > known.top:
        if number == known.top + 1:  # nearly always, and each event asks
            return Numbers(number, known.gaps)
        told = announced(known, number - 1, now_us=now_us, policy=policy)
        return Numbers(number, told.gaps)
    return settled(known, number, number, now_us=now_us, policy=policy)


def announced(known: Numbers, top: int, *, now_us: int, policy: AskPolicy) -> Numbers:
    """The node has given numbers up to `top`; those not known yet are on their way."""
    if top <= known.top:
        return known
    due_us = now_us + _us(policy.gap_after_s)
    gap = Gap(known.top + 1, top, now_us, due_us)
    return Numbers(top, _few((*known.gaps, gap), policy))


def settled(known: Numbers, first: int, last: int, *, now_us: int, policy: AskPolicy) -> Numbers:
    """The fate of these numbers is known: they were filed, or will never come."""
    if not any(gap.first <= last and gap.last >= first for gap in known.gaps):
        return known
    left: list[Gap] = []
    for gap in known.gaps:
        if gap.first > last or gap.last < first:
            left.append(gap)
            continue
        rest = _put_off(gap, now_us, policy)
        if gap.first < first:
            left.append(replace(rest, last=first - 1))
        if gap.last > last:
            left.append(replace(rest, first=last + 1))
    return Numbers(known.top, _few(tuple(left), policy))


def after_asking(gap: Gap, *, now_us: int, policy: AskPolicy, draw: Draw) -> Gap:
    """The node was asked for this gap once more."""
    asks = gap.asks + 1
    if asks >= policy.asks_at_most:
        return replace(gap, asks=asks, due_utc_us=None)
    ceiling_s = min(policy.again_at_most_s, policy.again_first_s * 2.0 ** min(asks, 30))
    return replace(gap, asks=asks, due_utc_us=now_us + _us(draw(0.0, ceiling_s)))


def _put_off(gap: Gap, now_us: int, policy: AskPolicy) -> Gap:
    """Some of it came: the node is at it. Begin anew, but not before it had time for the rest."""
    soonest_us = now_us + _us(policy.again_first_s)
    return replace(gap, asks=0, due_utc_us=max(gap.due_utc_us or 0, soonest_us))


def _few(gaps: tuple[Gap, ...], policy: AskPolicy) -> tuple[Gap, ...]:
    while len(gaps) > policy.gaps_kept:
        lower, upper = gaps[:2]
        gaps = (replace(lower, last=upper.last), *gaps[2:])
    return gaps


def _us(span_s: float) -> int:
    return round(span_s * 1_000_000)
