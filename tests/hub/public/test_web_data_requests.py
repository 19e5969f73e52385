"""Pages of data requests: who may ask, who answers, what is sealed, what is late."""

import re
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from hub.app.config import DataRequestsSection
from hub.base.audit.tables import audit
from hub.oversight.metrics import queries
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.rules import DAY_US, MOST_WAITING
from hub.public.data_requests.tables import data_request_people, petitions
from hub.public.tips.sealing import SealBox
from hub.registry import registry
from hub.registry.tables import cameras
from tests.hub.helpers.public.web_data_requests import CODE, Asking, only_id, with_leader
from tests.hub.rigs.web_town import OFFICE, PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise(
    "Audit and data protection: A person can ask for their data, with a counted deadline."
)


@pytest.fixture
def asking(town: Town) -> Asking:
    return Asking(town)


def came_days_ago(town: Town, days: int) -> None:
    with town.db.writing() as conn:
        then_us = town.clock.now().utc_us - days * DAY_US
        conn.execute(update(petitions).values(received_utc_us=then_us))


def test_somebody_asks_is_answered_and_reads_it_with_their_code(town: Town, asking: Asking) -> None:
    code = asking.code()
    assert "There is no answer yet" in text_of(asking.follow(code.lower()))
    lam = with_leader(town)
    assert "/petitions" in lam.get("/more").text
    assert re.search(r"YC-\d{4}-00001", text_of(lam.get("/petitions")))
    here = f"/petitions/{only_id(town)}"
    page = lam.get(here)
    assert "áo &lt;b&gt;đỏ" in page.text
    assert "Lan" not in page.text
    assert lam.post(f"{here}/acknowledge", words="Đã nhận, sẽ trả lời").status_code == 303
    assert lam.post(f"{here}/proof", words="Mang căn cước đến trụ sở").status_code == 303
    assert lam.post(f"{here}/extend", words="Nhiều camera").status_code == 303
    assert lam.post(f"{here}/extend", words="lần nữa").status_code == 422, "once"
    assert lam.post(f"{here}/answer", outcome="refused", words="x").status_code == 422
    refused = lam.post(f"{here}/answer", outcome="refused", refusal="held", words="Đang giữ")
    assert refused.status_code == 303
    assert lam.post(f"{here}/answer", outcome="granted", words="x").status_code == 422, "once"
    answer = text_of(asking.follow(code))
    for words in ("Đã nhận", "Mang căn cước", "Nhiều camera", "Refused", "it is held"):
        assert words in answer
    assert "Võ Thị Lâm" not in answer
    assert "no request with that code" in text_of(asking.follow("0000-0000-0000"))
    done = [act for act in town.acts() if act.startswith("petition.") and "open" not in act]
    assert done == [
        "petition.take_in",
        "petition.acknowledge",
        "petition.proof",
        "petition.extend",
        "petition.extend.refused",
        "petition.answer.refused",
        "petition.answer",
        "petition.answer.refused",
    ]


def test_the_navigation_counts_what_waits_for_an_answer_in_ones_areas(
    town: Town, asking: Asking
) -> None:
    def waiting(visitor: Visitor) -> list[str]:
        page = visitor.get("/more").text  # as on a phone, whose bar has not all places
        return re.findall(r'class="waiting(?: only-phone)?">(\d+)', page)

    with town.db.writing() as conn:
        other = registry.add_area(conn, name="Xã bên", level="commune", now=town.clock.now())
    lam, them = with_leader(town), with_leader(town, "other", area=other)
    assert (waiting(lam), waiting(them)) == ([], [])
    asking.code()
    assert waiting(lam) == ["1", "1"]  # beside "More", and on that page
    assert waiting(them) == []
    keeper = with_leader(town, "thu", role="technician")  # answers none
    assert waiting(keeper) == []
    with town.db.writing() as conn:
        conn.execute(update(petitions).values(area_id=None))
    assert waiting(them) == ["1", "1"]  # of a top area
    here = f"/petitions/{only_id(town)}"
    assert them.post(f"{here}/acknowledge", words="Đã nhận").status_code == 303
    assert them.post(f"{here}/answer", outcome="granted", words="Xong").status_code == 303
    assert waiting(them) == []


def test_who_asks_is_sealed_and_told_to_who_answers_and_says_why(
    town: Town, asking: Asking
) -> None:
    asking.code()
    with town.db.reading() as conn:
        assert b"Lan" not in bytes(conn.scalars(select(data_request_people.c.sealed)).one())
        details = list(conn.scalars(select(func.coalesce(audit.c.data, ""))))
    assert not any("Lan" in one or "0909" in one for one in details)
    lam, here = with_leader(town), f"/petitions/{only_id(town)}"
    assert lam.post(f"{here}/person", reason=" ").status_code == 404
    told = text_of(lam.post(f"{here}/person", reason="gọi lại"))
    assert "Nguyễn Thị Lan" in told
    assert "0909 000 111" in told
    assert [act for act in town.acts() if act.startswith("petition.person")] == [
        "petition.person.refused",
        "petition.person",
    ]


def test_what_is_of_another_area_or_of_another_role_is_not_there(
    town: Town, asking: Asking
) -> None:
    with town.db.writing() as conn:
        other = registry.add_area(conn, name="Xã bên", level="commune", now=town.clock.now())
    asking.code()
    here = f"/petitions/{only_id(town)}"
    outside = with_leader(town, "ngoai", area=other)
    assert "YC-" not in text_of(outside.get("/petitions"))
    technician = with_leader(town, "tuan", role="technician")
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    for one in (outside, technician, an):
        assert one.get(here).status_code == 404
        for step in ("acknowledge", "proof", "extend", "person"):
            assert one.post(f"{here}/{step}", words="x", reason="x").status_code == 404
        answer = one.post(f"{here}/answer", outcome="granted", words="x")
        assert answer.status_code == 404
    for one in (technician, an):
        assert one.get("/petitions").status_code == 404
        form = {"wish": "told", "what": "x", "name": "x", "contact": "x"}
        assert one.post("/petitions", **form).status_code == 404
    with town.db.reading() as conn:
        assert conn.scalars(select(petitions.c.acknowledged_utc_us)).one() is None


def test_one_of_no_area_is_for_who_looks_after_the_whole_town(town: Town, asking: Asking) -> None:
    asking.code(area="")
    here = f"/petitions/{only_id(town)}"
    assert with_leader(town).get(here).status_code == 404
    with town.db.reading() as conn:
        from hub.registry.tables import areas  # noqa: PLC0415

        top = conn.scalar(select(areas.c.id).where(areas.c.parent_id.is_(None)))
    assert with_leader(town, "chu", area=top).get(here).status_code == 200


def test_at_the_counter_it_is_written_down_and_the_code_handed_out(town: Town) -> None:
    lam = with_leader(town)
    mark = SealBox(bytes(32)).form_mark(town.clock.now())
    answer = lam.post(
        "/petitions",
        wish="copy",
        what="Sáng nay ở ngã tư",
        name="Ông Ba",
        contact="tổ 4",
        mark=mark,
        area=str(town.area_id),
    )
    found = CODE.search(answer.text)
    assert found
    assert "Võ Thị Lâm" in text_of(lam.get(f"/petitions/{only_id(town)}"))
    assert "Sent at" in text_of(Asking(town).follow(found[1]))


def test_two_people_who_ask_the_same_at_the_counter_are_two_requests(town: Town) -> None:
    lam = with_leader(town)
    asked = {"wish": "copy", "what": "Sáng nay ở ngã tư", "name": "Ông Ba", "contact": "tổ 4"}

    def code() -> str:
        mark = re.search(r'name="mark" value="([^"]+)"', lam.get("/petitions").text)
        assert mark is not None
        found = CODE.search(lam.post("/petitions", **asked, mark=mark[1]).text)
        assert found is not None
        return found[1]

    assert code() != code()
    with town.db.reading() as conn:
        assert len(conn.scalars(select(petitions.c.id)).all()) == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"wish": "everything"}, "Choose what you ask for"),
        ({"what": " "}, "Write where and when"),
        ({"contact": ""}, "how to reach you"),
        ({"consent": ""}, "Tick that you agree"),
        ({"mark": "made up"}, "press Send again"),
        ({"website": "http://spam.example"}, "press Send again"),
    ],
)
def test_what_is_missing_is_said_and_what_was_written_stays(
    town: Town, asking: Asking, fields: dict[str, str], said: str
) -> None:
    answer = asking.send(**fields)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert fields.get("what") or "Chiều 24/11" in answer.text
    with town.db.reading() as conn:
        assert conn.execute(select(petitions)).all() == []


def test_a_refusal_that_is_corrected_at_once_is_not_too_fast(asking: Asking) -> None:
    refused = asking.send(consent="")
    found = re.search(r'name="mark" value="([^"]+)"', refused.text)
    assert refused.status_code == 422 and found
    asking.code(mark=found[1])


def test_the_list_says_how_many_wait_and_how_many_were_answered(town: Town, asking: Asking) -> None:
    asking.code()
    asking.code(what="Một chuyện khác")
    page = text_of(with_leader(town).get("/petitions"))
    assert "(2)" in page and "(0)" in page


def test_at_the_desk_nothing_that_was_written_is_lost_where_something_is_missing(
    town: Town, asking: Asking
) -> None:
    asking.code()
    lam, page = with_leader(town), f"/petitions/{only_id(town)}"
    long_words = "Đã xem lại cả ngày 24/11, từ cổng chợ đến ngã tư."
    refused = lam.post(f"{page}/answer", words=long_words, outcome="refused", refusal="")
    assert (refused.status_code, refused.text.count(long_words)) == (422, 1)
    assert lam.post(f"{page}/acknowledge", words="Đã nhận").status_code == 303
    granted = lam.post(f"{page}/answer", words="Xoá", outcome="granted")
    assert granted.status_code == 303
    late = lam.post(f"{page}/extend", words=long_words)
    assert late.status_code == 422, "it is answered"
    with town.db.reading() as conn:
        camera_id = conn.scalars(select(cameras.c.id)).first()
    days = lam.get(f"{page}?camera={camera_id}&day=hôm qua&since=08:15&until=9")
    assert days.status_code == 422
    assert "Hãy ghi ngày như 25/11/2026 và giờ như 21:30" in text_of(days)
    assert 'value="08:15"' in days.text
    at_counter = lam.post("/petitions", wish="copy", what=long_words, language="en")
    assert at_counter.status_code == 422
    assert long_words in at_counter.text
    assert '<option value="en" selected>' in at_counter.text


def test_sent_twice_it_is_one_and_an_area_that_is_none_is_no_area(
    town: Town, asking: Asking
) -> None:
    mark = SealBox(bytes(32)).form_mark(town.clock.now().plus_s(-60))
    unknown = str(uuid4())
    assert asking.code(mark=mark, area=unknown) == asking.code(mark=mark, area=unknown)
    with town.db.reading() as conn:
        assert conn.scalars(select(petitions.c.area_id)).all() == [None]


def test_when_too_many_wait_the_form_takes_no_more_and_the_counter_goes_on(
    town: Town, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_WAITING >= 100
    monkeypatch.setattr("hub.public.data_requests.public_service.MOST_WAITING", 1)
    asking.code()
    assert asking.send(what="khác").status_code == 503
    lam = with_leader(town)
    answer = lam.post("/petitions", wish="told", what="x", name="x", contact="x")
    assert answer.status_code == 200


def test_what_is_overdue_is_said_at_the_desk_in_the_inbox_and_in_the_numbers(
    town: Town, asking: Asking
) -> None:
    asking.code()
    lam = with_leader(town)
    assert "quá hạn" not in text_of(lam.get("/"))
    came_days_ago(town, 30)
    assert "1 yêu cầu của người dân đã quá hạn" in text_of(lam.get("/"))
    assert re.search(r"quá hạn \d+ ngày", text_of(lam.get("/petitions")))
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    assert "quá hạn" not in text_of(an.get("/"))
    with town.db.reading() as conn:
        measured = queries.data_requests(conn, OFFICE, town.clock.now())
    assert {one.labels["state"]: one.value for one in measured.samples} == {
        "overdue": 1,
        "in time": 0,
    }


def test_the_most_urgent_stands_first(town: Town, asking: Asking) -> None:
    asking.code(what="đầu tiên")
    came_days_ago(town, 20)
    asking.code(what="thứ hai")
    page = with_leader(town).get("/petitions").text
    assert page.index("00001") < page.index("00002")


def test_deadlines_reasons_and_texts_are_the_towns_own(town: Town) -> None:
    office = replace(OFFICE, texts={"en": "Come to the office."}, sources={"en": "Our decree 7."})
    desk = PublicDataRequestService(
        town.db, clock=town.clock, box=SealBox(bytes(32)), office=office
    )
    assert desk.office.sources["en"] == "Our decree 7."
    for wrong in ({"answer": {"all": "2 days"}}, {"acknowledge": "soon"}, {"weekdays": [7]}):
        with pytest.raises(ValueError, match=r"use one of|is no span|weekday"):
            DataRequestsSection(**wrong)


def test_on_a_hub_that_takes_none_there_is_no_page(town: Town) -> None:
    lam = with_leader(town)
    town.resources.request_box = None
    town.make_services()
    anybody = Visitor(town.app())
    for path in ("/rights", "/rights/follow"):
        assert anybody.get(path).status_code == 404
    assert lam.get("/petitions").status_code == 200
