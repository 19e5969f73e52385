"""How long the identity of a requester is kept, and what stays after that."""

from sqlalchemy import select, update

from hub.base.audit.log import By, note
from hub.base.audit.restores import RESTORED
from hub.footage.retention.rules import DAY_US
from hub.public.data_requests.retention import DataRequestRetention
from hub.public.data_requests.tables import data_request_people, petitions
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.helpers.public.web_data_requests import Asking, only_id, with_leader
from tests.hub.rigs.web_town import Town
from tests.hub.rigs.web_visitor import Visitor, text_of


def answered_days_ago(town: Town, days: int) -> None:
    with town.db.writing() as conn:
        then_us = town.clock.now().utc_us - days * DAY_US
        conn.execute(update(petitions).values(answered_utc_us=then_us, outcome="granted"))


def forget(town: Town, contact_days: int = 90) -> int:
    keeping = DataRequestRetention(town.db, clock=town.clock, contact_days=contact_days)
    return keeping.forget_overdue()


def is_known(town: Town) -> bool:
    with town.db.reading() as conn:
        return conn.execute(select(data_request_people)).first() is not None


def test_who_asked_is_forgotten_after_the_answer_and_what_was_answered_stays(town: Town) -> None:
    asking = Asking(town)
    code = asking.code()
    lam, here = with_leader(town), f"/petitions/{only_id(town)}"
    assert lam.post(f"{here}/answer", outcome="granted", words="Đồng ý").status_code == 303
    assert "Xem người yêu cầu" in lam.get(here).text
    answered_days_ago(town, 89)
    assert forget(town) == 0
    answered_days_ago(town, 91)
    assert (forget(town), forget(town)) == (1, 0)
    assert not is_known(town)
    with town.db.reading() as conn:
        [detail] = details_of(conn, "petition.forget_contact")
        assert "90 days after the answer" in detail
    page = lam.get(here).text
    assert "Xem người yêu cầu" not in page
    assert "đã được xóa" in page
    assert lam.post(f"{here}/person", reason="gọi lại").status_code == 404
    assert "Đồng ý" in text_of(asking.follow(code))


def test_of_what_is_not_answered_nobody_is_forgotten(town: Town) -> None:
    Asking(town).code()
    with town.db.writing() as conn:
        then_us = town.clock.now().utc_us - 4000 * DAY_US
        conn.execute(update(petitions).values(received_utc_us=then_us))
    assert forget(town) == 0
    assert is_known(town)


def test_none_is_for_good_and_a_hub_just_restored_forgets_nobody(town: Town) -> None:
    Asking(town).code()
    answered_days_ago(town, 4000)
    assert forget(town, 0) == 0
    with town.db.writing() as conn:
        note(conn, By(came_from="shell"), act=RESTORED, now=town.clock.now())
    assert forget(town) == 0
    assert is_known(town)


def test_the_form_says_how_long_it_is_kept_who_asks(town: Town) -> None:
    page = text_of(Visitor(town.app()).get("/rights", accept_language="en"))
    assert "Who you are is deleted 90 days after the answer." in page
