"""Helpers of the tests of cases, used by more than one module."""

from sqlalchemy import update

from hub.access.rules.grants import Right
from hub.access.tables import grants
from tests.hub.rigs.web_town import Seen, Town, some_bytes
from tests.hub.rigs.web_visitor import Visitor, text_of

NUMBER = "VA-12/2026"
ALL = Right.SEE | Right.CLIPS | Right.EXPORT


def let(town: Town, login: str, rights: Right) -> None:
    with town.db.writing() as conn:
        these = grants.c.id == town.grants[login]
        conn.execute(update(grants).where(these).values(rights=int(rights)))


def whole(town: Town) -> tuple[Seen, bytes, bytes]:
    picture, clip = some_bytes(2000), some_bytes(6000)
    seen = town.somebody(picture)
    town.bring(picture)
    town.clip(seen, clip)
    town.bring(clip)
    return seen, picture, clip


def opened(who: Visitor, number: str = NUMBER) -> str:
    answer = who.post("/cases", number=number, purpose="trộm xe máy", ends="")
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["location"]
