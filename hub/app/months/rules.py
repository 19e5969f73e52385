"""Decides which months may be dropped, and which rows outlive their month: values in, values
out."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from uuid import UUID

from hub.access.rules.grants import Parents
from hub.footage.retention.rules import DAY_US, FootageClass, RetentionRule, rule_for

Spans = Mapping[tuple[UUID, FootageClass], int | None]
"""Days for which the rules keep footage, by camera and class; None: for good. Without a rule: left
out."""


def months_to_drop(there: Sequence[int], *, now: int, keep_months: int) -> list[int]:
    """The months in `there` whose rows all arrived more than `keep_months` whole months ago.

    Months are written as 202611. The rows of a part arrived before the next part was begun, some
    time in the month of its name. The latest part is being filled and stays.
    """
    oldest = _count(now) - keep_months
    in_order = sorted(there)
    return [month for month, following in pairwise(in_order) if _count(following) < oldest]


def spans_of(
    cameras: Mapping[UUID, UUID], rules: Sequence[RetentionRule], parents: Parents
) -> Spans:
    """The rules that apply to each camera; `cameras`: their areas."""
    found: dict[tuple[UUID, FootageClass], int | None] = {}
    for camera_id, area_id in cameras.items():
        for which in FootageClass:
            rule = rule_for(which, area_id, rules, parents)
            if rule is not None:
                found[camera_id, which] = rule.keep_days
    return found


def is_kept_by_rule(
    spans: Spans, camera_id: UUID, *, is_of_alert: bool, last_seen_utc_us: int, now_utc_us: int
) -> bool:
    """True if the rule for this sighting's camera would still keep its footage; then its row is
    kept too."""
    which = FootageClass.ALERT if is_of_alert else FootageClass.SIGHTING
    if (camera_id, which) not in spans:
        return False
    days = spans[camera_id, which]
    return days is None or last_seen_utc_us > now_utc_us - days * DAY_US


def _count(month: int) -> int:
    return month // 100 * 12 + month % 100
