"""The inbox in pages, with filters and groups, limited to each person's part of the town."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.alerts.rules.listing import AlertFilter, Rank
from hub.alerting.alerts.tables import alerts
from hub.alerting.monitoring import rows as monitoring_rows
from hub.alerting.monitoring.rules.troubles import TroubleRaised
from hub.alerting.response.service import ResponseService
from hub.base.audit.asker import Asker
from hub.console.inbox_form import InboxForm, parsed, rank_of, rank_text
from hub.console.service import InboxService
from hub.console.views import InboxAsked, InboxPage
from hub.registry.tables import nodes
from tests.hub.rigs.streets import Streets
from tests.hub.rigs.web_town import NODE, PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of


def raised(streets: Streets, *, bridge: bool = False, is_over: bool = False) -> UUID:
    mouth, sighting_id = streets.other if bridge else streets.node, uuid4()
    streets.clock.pass_s(90)
    (filed,) = streets.file(mouth.opened(sighting_id))
    assert filed.alert_id is not None
    if is_over:
        streets.file(mouth.closed(sighting_id))
    return filed.alert_id


def opened(
    streets: Streets, asker: Asker, wanted: AlertFilter | None = None, **asked: Any
) -> InboxPage:
    shown = InboxAsked(wanted or AlertFilter(), began_utc_us=0, **asked)
    return streets.services.use(InboxService).page(asker, shown)


def ids(shown: InboxPage) -> list[UUID]:
    return [row.alert_id for row in shown.rows]


def test_the_inbox_comes_in_pages_of_what_the_reader_may_see(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh", area=streets.bridge)
    made = [raised(streets, bridge=number == 2) for number in range(5)]
    first = opened(streets, an, size=2)
    assert ids(first) == [made[4], made[3]]
    assert (first.counts.running, first.counts.handled, first.counts.found) == (5, 0, 5)
    second = opened(streets, an, size=2, after=first.next_after)
    third = opened(streets, an, size=2, after=second.next_after)
    assert ids(second) + ids(third) == [made[2], made[1], made[0]]
    assert third.next_after is None
    other = opened(streets, binh, size=2)
    assert (ids(other), other.counts.running) == ([made[2]], 1)
    assert [choice.name for choice in other.areas] == ["Cầu Mới", "Tân Khai"]


def test_handled_ones_are_on_a_tab_of_their_own_last_closed_first(streets: Streets) -> None:
    an = streets.officer("an")
    made = [raised(streets) for _ in range(3)]
    responses = streets.services.use(ResponseService)
    for alert_id in (made[1], made[0]):
        streets.clock.pass_s(10)
        responses.act(an, alert_id, act="resolve")
    assert ids(opened(streets, an)) == [made[2]]
    handled = opened(streets, an, is_handled=True)
    assert ids(handled) == [made[0], made[1]]
    assert (handled.counts.running, handled.counts.handled, handled.counts.found) == (1, 2, 2)
    later = InboxAsked(AlertFilter(), streets.clock.now().utc_us, is_handled=True)
    assert ids(streets.services.use(InboxService).page(an, later)) == [made[0]]


def test_a_filter_finds_mine_an_area_a_node_and_what_is_new(streets: Streets) -> None:
    an = streets.officer("an")
    market, bridge = raised(streets), raised(streets, bridge=True)
    streets.services.use(ResponseService).act(an, market, act="take")
    assert ids(opened(streets, an, AlertFilter(is_mine=True))) == [market]
    assert ids(opened(streets, an, AlertFilter(area_id=streets.bridge))) == [bridge]
    assert ids(opened(streets, an, AlertFilter(area_id=streets.commune))) == [bridge, market]
    since = AlertFilter(since_utc_us=streets.clock.now().utc_us)
    assert ids(opened(streets, an, since)) == [bridge]
    shown = opened(streets, an, AlertFilter(subject="tip"))
    assert (ids(shown), shown.counts.found, shown.counts.running) == ([], 0, 2)


def test_groups_hold_all_but_critical_alerts(streets: Streets) -> None:
    an = streets.officer("an")
    critical, _, newest = raised(streets), raised(streets, is_over=True), raised(streets)
    bridge = raised(streets, bridge=True)
    with streets.db.writing() as conn:
        this = alerts.c.id == critical
        conn.execute(update(alerts).where(this).values(severity="critical"))
    shown = opened(streets, an, grouped_by="place")
    assert ids(shown) == [critical]
    assert [(one.name, one.count, one.ongoing_count) for one in shown.groups] == [
        ("Cầu Mới", 1, 1),
        ("Ngã tư chợ", 2, 1),
    ]
    assert [one.newest.alert_id for one in shown.groups] == [bridge, newest]
    assert [one.name for one in opened(streets, an, grouped_by="node").groups] == [
        "cau-moi",
        "nga-tu",
    ]
    hidden = opened(streets, an, AlertFilter(is_mine=True))
    assert ids(hidden) == [critical]


def test_an_alert_goes_on_until_its_sighting_is_closed_or_silent_for_five_minutes(
    streets: Streets,
) -> None:
    an = streets.officer("an")
    going, over = raised(streets), raised(streets, is_over=True)
    rows = {row.alert_id: row.is_ongoing for row in opened(streets, an).rows}
    assert rows == {going: True, over: False}
    streets.clock.pass_s(301)
    assert not any(row.is_ongoing for row in opened(streets, an).rows)


def test_an_address_that_says_something_wrong_is_as_if_it_were_not_there() -> None:
    wrong = {"tab": "x", "mine": "yes", "area": "1", "kind": "dog", "since": "9", "group": "x"}
    assert parsed(wrong) == InboxForm()
    assert parsed({"since": "8"}).wanted(10**15).since_utc_us == 10**15 - 28_800_000_000
    for text in ("", "x", "1.2", "2.5.x", f"0.{'9' * 30}.{UUID(int=1)}", f"0.²1.{UUID(int=1)}"):
        assert rank_of(text) is None
    rank: Rank = (1, 1_795_000_000_000_000, 77)
    assert rank_of(rank_text(rank)) == rank


def test_an_address_keeps_its_filter_over_pages() -> None:
    form = parsed({"mine": "1", "since": "8", "group": "node"})
    assert form.address(after="x") == "/?mine=1&since=8&group=node&after=x"
    assert form.address("", group="") == "?mine=1&since=8"
    assert form.all_of_it() == "/"
    assert parsed({"tab": "handled", "select": "1"}).all_of_it() == "/?tab=handled"


def test_a_page_of_30_alerts_has_24_cards_and_leads_to_the_next(town: Town) -> None:
    for _ in range(30):
        town.somebody()
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    page = an.get("/").text
    assert page.count('<article class="card') == 24
    assert '<span class="figures" id="count-running" data-count="running">30</span>' in page
    more = re.search(r'href="([^"]+)" data-more', page)
    assert more is not None
    rest = an.get(more[1].replace("&amp;", "&")).text
    assert rest.count('<article class="card') == 6
    assert "data-more" not in rest
    shown = re.findall(r'id="card-([^"]+)"', page + rest)
    assert len(set(shown)) == 30
    counts = {"running": 30, "handled": 0, "found": 0, "waiting": {"/": 30}}
    assert an.get("/list/counts?mine=1").json() == counts
    assert "Hôm nay chưa xử lý cảnh báo nào" in text_of(an.get("/?tab=handled"))
    assert an.get("/?area=x&since=-3&after=..%00").status_code == 200


@pytest.mark.parametrize(
    ("kind", "broker", "label"),
    [
        (Kind.BROKER_UNHEARD, "hub2.example.vn:8883", "Máy chủ nhận tin hub2.example.vn:8883"),
        (Kind.NODE_RIVAL, "", f"Trạm camera {NODE}"),
    ],
)
def test_an_alert_of_a_broker_or_a_box_names_it_as_such(
    town: Town, kind: Kind, broker: str, label: str
) -> None:
    now = town.clock.now()
    with town.db.writing() as conn:
        node_id = conn.scalars(select(nodes.c.id).where(nodes.c.name == NODE)).one()
        units = frozenset({node_id})
        node = None if broker else node_id
        monitoring_rows.act(
            conn, TroubleRaised(kind, units, now.utc_us, node_id=node, broker=broker), now=now
        )
        alert_id = conn.scalars(select(alerts.c.id)).one()
    page = text_of(Visitor(town.app()).sign_in("kim", PASSWORD).get(f"/alerts/{alert_id}"))
    assert label in page
    assert f"Camera {broker or NODE}" not in page


def test_a_card_says_whether_the_filter_of_its_page_shows_it(town: Town) -> None:
    seen = town.somebody()
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    path = f"/alerts/{seen.alert_id}/card"
    assert 'data-fits="1"' in an.get(path).text
    assert 'data-fits="0"' in an.get(f"{path}?mine=1").text
    assert 'data-fits="1"' in an.get(f"{path}?kind=person&area={town.area_id}").text
    assert Visitor(town.app()).sign_in("guest", PASSWORD).get(f"{path}?mine=1").status_code == 404
