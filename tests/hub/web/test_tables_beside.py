"""Tables whose rows are shown in detail beside them, and tables of boxes' settings and programs."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access.rules.grants import Right
from hub.base.audit.asker import Asker
from hub.base.audit.tables import audit
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.rules import RequestKind
from hub.public.data_requests.tables import petitions
from hub.public.data_requests.views import NewDataRequest
from hub.public.households.rules import NewHousehold
from hub.public.households.service import HouseholdService
from hub.public.tips.sealing import Reporter
from hub.registry.shapes import Point
from tests.hub.rigs.many_boxes import add_boxes
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Pages: Lists are tables with details beside them.")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def quan(town: Town) -> Visitor:
    town.add_keeper_of_all("en")
    return Visitor(town.app()).sign_in("quan", PASSWORD)


def asks(town: Town, wish: RequestKind, what: str) -> None:
    new = NewDataRequest(wish, what, town.area_id, Reporter("Lan", "0909"), "vi", has_consent=True)
    town.services.use(PublicDataRequestService).receive(new, submission=what)


def beside(visitor: Visitor, address: str) -> str:
    """The details on that page; empty: none."""
    page = visitor.get(address)
    assert page.status_code == 200
    found = re.search(r'<section class="[^"]*beside-one.*?</section>', page.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split()) if found else ""


def looks(town: Town, act: str) -> list[UUID]:
    """What was opened by that act, as the log has it."""
    with town.db.reading() as conn:
        query = select(audit.c.object_id).where(audit.c.act == act)
        return list(conn.scalars(query.order_by(audit.c.seq)))


def test_requests_are_searched_filtered_sorted_and_read_beside(town: Town, quan: Visitor) -> None:
    asks(town, RequestKind.DELETE, "áo đỏ, trước chợ")
    asks(town, RequestKind.COPY, "xe đạp, cổng trường")
    with town.db.reading() as conn:
        red, bike = conn.scalars(select(petitions.c.id).order_by(petitions.c.number))

    def shown(query: str) -> list[UUID]:
        page = quan.get(f"/petitions{query}").text
        return [UUID(one) for one in re.findall(r'data-petition="([^"]+)"', page)]

    assert shown("") == [red, bike]
    assert shown("?order=-number") == [bike, red]
    assert shown("?find=xe+dap") == [bike]
    assert quan.post(f"/petitions/{red}/answer", outcome="granted", words="Xong").status_code == 303
    assert (shown("?state=waiting"), shown("?state=answered")) == ([bike], [red])
    assert shown("?state=x&order=y") == [bike, red]
    assert 'id="counter"' in quan.get("/petitions").text
    said = beside(quan, f"/petitions?state=waiting&one={bike}")
    assert "xe đạp, cổng trường" in said and "Lan" not in said
    assert 'id="counter"' not in quan.get(f"/petitions?one={bike}").text
    for nobody in (town.area_id, "x"):
        assert beside(quan, f"/petitions?one={nobody}") == ""
    assert looks(town, "petition.open") == [bike, bike]  # as on its own page
    assert looks(town, "petition.open.refused") == [town.area_id]


def test_households_are_searched_and_read_beside(town: Town, quan: Visitor) -> None:
    with town.db.reading() as conn:
        from hub.access.tables import people  # noqa: PLC0415

        keeper = conn.execute(select(people).where(people.c.login == "quan")).one()
    asker = Asker(keeper.id, "quan", keeper.name, "keeper", "vi", "")
    service, point = town.services.use(HouseholdService), Point(11.5, 106.6)
    made = {}
    for place in ("12 Lê Lợi", "3 Đinh Tiên Hoàng"):
        view = ("cổng chợ", "Bà Sáu", "0912", "", "vi", "1", "Tôi đồng ý.", True)
        done = service.register(asker, NewHousehold(town.area_id, place, point, *view))
        assert done is not None
        made[place] = done[0]

    def shown(query: str) -> list[str]:
        page = quan.get(f"/households{query}").text
        return re.findall(r'<a class="only-page" href="/households/[^"]+">([^<]+)</a>', page)

    assert shown("") == ["3 Đinh Tiên Hoàng", "12 Lê Lợi"]
    assert shown("?order=-place") == ["12 Lê Lợi", "3 Đinh Tiên Hoàng"]
    assert shown("?find=dinh+tien") == ["3 Đinh Tiên Hoàng"]
    assert 'name="state"' not in quan.get("/households").text  # all may be asked
    household = f"/households/{made['12 Lê Lợi']}"
    assert quan.post(f"{household}/withdraw").status_code == 303
    assert shown("?state=withdrawn") == ["12 Lê Lợi"]
    said = beside(quan, f"/households?one={made['12 Lê Lợi']}")
    assert "Consent withdrawn" in said and "Bà Sáu" not in said and "0912" not in said
    assert looks(town, "household.open") == [made["12 Lê Lợi"]]


def test_what_a_person_may_see_stands_beside_the_people(town: Town, quan: Visitor) -> None:
    lam = town.add_person("lam", "Võ Lâm", "officer", Right.SEE | Right.ALERTED)
    town.allow("lam", Right.CLIPS, area_id=town.top)
    said = beside(quan, f"/grants?one={lam}")
    assert said.index("Ngã tư Chợ Cũ, Tân Khai") < said.rindex("Tân Khai")
    assert "Võ Lâm" in said and "watch clips" in said
    nobody = town.add_person("to", "Đỗ Tơ", "leader")
    assert "No grant in your areas" in beside(quan, f"/grants?one={nobody}")
    assert f'href="/grants?one={lam}#one-{lam}"' in quan.get("/grants").text
    town.allow("to", Right.MANAGE, area_id=town.top)
    leader = Visitor(town.app()).sign_in("to", PASSWORD)  # people have no page for a leader
    assert f'class="only-page" href="/grants?one={lam}#one-{lam}"' in leader.get("/grants").text
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert an.get(f"/grants?one={lam}").status_code == 404


@pytest.mark.parametrize("path", ["/configuration", "/configuration/programs"])
def test_boxes_are_found_on_the_pages_of_settings_and_programs(
    town: Town, quan: Visitor, path: str
) -> None:
    add_boxes(town, 12, seen_cameras=12)

    def shown(query: str) -> list[str]:
        found = re.findall(r'href="/configuration/node/[^"]+">([^<]+)', quan.get(path + query).text)
        return [str(one) for one in found]

    assert len(shown("")) == 13
    assert shown("?order=-name")[:2] == ["tram-01", "box-011"]
    assert shown("?find=nga+tu+12") == ["box-011"]
    assert shown("?state=refused&order=place") == []
    refused = quan.get(f"{path}?state=refused")  # by which no box is, and what is chosen says so
    assert "None." in text_of(refused) and '<option value="refused" selected>' in refused.text
    assert len(shown("?state=x&order=y")) == 13


def test_notices_are_searched_filtered_and_read_beside(town: Town, quan: Visitor) -> None:
    def write(title: str) -> str:
        sent = {"area": str(town.area_id), "title": title, "words": f"Về {title}.", "days": "7"}
        answer = quan.post("/notices", **sent)
        assert answer.status_code == 303
        return str(answer.headers["location"]).rpartition("/")[2]

    road, water = write("Sửa đường"), write("Cúp nước")

    def shown(query: str) -> list[str]:
        page = quan.get(f"/notices{query}").text
        return re.findall(r'<a class="only-page" href="/notices/([^"]+)"', page)

    assert shown("") == [water, road]  # the newest first, and the head says so
    assert 'aria-sort="descending"' in quan.get("/notices").text
    assert shown("?order=time") == [road, water]
    assert shown("?order=-title") == [road, water]
    assert shown("?find=sua+duong") == [road]
    assert shown("?state=sent") == []
    said = beside(quan, f"/notices?state=draft&one={road}")
    assert "Về Sửa đường." in said and "draft" in said
    assert looks(town, "notice.open") == [UUID(road)]
    assert 'id="new"' in quan.get("/notices").text


def test_cameras_to_watch_are_searched_and_sorted(town: Town, quan: Visitor) -> None:
    add_boxes(town, 12, seen_cameras=12)

    def shown(query: str) -> list[str]:
        page = quan.get(f"/live{query}").text
        return re.findall(r'<th scope="row"><a href="[^"]+/live">([^<]+)', page)

    assert shown("")[0] == "Camera 0" and len(shown("")) == 13
    assert shown("?order=-camera")[1] == "Camera 11"
    assert set(shown("?order=state")[:2]) == {"Camera 0", "Camera 10"}  # their boxes are offline
    assert shown("?find=nga+tu+12") == ["Camera 11"]
    assert len(shown("?order=x")) == 13
