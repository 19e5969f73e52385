"""The table of cases: search, filter by state, order, all in the address."""

import re

import pytest
from sqlalchemy import update

from hub.cases.tables import cases
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

NUMBERS = {"VA-2/2026": "trộm xe máy", "VA-10/2026": "mất chó", "VA-1/2026": "đánh nhau ở chợ"}


@pytest.fixture
def quan(town: Town) -> Visitor:
    """Quân, who has opened three cases and closed the last."""
    town.add_keeper_of_all()
    visitor = Visitor(town.app()).sign_in("quan", PASSWORD)
    for number, purpose in NUMBERS.items():
        assert visitor.post("/cases", number=number, purpose=purpose).status_code == 303
    now_us = town.clock.now().utc_us
    with town.db.writing() as conn:
        this = cases.c.number == "VA-1/2026"
        conn.execute(update(cases).where(this).values(closed_utc_us=now_us))
    return visitor


def numbers(visitor: Visitor, query: str = "") -> list[str]:
    return re.findall(r'data-case="([^"]+)"', visitor.get(f"/cases{query}").text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["VA-10/2026", "VA-2/2026", "VA-1/2026"]),  # open ones first, the newest first
        ("?order=number", ["VA-1/2026", "VA-2/2026", "VA-10/2026"]),
        ("?order=-number", ["VA-10/2026", "VA-2/2026", "VA-1/2026"]),
        ("?order=opened", ["VA-2/2026", "VA-10/2026", "VA-1/2026"]),
        ("?order=closed", ["VA-1/2026", "VA-10/2026", "VA-2/2026"]),
        ("?state=open&order=number", ["VA-2/2026", "VA-10/2026"]),
        ("?state=closed", ["VA-1/2026"]),
        ("?find=xe+may", ["VA-2/2026"]),
        ("?find=ho+quan&order=number", ["VA-1/2026", "VA-2/2026", "VA-10/2026"]),
        ("?find=nothing", []),
        ("?state=x&order=x", ["VA-10/2026", "VA-2/2026", "VA-1/2026"]),
    ],
)
def test_the_address_says_which_cases_in_which_order(
    quan: Visitor, query: str, found: list[str]
) -> None:
    assert numbers(quan, query) == found


def test_nobody_elses_case_is_found(quan: Visitor, town: Town) -> None:
    binh = Visitor(town.app()).sign_in("binh", PASSWORD)
    assert numbers(binh, "?find=VA") == []
    assert "VA-2/2026" not in text_of(binh.get("/cases?find=VA-2"))
