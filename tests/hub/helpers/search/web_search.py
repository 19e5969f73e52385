"""Helpers of the tests of web search, used by more than one module."""

import re
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hub.access.grants import rows
from hub.access.rules.grants import Grant, Right
from hub.access.tables import people
from hub.registry.tables import cameras
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def let_search(town: Town, login: str, rights: Right, *, history_from_utc_us: int = 0) -> None:
    now = town.clock.now()
    with town.db.writing() as conn:
        person_id = conn.scalar(select(people.c.id).where(people.c.login == login))
        assert person_id is not None
        grant = Grant(
            town.area_id,
            None,
            rights,
            starts_utc_us=now.utc_us - 1,
            history_from_utc_us=history_from_utc_us,
        )
        rows.add_grant(conn, person_id=person_id, grant=grant, reason="case 7", now=now)


def visitor(town: Town, login: str) -> Visitor:
    return Visitor(town.app()).sign_in(login, PASSWORD)


def camera_of(town: Town) -> UUID:
    with town.db.reading() as conn:
        found = conn.scalar(select(cameras.c.id).where(cameras.c.name == town.voice.camera))
    assert found is not None
    return found


def address(town: Town, *, minutes: int = 40) -> str:
    """Address of a search around now, as the form sends it."""
    now_s = town.clock.now().utc_us / 1e6
    since, until = (
        datetime.fromtimestamp(now_s + shift * 60, ZONE) for shift in (-minutes / 2, minutes / 2)
    )
    return "/footage?" + urlencode(
        {
            "camera": camera_of(town),
            "day": f"{since:%Y-%m-%d}",
            "since": f"{since:%H:%M}",
            "until": f"{until:%H:%M}",
        }
    )


def form_of(page: str, action: str) -> dict[str, str]:
    """Fields that the form at that address would send."""
    [form] = re.findall(rf'<form method="post" action="{action}".*?</form>', page, re.DOTALL)
    fields: dict[str, str] = dict(re.findall(r'type="hidden" name="(\w+)" value="(.*?)"', form))
    return {name: value.replace("&amp;", "&") for name, value in fields.items() if name != "csrf"}
