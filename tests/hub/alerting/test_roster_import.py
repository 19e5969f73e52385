"""Rosters from a table: the week that results, and refused lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from hub.access.rules.grants import Right
from hub.alerting.oncall.rules.rosters import Shift
from hub.alerting.oncall.service import OnCallService
from hub.base.audit.asker import Asker
from hub.base.db.database import Database
from hub.base.text.csv_import import Import
from hub.base.text.csv_table import CsvLineFault
from hub.places.areas.service import AreaService
from tests.hub.rigs.streets import Streets
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Rules and duty: Rosters have shifts, swaps and holidays.")

NAME = "Asia/Ho_Chi_Minh"
ZONE = ZoneInfo(NAME)
HEADER = "team,shift,starts,ends,day,people\n"
DAY = "Đội 1,Ca ngày,06:00,18:00,"


@dataclass
class Office:
    """A manager of the commune, one of the bridge, three who may be called, and a team."""

    streets: Streets
    keeper: Asker
    bridge: Asker
    people: dict[str, UUID]
    team: UUID

    @property
    def areas(self) -> AreaService:
        return self.streets.services.use(AreaService)

    def tries(self, text: str) -> Import:
        found = self.areas.try_table(self.keeper, "rosters", text.encode(), ZONE)
        assert found is not None
        return found

    def wrong(self, text: str) -> list[tuple[int, CsvLineFault, str]]:
        return [(one.line, one.fault, one.what) for one in self.tries(text).wrong]

    def shifts(self) -> tuple[Shift, ...]:
        page = self.streets.services.use(OnCallService).team(self.keeper, self.team)
        assert page is not None
        return page.team.roster.shifts


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    streets = Streets(db, tmp_path)
    keeper = streets.officer("kim", rights=Right.MANAGE)
    bridge = streets.officer("lan", area=streets.bridge, rights=Right.MANAGE)
    people = {login: streets.officer(login).person_id for login in ("an", "binh", "chi")}
    team = streets.services.use(OnCallService).add_team(
        keeper, streets.commune, name="Đội 1", time_zone=NAME
    )
    assert team is not None
    return Office(streets, keeper, bridge, people, team)


def test_a_table_enters_a_week_and_a_second_time_changes_nothing(office: Office) -> None:
    text = (
        f"{HEADER}{DAY}every day,an binh\n{DAY}Chủ nhật,chi\n"
        "doi 1,Ca đêm,18:00,06:00,T2,Binh / an\n"
    )
    found = office.tries(text)
    assert [(step.done, step.name, step.place) for step in found.steps] == [
        ("add", "Ca ngày", "Đội 1"),
        ("add", "Ca đêm", "Đội 1"),
    ]
    assert office.shifts() == ()  # nothing was written
    an, binh, chi = office.people.values()
    assert office.areas.take_table(office.keeper, "rosters", text.encode(), ZONE) is not None
    day, night = sorted(office.shifts(), key=lambda one: one.starts_minute)
    assert {one: day.weekly[one] for one in (0, 5, 6)} == {0: (an, binh), 5: (an, binh), 6: (chi,)}
    assert (night.ends_minute, dict(night.weekly)) == (360, {0: (binh, an)})
    assert {step.done for step in office.tries(text).steps} == {"same"}
    changed = office.tries(text.replace("every day,an binh", "mỗi ngày,an"))
    assert [step.done for step in changed.steps] == ["change", "same"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Đội 9,Ca,06:00,18:00,*,an", (CsvLineFault.TEAM, "Đội 9")),
        ("Đội 1,,06:00,18:00,*,an", (CsvLineFault.NAME, "")),
        ("Đội 1,Ca,6h,18:00,*,an", (CsvLineFault.TIME, "6h")),
        ("Đội 1,Ca,06:00,24:00,*,an", (CsvLineFault.TIME, "24:00")),
        ("Đội 1,Ca,06:00,18:00,someday,an", (CsvLineFault.WEEKDAY, "someday")),
        ("Đội 1,Ca,06:00,18:00,*,an la", (CsvLineFault.PERSON, "la")),
        ("Đội 1,Ca,06:00,18:00,*,kim", (CsvLineFault.PERSON, "kim")),
        ("Đội 1,Ca,06:00,18:00,*,an an", (CsvLineFault.TWICE, "an an")),
        ("Đội 1,Ca ngày,07:00,18:00,monday,an", (CsvLineFault.SHIFT, "Ca ngày")),
        (f"{DAY}every day,chi", (CsvLineFault.TWICE, "Ca ngày, every day")),
    ],
)
def test_a_wrong_line_refuses_the_table(
    office: Office, line: str, expected: tuple[CsvLineFault, str]
) -> None:
    assert office.wrong(f"{HEADER}{DAY}every day,an\n{line}\n") == [(3, *expected)]


def test_more_shifts_than_a_team_can_have_are_refused(office: Office) -> None:
    lines = "".join(f"Đội 1,Ca {n},06:00,18:00,*,an\n" for n in range(13))
    assert office.wrong(HEADER + lines) == [(14, CsvLineFault.LARGE, "12 Đội 1")]


def test_a_table_reaches_only_teams_that_its_bringer_looks_after(office: Office) -> None:
    text = f"{HEADER}{DAY}every day,an\n".encode()
    assert office.areas.try_table(office.bridge, "rosters", text, ZONE) is None
    assert office.streets.services.use(OnCallService).add_team(
        office.bridge, office.streets.bridge, name="Cầu", time_zone=NAME
    )
    found = office.areas.try_table(office.bridge, "rosters", text, ZONE)
    assert found is not None
    assert [one.fault for one in found.wrong] == [CsvLineFault.TEAM]
    assert office.areas.try_table(office.keeper, "areas", b"name,level\nx,y\n", ZONE) is None
    assert office.areas.tables(office.keeper) == ["rosters"]


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    db = Database(sqlite_url)
    yield Town(db, tmp_path)
    db.close()


def test_on_the_page_it_is_shown_then_taken_and_the_hole_is_said(town: Town) -> None:
    keeper = Visitor(town.app()).sign_in("kim", PASSWORD)
    keeper.post("/duty/teams", area=str(town.area_id), name="Đội 1")
    assert "/areas/import?what=rosters" in keeper.get("/duty").text
    text = f"{HEADER}{DAY}every day,an binh\n"
    data = {"csrf": keeper.csrf, "what": "rosters"}
    shown = keeper.send(
        "POST",
        "/areas/import",
        data=data,
        files={"file": ("lich.csv", text.encode(), "text/csv")},
        headers={"Accept": "text/html", **keeper.origin},
    )
    assert "Ca ngày · Đội 1 mới" in text_of(shown)
    done = keeper.post("/areas/import/do", what="rosters", text=text)
    assert done.headers["location"] == "/duty"
    assert "Hằng ngày không có ai từ 18:00 đến 06:00" in text_of(keeper.get("/duty"))
