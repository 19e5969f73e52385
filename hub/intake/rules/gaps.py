"""Known sequence numbers of a spool, and when a gap is requested: values in, values out.

Nodes send alerts first, so a gap is normal for a while. After that time the hub asks the node.
Every number that arrives shows that the node is sending, and postpones the next request.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hub.nodes.spool.rules import Gap

Draw = Callable[[float, float], float]
"""Uniform random number between two bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPolicy:
    """Waiting times for gaps, in seconds."""

    gap_after_s: float = 120.0
    """A number missing for this long is requested. By itself a node repeats unreceipted events
    after at most 60 s."""
    again_first_s: float = 60.0
    again_at_most_s: float = 3600.0
    asks_at_most: int = 20
    """Most requests; a number that arrives later is still accepted."""
    ranges_at_once: int = 100
    gaps_kept: int = 1_000
    """Most gaps per spool. Beyond it neighbouring gaps are merged: known numbers between them are
    requested too, and a repeat changes nothing."""


@dataclass(frozen=True, slots=True)
class SpoolNumbers:
    """Known numbers of one spool: all up to `top` except those in `gaps`."""

    top: int = 0
    gaps: tuple[Gap, ...] = ()
    """In order, not adjacent."""


def may_have(known: SpoolNumbers, number: int) -> bool:
    """False if no event with this number can be stored."""
    return number <= known.top and not any(gap.first <= number <= gap.last for gap in known.gaps)


def received(known: SpoolNumbers, number: int, *, now_us: int, policy: AskPolicy) -> SpoolNumbers:
    """An event with this number is stored, now or before."""
    if number > known.top:
        if number == known.top + 1:  # the usual case, asked for every event
            return SpoolNumbers(number, known.gaps)
        told = announced(known, number - 1, now_us=now_us, policy=policy)
        return SpoolNumbers(number, told.gaps)
    return settled(known, number, number, now_us=now_us, policy=policy)


def announced(known: SpoolNumbers, top: int, *, now_us: int, policy: AskPolicy) -> SpoolNumbers:
    """Note that the node has used numbers up to `top`; unknown ones are on their way."""
    if top <= known.top:
        return known
    due_us = now_us + _us(policy.gap_after_s)
    gap = Gap(known.top + 1, top, now_us, due_us)
    return SpoolNumbers(top, _few((*known.gaps, gap), policy))


def settled(
    known: SpoolNumbers, first: int, last: int, *, now_us: int, policy: AskPolicy
) -> SpoolNumbers:
    """These numbers are settled: stored, or they will never come."""
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
    return SpoolNumbers(known.top, _few(tuple(left), policy))


def after_asking(gap: Gap, *, now_us: int, policy: AskPolicy, draw: Draw) -> Gap:
    """State of a gap after it was requested once more."""
    asks = gap.asks + 1
    if asks >= policy.asks_at_most:
        return replace(gap, asks=asks, due_utc_us=None)
    ceiling_s = min(policy.again_at_most_s, policy.again_first_s * 2.0 ** min(asks, 30))
    return replace(gap, asks=asks, due_utc_us=now_us + _us(draw(0.0, ceiling_s)))


def _put_off(gap: Gap, now_us: int, policy: AskPolicy) -> Gap:
    """Part of it arrived, so the node is sending. Start the waiting time again, with time for the
    rest."""
    soonest_us = now_us + _us(policy.again_first_s)
    return replace(gap, asks=0, due_utc_us=max(gap.due_utc_us or 0, soonest_us))


def _few(gaps: tuple[Gap, ...], policy: AskPolicy) -> tuple[Gap, ...]:
    while len(gaps) > policy.gaps_kept:
        lower, upper = gaps[:2]
        gaps = (replace(lower, last=upper.last), *gaps[2:])
    return gaps


def _us(span_s: float) -> int:
    return round(span_s * 1_000_000)
