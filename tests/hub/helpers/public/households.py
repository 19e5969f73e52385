"""Helpers of the tests of households, used by more than one module."""

import re
from uuid import UUID

from sqlalchemy import select

from hub.public.households.tables import households
from tests.hub.rigs.web_town import Town
from tests.hub.rigs.web_visitor import Visitor, text_of

HOUR_US = 3600 * 1_000_000
NUMBER = "0912 345 678"
SECRET = "vu-an-mat-xe"


def register(town: Town, keeper: Visitor, **said: str) -> tuple[UUID, str]:
    """A household; its id, and the token of its own link."""
    form = {
        "area": str(town.area_id),
        "place": "12 Lê Lợi",
        "point": "11.5352, 106.6217",
        "view": "cổng chợ",
        "name": "Bà Sáu",
        "contact": NUMBER,
        "channel": "sms",
        "consent": "yes",
    }
    answer = keeper.post("/households", **(form | said))
    assert answer.status_code == 200, text_of(answer)
    found = re.search(r"/household/([\w-]{20,})", answer.text)
    assert found
    with town.db.reading() as conn:
        query = select(households.c.id).order_by(households.c.id.desc())
        household_id = conn.scalars(query).first()
    assert household_id is not None
    return household_id, found[1]


def open_case(keeper: Visitor) -> UUID:
    answer = keeper.post("/cases", number=SECRET, purpose="Nguyễn Văn X lấy xe")
    return UUID(answer.headers["location"].rpartition("/")[2])


def span(town: Town) -> dict[str, str]:
    calendar = town.app().state.site.calendar("vi")
    now_us = town.clock.now().utc_us
    said = [f"{calendar.local(now_us - hours * HOUR_US):%Y-%m-%dT%H:%M}" for hours in (3, 2)]
    return {"since": said[0], "until": said[1], "hours": "48", "why": "tìm một xe máy"}


def ask(town: Town, keeper: Visitor, case_id: UUID, household_id: UUID) -> str:
    """The token of a new request."""
    form = span(town) | {"household": str(household_id)}
    answer = keeper.post(f"/cases/{case_id}/ask", **form)
    assert answer.status_code == 200, text_of(answer)
    found = re.search(r"/give/([\w-]{20,})", answer.text)
    assert found
    return found[1]
