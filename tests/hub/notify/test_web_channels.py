"""The form for a person's order of channels."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from hub.access.signin.accounts import SignedIn
from hub.base.db.database import Database
from hub.notify.phones.service import PhoneService
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Channels: Each officer orders channels by severity.")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    """A small town with its pages."""
    return Town(db, tmp_path)


def phone(town: Town, channel: str) -> UUID:
    signed_in = town.accounts.sign_in("an", PASSWORD, came_from="")
    assert isinstance(signed_in, SignedIn)
    return town.services.use(PhoneService).add_phone(
        signed_in.asker, channel=channel, address=f"{channel}:an", secrets=json.dumps({}), label=""
    )


def orders(town: Town) -> dict[str, list[set[str]]]:
    signed_in = town.accounts.sign_in("an", PASSWORD, came_from="")
    assert isinstance(signed_in, SignedIn)
    found = town.services.use(PhoneService).channel_orders(signed_in.asker)
    return {name: [set(step) for step in order] for name, order in found.items()}


def test_each_severity_is_ordered_by_numbers_and_the_same_number_is_at_once(town: Town) -> None:
    officer = Visitor(town.app()).sign_in("an", PASSWORD)
    phone(town, "webpush")
    assert "Báo cho tôi qua đâu trước" not in text_of(officer.get("/settings"))
    phone(town, "ntfy")
    assert "Báo cho tôi qua đâu trước" in text_of(officer.get("/settings"))
    usual = ["webpush:2", "ntfy:1"]
    critical = ["webpush:1", "ntfy:1"]
    answer = officer.post("/settings/channels", usual=usual, critical=critical)
    assert answer.status_code == 303
    assert orders(town) == {"usual": [{"ntfy"}, {"webpush"}]}
    critical[1] = "ntfy:2"
    answer = officer.post("/settings/channels", usual=usual, critical=critical)
    assert answer.status_code == 303
    assert orders(town)["critical"] == [{"webpush"}, {"ntfy"}]
    page = officer.get("/settings").text
    assert page.count("selected") == 4


@pytest.mark.parametrize("odd", ["", "0", "3", "-1", "x", "9" * 400, "1:"])
def test_a_number_that_no_list_offers_changes_nothing(town: Town, odd: str) -> None:
    officer = Visitor(town.app()).sign_in("an", PASSWORD)
    for channel in ("webpush", "ntfy"):
        phone(town, channel)
    critical = ["webpush:1", "ntfy:1"]
    for usual in ([f"webpush:{odd}", "ntfy:1"], ["ntfy:1"]):
        answer = officer.post("/settings/channels", usual=usual, critical=critical)
        assert answer.status_code == 422
    assert orders(town) == {}
