"""A link to an alert whose reader's grant has ended says what ended; nothing else is told."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from hub.access.rules.grants import Right
from hub.access.tables import grants, people
from hub.base.db.columns import columns
from hub.notify.tables import notifications, phones
from tests.hub.rigs.web_town import PASSWORD, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise(
    "Rights: A link to an alert that one was sent says which right has ended since, and no more."
)

TOLD = "Cảnh báo này không còn thuộc quyền xem của bạn"


def person(town: Town, login: str) -> UUID:
    with town.db.reading() as conn:
        return conn.scalars(select(people.c.id).where(people.c.login == login)).one()


def sent(town: Town, alert_id: UUID, login: str, state: str = "accepted") -> None:
    """The alert was owed to a phone of this person, with this end."""
    now, phone_id = town.clock.now(), uuid4()
    phone = {
        "id": phone_id,
        "person_id": person(town, login),
        "channel": "ntfy",
        "address": str(phone_id),
        "secrets": "{}",
        "label": "",
        **columns("created", now),
    }
    with town.db.writing() as conn:
        conn.execute(phones.insert().values(phone))
        conn.execute(
            notifications.insert().values(
                id=uuid4(),
                alert_id=alert_id,
                person_id=phone["person_id"],
                phone_id=phone_id,
                moment="opened",
                state=state,
                reason="",
                attempts=1,
                **columns("owed", now),
                **columns("due", now),
            )
        )


def end_grants(town: Town, login: str) -> None:
    now_us = town.clock.now().utc_us
    with town.db.writing() as conn:
        theirs = grants.c.person_id == person(town, login)
        conn.execute(update(grants).where(theirs).values(is_ended=True, ends_utc_us=now_us))


@pytest.mark.parametrize("state", ["accepted", "folded"])
def test_who_was_sent_it_reads_what_ended_and_whom_to_ask(town: Town, state: str) -> None:
    picture = some_bytes(2000)
    seen = town.somebody(picture)
    town.bring(picture)
    town.allow("kim", Right.MANAGE)
    sent(town, seen.alert_id, "an", state)
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    path = f"/alerts/{seen.alert_id}"
    assert an.get(path).status_code == 200
    end_grants(town, "an")
    page = an.get(path)
    assert page.status_code == 403
    told = text_of(page)
    assert TOLD in told
    assert "Bạn không còn nhận được cảnh báo ở Tân Khai, Ngã tư Chợ Cũ." in told or (
        "Bạn không còn nhận được cảnh báo ở Ngã tư Chợ Cũ, Tân Khai." in told
    )
    assert "hãy hỏi Phạm Kim" in told
    for what in ("/media/", "Chưa ai tiếp nhận", "Ngã tư 1, hướng chợ", str(seen.sighting_id)):
        assert what not in page.text
    assert town.acts()[-2:] == ["alert.open.refused", "alert.ended"]
    for tail in ("/card", "/clip"):
        assert an.get(path + tail).status_code == 404
    assert an.post(f"{path}/take").status_code == 404


def test_all_else_stays_unknown(town: Town) -> None:
    never, queued, early = (town.somebody().alert_id for _ in range(3))
    sent(town, queued, "an", "queued")
    end_grants(town, "an")
    after = town.somebody().alert_id
    sent(town, after, "an")  # it came after the end: of no grant
    sent(town, early, "guest")  # who never had a grant
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    for alert_id in (never, queued, early, after, uuid4()):
        answer = an.get(f"/alerts/{alert_id}")
        assert answer.status_code == 404 and TOLD not in answer.text
    guest = Visitor(town.app()).sign_in("guest", PASSWORD)
    assert guest.get(f"/alerts/{early}").status_code == 404
    assert "alert.ended" not in town.acts()
