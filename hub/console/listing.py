"""One page of the inbox, read in the caller's transaction."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from hub.access.scope import scope_mark
from hub.alerting.alerts import listing_queries
from hub.alerting.alerts import queries as alerts_queries
from hub.alerting.alerts.listing_queries import Names
from hub.alerting.alerts.rules.listing import (
    AlertFacts,
    AlertGroup,
    by_area,
    by_subject,
    groups,
    in_order,
    page,
)
from hub.alerting.alerts.views import AlertRow
from hub.alerting.response.next_calls import UpcomingCalls
from hub.base.audit.acting import Reading
from hub.base.text.order import by_name
from hub.console.views import AreaChoice, InboxAsked, InboxCounts, InboxGroup, InboxPage

LARGE_AT_MOST: Final = 12
"""With more alerts than this their pictures are small, and no card names its next call."""


def inbox_page(look: Reading, asked: InboxAsked) -> InboxPage:
    """The alerts or groups that the form asks for and the reader may see."""
    facts, names = _facts(look, asked)
    listed = in_order(facts, asked.wanted)
    is_strict = asked.wanted.is_strict
    single = [one for one in listed if one.is_always_shown and not is_strict]
    shown = page(single if asked.grouped_by else listed, size=asked.size, after=asked.after)
    conn, who, now = look.conn, look.asker.person_id, look.now
    rows = alerts_queries.these_alerts(conn, who, shown.alert_ids, now)
    is_dense = asked.is_dense or len(listed) > LARGE_AT_MOST
    return InboxPage(
        rows=rows if is_dense else UpcomingCalls(conn).with_calls(rows),
        is_dense=is_dense,
        groups=_groups(look, listed, names, asked),
        counts=_counts(look, asked, len(facts), len(listed)),
        next_after=shown.next_after,
        cursor=alerts_queries.last_cursor(conn),
        scope_mark=scope_mark(conn, who, now),
        read_utc_us=now.utc_us,
        areas=_choices(facts, names),
        subjects=dict(by_subject(facts)),
        names=names,
        nodes={one.node_id: one.node_name for one in facts},
        to_choose=tuple(one.alert_id for one in listed if one.is_for_many),
    )


def inbox_counts(look: Reading, asked: InboxAsked) -> InboxCounts:
    """Numbers of the inbox with the same form."""
    facts, _ = _facts(look, asked)
    return _counts(look, asked, len(facts), len(in_order(facts, asked.wanted)))


def _facts(look: Reading, asked: InboxAsked) -> tuple[list[AlertFacts], Names]:
    conn, who, now = look.conn, look.asker.person_id, look.now
    if asked.is_handled:
        since_utc_us = asked.began_utc_us
        return listing_queries.closed_facts(conn, who, now, since_utc_us=since_utc_us)
    return listing_queries.running_facts(conn, who, now)


def _counts(look: Reading, asked: InboxAsked, here: int, found: int) -> InboxCounts:
    conn, who, now = look.conn, look.asker.person_id, look.now
    if asked.is_handled:
        return InboxCounts(listing_queries.running_count(conn, who, now), here, found)
    since_utc_us = asked.began_utc_us
    handled = listing_queries.closed_count(conn, who, now, since_utc_us=since_utc_us)
    return InboxCounts(here, handled, found)


def _groups(
    look: Reading, listed: Iterable[AlertFacts], names: Names, asked: InboxAsked
) -> list[InboxGroup]:
    if asked.grouped_by is None:
        return []
    made = groups(listed, asked.grouped_by, is_strict=asked.wanted.is_strict)
    newest = [one.alert_ids[0] for one in made]
    conn, who = look.conn, look.asker.person_id
    rows = alerts_queries.these_alerts(conn, who, newest, look.now)
    cards = {row.alert_id: row for row in rows}
    nodes = {one.node_id: one.node_name for one in listed}
    known = nodes if asked.grouped_by == "node" else names
    return [_group(one, known, cards) for one in made if one.alert_ids[0] in cards]


def _group(one: AlertGroup, known: Names, cards: dict[UUID, AlertRow]) -> InboxGroup:
    name = "" if one.key is None else known.get(one.key, "")
    newest = cards[one.alert_ids[0]]
    return InboxGroup(
        one.key, name, len(one.alert_ids), one.open_count, one.ongoing_count, newest=newest
    )


def _choices(facts: list[AlertFacts], names: Names) -> list[AreaChoice]:
    """Areas with alerts, by name."""
    found = by_area(facts)
    made = [AreaChoice(area_id, names[area_id], count) for area_id, count in found.items()]
    return sorted(made, key=lambda one: (by_name(one.name), str(one.area_id)))
