"""Helpers of the tests of closing pages, used by more than one module."""

from pathlib import Path
from uuid import UUID

import pytest

from hub.access import people as access_people
from hub.base.db.database import Database
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    town = Town(db, tmp_path)
    town.add_keeper_of_all("en")
    return town


def person(town: Town, login: str) -> UUID:
    with town.db.reading() as conn:
        found = access_people.person_by_login(conn, login)
    assert found is not None
    return found


def place(town: Town, login: str) -> str:
    return f"/grants/people/{person(town, login)}"


def visit(town: Town, login: str) -> Visitor:
    return Visitor(town.app()).sign_in(login, PASSWORD)


def close(town: Town, login: str) -> None:
    answer = visit(town, "quan").post(f"{place(town, login)}/close", reason="nghỉ việc")
    assert answer.status_code == 303, text_of(answer)
