"""Helpers of the tests of exporting, used by more than one module."""

from sqlalchemy import update

from hub.access.rules.grants import Right
from hub.access.tables import grants
from tests.hub.rigs.web_town import Seen, Town


def seen_with(town: Town, clip: bytes, picture: bytes) -> Seen:
    seen = town.somebody(picture)
    town.bring(picture)
    town.clip(seen, clip)
    town.bring(clip)
    return seen


def let_export(
    town: Town, login: str, rights: Right = Right.SEE | Right.CLIPS | Right.EXPORT
) -> None:
    with town.db.writing() as conn:
        conn.execute(
            update(grants).where(grants.c.id == town.grants[login]).values(rights=int(rights))
        )
