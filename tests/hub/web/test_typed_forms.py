"""What was typed into a form is there again after a fault."""

from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.registry.tables import cameras
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor

ODD = "Chữ đã gõ <7>"

CASES = {
    "rule": ("/rules", {"place": "area:{area}", "zone": ODD, "reason": ODD, "day": "9"}, 2),
    "grant": ("/grants", {"place": "area:{area}", "reason": ODD, "until": "x"}, 1),
    "area": ("/areas", {"name": ODD, "level": "", "parent": "{area}", "from": "x"}, 1),
    "changed area": ("/areas/{area}", {"name": ODD, "level": ODD, "from": "x"}, 2),
    "hold": ("/keeping/holds", {"case": "", "reason": ODD, "camera": "{camera}"}, 1),
    "span of a hold": (
        "/keeping/holds",
        {"case": ODD, "reason": ODD, "camera": "{camera}", "from_day": "x", "until_day": "2026"},
        2,
    ),
    "retention": (
        "/keeping/rules",
        {"area": "{area}", "footage_class": "alert", "days": "x", "reason": ODD},
        1,
    ),
    "team": ("/duty/teams/{team}/people", {"name": "", "member": "{area}"}, 0),
    "shift": ("/duty/teams/{team}/shift", {"name": ODD, "starts": ODD, "ends": "x"}, 2),
    "exception": ("/duty/teams/{team}/day", {"shift": "{shift}", "reason": ODD}, 1),
    "swap": ("/duty/teams/{team}/swap", {"shift": "{shift}", "reason": ODD}, 1),
    "plan": ("/duty/plans/{area}", {"whom": "team:x", "wait": ODD, "repeats": ODD}, 2),
    "channel of notices": (
        "/notices/ways",
        {"area": "{area}", "channel": "pigeon", "who": ODD, "label": ODD},
        2,
    ),
    "household": ("/households", {"place": ODD, "view": ODD, "contact": ODD}, 3),
}
"""What is sent where, and the number of fields that come back with the odd text."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def ids(town: Town) -> dict[str, UUID | str]:
    """Ids that the forms name."""
    town.add_keeper_of_all("vi")
    keeper = Visitor(town.app()).sign_in("quan", PASSWORD)
    team = keeper.post("/duty/teams", area=str(town.area_id), name="Đội 1").headers["location"]
    keeper.post(f"{team}/shift", name="Cả ngày", starts="06:00", ends="06:00")
    page = keeper.get(team).text
    shift = page.partition('name="shift" value="')[2][:36]
    with town.db.reading() as conn:
        camera = conn.scalars(select(cameras.c.id)).one()
    return {
        "area": town.area_id,
        "camera": camera,
        "team": team.rpartition("/")[2],
        "shift": shift,
    }


@pytest.mark.parametrize("what", CASES)
def test_what_was_typed_is_there_again(town: Town, ids: dict[str, UUID | str], what: str) -> None:
    path, typed, times = CASES[what]
    sender = Visitor(town.app(notice_channels=("sms", "zalo"))).sign_in("quan", PASSWORD)
    form = {name: value.format(**ids) for name, value in typed.items()}
    answer = sender.post(path.format(**ids), **form)
    assert answer.status_code == 422, answer.text
    assert unescape(answer.text).count(f'value="{ODD}"') == times
