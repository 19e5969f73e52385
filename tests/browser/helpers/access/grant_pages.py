"""Helpers of the tests of grant pages, used by more than one module."""

from sqlalchemy import select

from hub.access.grants import people_rows, rows
from hub.access.rules.grants import ALL, Grant
from hub.registry.tables import areas
from tests.browser.conftest import Hub
from tests.hub.rigs.web_town import PASSWORD


def people(hub: Hub, language: str) -> None:
    """A keeper of everything, a board member and somebody of oversight."""
    town = hub.town
    now = town.clock.now()
    with town.db.writing() as conn:
        tops = list(conn.scalars(select(areas.c.id).where(areas.c.parent_id.is_(None))))
        for login, name, role in (
            ("chu", "Đặng Văn Chủ", "keeper"),
            ("khu-pho", "Bà Tư khu phố", "board_member"),
            ("giam-sat", "Võ Giám Sát", "oversight"),
        ):
            person_id = people_rows.add_person(
                conn,
                login=login,
                name=name,
                language=language,
                role=role,
                password=PASSWORD,
                passwords=town.passwords,
                now=now,
            )
            if role == "keeper":
                for top in tops:
                    grant = Grant(top, None, ALL, now.utc_us - 1)
                    rows.add_grant(conn, person_id=person_id, grant=grant, reason="QĐ 12", now=now)
