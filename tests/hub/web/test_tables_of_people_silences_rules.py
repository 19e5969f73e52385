"""The tables of people, silences and rules: search, filter, order, all in the address."""

import re

import pytest

from hub.access.account_state import CLOSED
from hub.access.tables import people
from hub.alerting.silences import rows
from hub.alerting.silences.tables import silences
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Pages: Rules, rosters, grants and silences have pages.")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def quan(town: Town) -> Visitor:
    """Quân, keeper of the whole town; an officer's account is closed."""
    town.add_keeper_of_all()
    town.add_person("to", "Đỗ Tơ", "leader")
    closed = town.add_person("ut", "Lâm Út", "officer")
    with town.db.writing() as conn:
        conn.execute(people.update().where(people.c.id == closed).values(state=CLOSED))
    return Visitor(town.app()).sign_in("quan", PASSWORD)


def names(visitor: Visitor, query: str) -> list[str]:
    page = visitor.get(f"/grants{query}").text
    return re.findall(r'data-(?:person|closed)="([^"]+)"', page)


def test_people_are_searched_filtered_and_sorted(quan: Visitor) -> None:
    assert names(quan, "?role=leader") == ["Đỗ Tơ"]
    assert names(quan, "?find=do+to&role=x") == ["Đỗ Tơ"]
    assert names(quan, "?state=closed") == ["Lâm Út"]
    everybody = names(quan, "")
    assert everybody[:2] == ["Đỗ Tơ", "Hồ Quân"]
    assert names(quan, "?order=-name") == everybody[::-1]
    assert names(quan, "?order=-state")[0] == "Lâm Út"
    for order in ("grants", "-grants"):
        assert names(quan, f"?order={order}")[-1] == "Lâm Út", "a closed account has no number"
    assert names(quan, "?order=-grants")[0] != "Đỗ Tơ"  # who has none
    assert names(quan, "?find=can+bo") == []  # a role is chosen, "cán" is in no name
    said = text_of(quan.get("/grants?role=leader"))
    assert f"Đang hiện 1 trên {len(everybody)}" in said


def test_whoever_may_close_no_account_is_shown_no_closed_one(quan: Visitor, town: Town) -> None:
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    assert names(kim, "?state=closed") == []
    assert "Lâm Út" not in text_of(kim.get("/grants"))


def test_silences_are_searched_filtered_and_sorted(town: Town) -> None:
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    camera = re.findall(r'<option value="([0-9a-f-]{36})"', kim.get("/silences").text)[0]
    for reason, span_s in (("Sơn vỉa hè", 7200), ("Đám cưới", 3600), ("Chợ phiên", 86_400)):
        sent = {"camera": camera, "kind": "", "zone": "", "reason": reason}
        assert kim.post("/silences", **sent, span_s=str(span_s)).status_code == 303

    def reasons(query: str) -> list[str]:
        found = re.findall(r'<td class="is-broad">(.*?) \(', kim.get(f"/silences{query}").text)
        return [str(one) for one in found]

    assert reasons("") == ["Chợ phiên", "Đám cưới", "Sơn vỉa hè"]  # the newest first
    assert reasons("?order=until") == ["Đám cưới", "Sơn vỉa hè", "Chợ phiên"]
    assert reasons("?find=dam+cuoi") == ["Đám cưới"]
    assert reasons("?by=hub") == []
    assert "Không có" in text_of(kim.get("/silences?by=hub"))
    assert len(reasons("?by=people&order=x")) == 3
    with town.db.writing() as conn:  # as an older hub did after three false alarms
        hub_made = {"made_by": None, "reason": rows.FALSE_ALARMS}
        conn.execute(silences.update().where(silences.c.reason == "Đám cưới").values(hub_made))
    for query in ("?by=hub", "?find=bao+nham"):
        assert "Đang hiện 1 trên 3" in text_of(kim.get(f"/silences{query}")), query


def test_rules_are_searched_filtered_and_sorted(town: Town) -> None:
    kim = Visitor(town.app()).sign_in("kim", PASSWORD)
    place = f"area:{town.area_id}"
    for reason, tells, until in (
        ("Quán khuya", "nobody", "2198-01-02"),
        ("Trường nghỉ hè", "everybody", ""),
        ("Hội làng", "nobody", "2197-03-04"),
    ):
        sent = {"place": place, "kind": "person", "tells": tells, "until": until}
        answer = kim.post("/rules", **sent, reason=reason, act="save", day="5")
        assert answer.status_code == 303, text_of(answer)

    def reasons(query: str) -> list[str]:
        page = kim.get(f"/rules{query}").text
        return [str(one) for one in re.findall(r'</th>\s*<td class="is-broad">(.*?)</td>', page)]

    assert sorted(reasons("?tells=nobody")) == ["Hội làng", "Quán khuya"]
    assert reasons("?order=until") == ["Hội làng", "Quán khuya", "Trường nghỉ hè"]
    assert reasons("?find=nghi+he") == ["Trường nghỉ hè"]
    assert "Đang hiện 1 trên 3" in text_of(kim.get("/rules?find=nghi+he"))
