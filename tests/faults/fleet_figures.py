"""Figures of a town under load: seconds from frame to push, memory over time, processor time by
part."""

from collections.abc import Mapping, Sequence
from statistics import linear_regression
from typing import Any, Final

from tests.faults import tally

FIRST_WORDS: Final = """
    SELECT alerts.confirmed_utc_us, n.owed_utc_us, min(a.started_utc_us), min(a.ended_utc_us),
        CASE WHEN n.held_utc_us IS NULL AND n.digest_id IS NULL THEN 0 ELSE 1 END
    FROM attempts AS a
    JOIN notifications AS n ON n.id = a.notification_id
    JOIN alerts ON alerts.id = n.alert_id
    WHERE n.moment = 'opened' AND a.answer = 'delivered' AND alerts.kind = 'person'
    GROUP BY n.id, alerts.confirmed_utc_us, n.owed_utc_us, n.held_utc_us, n.digest_id
"""
"""Frame that confirmed, owed, sent, taken by the phone's service; 1 where a storm held it."""
WITH_OTHERS: Final = """
    SELECT n.answered_utc_us - n.owed_utc_us FROM notifications AS n
    WHERE n.moment = 'opened' AND n.state IN ('accepted', 'folded')
        AND (n.held_utc_us IS NOT NULL OR n.digest_id IS NOT NULL)
"""
WAITING: Final = """
    SELECT count(*) FROM notifications
    WHERE moment = 'opened' AND state = 'queued' AND held_utc_us IS NULL
"""
SHARES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
WARM_UP: Final = 1 / 3
"""That share of a run fills the caches and is left out of the slope of the memory."""


def spread(values_us: Sequence[int]) -> dict[str, float]:
    """Median and tail in seconds."""
    found = sorted(values_us)
    return {
        name: round(found[min(len(found) - 1, int(len(found) * share))] / 1e6, 3)
        for name, share in SHARES
        if found
    } | ({"max": round(found[-1] / 1e6, 3)} if found else {})


def pushes(database_url: str) -> dict[str, Any]:
    """First words: those owed at once by themselves, and what a storm told together.

    A word that a storm holds back comes late by design, up to a minute; it is told apart.
    """
    hub = tally.Hub(database_url)
    rows, held = hub.ask(FIRST_WORDS), [row[0] for row in hub.ask(WITH_OTHERS)]
    single = [row[:4] for row in rows if not row[4]]
    began_us = min((row[0] for row in single), default=0)
    minutes: dict[int, list[int]] = {}
    for frame_us, _, _, taken_us in single:
        minutes.setdefault((frame_us - began_us) // 60_000_000, []).append(taken_us - frame_us)
    return {
        "pushes": len(single),
        "frame_to_push_s": spread([taken - frame for frame, _, _, taken in single]),
        "frame_to_owed_s": spread([owed - frame for frame, owed, _, _ in single]),
        "owed_to_sent_s": spread([sent - owed for _, owed, sent, _ in single]),
        "sent_to_taken_s": spread([taken - sent for _, _, sent, taken in single]),
        "p95_by_minute_s": [spread(minutes[minute])["p95"] for minute in sorted(minutes)],
        "held_by_a_storm": len(held),
        "held_for_s": spread(held),
    }


def waiting(database_url: str) -> int:
    """First words that no phone's service has taken yet, and no storm holds."""
    return tally.Hub(database_url).number(WAITING)


def memory(looks: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Of (seconds, MiB): what it was and is, and its slope once it was warm."""
    warm = [look for look in looks if look[0] >= WARM_UP * looks[-1][0]]
    slope = linear_regression(*zip(*warm, strict=True)).slope if len(warm) > 2 else 0.0
    return {
        "begin_mib": looks[0][1],
        "warm_mib": warm[0][1],
        "end_mib": looks[-1][1],
        "slope_mib_per_hour": round(slope * 3600, 2),
        "slope_over_s": round(warm[-1][0] - warm[0][0]),
    }


def shares(
    before_s: Mapping[str, float], after_s: Mapping[str, float], span_s: float
) -> dict[str, float]:
    """Share of a core that each part used."""
    return {name: round((after_s[name] - before_s[name]) / span_s, 3) for name in after_s}
