"""Helpers of the tests of web data requests, used by more than one module."""

import re
from uuid import UUID

import httpx
from sqlalchemy import select

from hub.access.rules.grants import Right
from hub.public.data_requests.tables import petitions
from hub.public.tips.sealing import SealBox
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import PAGE, Visitor, text_of

CODE = re.compile(r"<strong>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</strong>")


class Asking:
    """Somebody at an old phone."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.app = town.app()
        self.visitor = Visitor(self.app)

    def send(self, path: str = "/rights", **fields: str) -> httpx.Response:
        mark = SealBox(bytes(32)).form_mark(self.town.clock.now().plus_s(-60))
        form = {
            "wish": "delete",
            "what": "Chiều 24/11 trước chợ, áo <b>đỏ</b>",
            "area": str(self.town.area_id),
            "name": "Nguyễn Thị Lan",
            "contact": "0909 000 111",
            "consent": "yes",
            "mark": mark,
        }
        headers = {**PAGE, **self.visitor.origin, "accept-language": "en"}
        return self.visitor.send("POST", path, data=form | fields, headers=headers)

    def code(self, **fields: str) -> str:
        answer = self.send(**fields)
        found = CODE.search(answer.text)
        assert answer.status_code == 200, text_of(answer)
        assert found
        return found[1]

    def follow(self, code: str) -> httpx.Response:
        headers = {**PAGE, **self.visitor.origin, "accept-language": "en"}
        return self.visitor.send("POST", "/rights/follow", data={"code": code}, headers=headers)


def with_leader(
    town: Town, login: str = "lam", *, area: UUID | None = None, role: str = "leader"
) -> Visitor:
    town.add_person(login, "Võ Thị Lâm", role, Right.MANAGE, area_id=area)
    return Visitor(town.app()).sign_in(login, PASSWORD)


def only_id(town: Town) -> UUID:
    with town.db.reading() as conn:
        return UUID(str(conn.scalars(select(petitions.c.id)).one()))
