"""How long tips are kept, and what stays after that."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.access.tables import people
from hub.base.audit.log import By, note
from hub.base.audit.restores import RESTORED
from hub.base.audit.tables import audit
from hub.base.db.columns import columns, new_id
from hub.cases.tables import cases
from hub.footage.retention import holds
from hub.footage.retention.rules import DAY_US, Hold
from hub.public.tips.retention import TipRetention, TipSpans
from hub.public.tips.tables import tip_answers, tip_pictures, tip_reporters, tips
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.helpers.public.tips import Sender, photo
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise(
    "Audit and data protection: Reports of people are deleted after their time."
)

SPANS = TipSpans(contact_days=90, keep_days=365)


def a_tip(town: Town) -> str:
    sender = Sender(town)
    answer = sender.send(name="Lan", contact="0909", pictures=[("a.jpg", photo())])
    return answer.text.split("<strong>")[1].split("</strong>")[0]


def came_days_ago(town: Town, days: int) -> None:
    with town.db.writing() as conn:
        then_us = town.clock.now().utc_us - days * DAY_US
        conn.execute(update(tips).values(received_utc_us=then_us))


def forget(town: Town, spans: TipSpans = SPANS) -> int:
    return TipRetention(town.db, clock=town.clock, spans=spans).forget_overdue()


def left(town: Town) -> tuple[int, int, str]:
    """How many know who sent it, how many pictures there are, and what it says."""
    with town.db.reading() as conn:
        return (
            len(conn.execute(select(tip_reporters)).all()),
            len(conn.execute(select(tip_pictures)).all()),
            conn.scalars(select(tips.c.what)).one(),
        )


def test_who_sent_it_goes_first_then_all_of_it_and_the_log_says_what(town: Town) -> None:
    code = a_tip(town)
    came_days_ago(town, 89)
    assert forget(town) == 0
    came_days_ago(town, 91)
    assert (forget(town), forget(town)) == (1, 0)
    assert left(town)[:2] == (0, 1)
    came_days_ago(town, 366)
    assert (forget(town), forget(town)) == (1, 0)
    assert left(town) == (0, 0, "")
    with town.db.reading() as conn:
        said = conn.execute(select(audit).order_by(audit.c.seq)).all()
    lines = [(row.act, detail_of(row)) for row in said if row.act.startswith("tip.forget")]
    assert [act for act, _ in lines] == ["tip.forget_contact", "tip.forget"]
    assert "1 pictures" in lines[1][1]
    visitor = Visitor(town.app())
    headers = {"Accept": "text/html", **visitor.origin, "accept-language": "en"}
    page = visitor.send("POST", "/tips/follow", data={"code": code}, headers=headers)
    assert "was kept as long as it may be, and is deleted" in text_of(page)


def test_of_a_tip_that_went_nothing_new_is_kept_and_its_page_says_that_it_went(town: Town) -> None:
    a_tip(town)
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    with town.db.reading() as conn:
        page = f"/alerts/{conn.scalars(select(tips.c.alert_id)).one()}"
    assert an.post(f"{page}/tip/answer", answer="Đã đến xem").status_code == 303
    assert 'id="tip-answer"' in an.get(page).text
    came_days_ago(town, 366)
    forget(town)
    assert an.post(f"{page}/tip/answer", answer="Lan ở tổ 4").status_code == 404
    with town.db.reading() as conn:
        assert conn.execute(select(tip_answers)).all() == []
    assert 'id="tip-answer"' not in an.get(page).text
    assert "đã được xóa" in text_of(an.get(page))


@pytest.mark.parametrize("by", ["its alert", "an open case", "a closed case that holds on"])
def test_what_a_case_needs_stays(town: Town, by: str) -> None:
    a_tip(town)
    now = town.clock.now()
    with town.db.writing() as conn:
        alert_id = UUID(str(conn.scalars(select(tips.c.alert_id)).one()))
        owner = conn.scalars(select(people.c.id)).first()
        if by != "its alert":
            case_id = new_id(now)
            closed = columns("closed", now if "closed" in by else None)
            conn.execute(
                cases.insert().values(
                    id=case_id,
                    number="VA-1",
                    purpose="x",
                    owner_id=owner,
                    opened_by=owner,
                    **columns("opened", now),
                    **closed,
                )
            )
            conn.execute(update(tips).values(case_id=case_id))
        if by != "an open case":
            holds.place_hold(
                conn,
                Hold(alert_id=alert_id),
                case_number="VA-1",
                reason="x",
                by=By(),
                now=now,
            )
    came_days_ago(town, 4000)
    assert forget(town) == 0
    with town.db.writing() as conn:
        conn.execute(update(cases).values(closed_utc_us=now.utc_us))
        holds.end_holds(conn, case_number="VA-1", reason="x", by=By(), now=now)
    assert forget(town) == 2
    assert left(town) == (0, 0, "")


def test_none_is_for_good_and_a_hub_just_restored_forgets_nothing(town: Town) -> None:
    a_tip(town)
    came_days_ago(town, 4000)
    assert forget(town, TipSpans(0, 0)) == 0
    with town.db.writing() as conn:
        note(conn, By(came_from="shell"), act=RESTORED, now=town.clock.now())
    assert forget(town) == 0
    assert left(town)[:2] == (1, 1)


def test_the_form_says_how_long_it_is_kept(town: Town) -> None:
    page = text_of(Visitor(town.app()).get("/tips", accept_language="en"))
    assert "who you are for 90 days" in page
    assert "all of it for 365 days" in page
