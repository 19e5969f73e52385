"""Navigation: each role is shown the pages that it may open, and no others."""

import re
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from jinja2 import Environment, meta, nodes
from sqlalchemy import event, select

from hub.access.grants import rows
from hub.access.rules.grants import Grant, Right
from hub.access.rules.roles import USUAL, Role
from hub.app.features import FEATURES
from hub.registry.tables import cameras
from hub.web.i18n import words
from hub.web.navigation import NavLink, Part, Standing, navigation
from tests.hub import catalogs
from tests.hub.rigs.enrolling_rig import EnrolHub
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor

EMPTY = {"/cases", "/map", "/silences"}
"""Pages that let anybody in and are empty for those who are not shown them."""

LINKS = [link for feature in FEATURES for link in feature.links]


def shown(page: str) -> set[str]:
    """Addresses in the rail, and on the page of all others."""
    return set(re.findall(r'<a (?:class="place-link" )?href="(/[a-z/]*)"', page)) - {"/more"}


def bar(page: str) -> list[str]:
    """Links in the bar of a phone, in order."""
    (rail,) = re.findall(r'<nav class="places".*?</nav>', page, re.DOTALL)
    return re.findall(r'<li><a href="([^"]*)"', rail)


def visitor_with(town: Town, folder: Path, login: str) -> Visitor:
    enrolling = EnrolHub(town.db, folder).enrolling(8443)
    return Visitor(town.app(enrolling=enrolling)).sign_in(login, PASSWORD)


def with_role(town: Town, role: Role, *, camera_id: UUID | None = None) -> None:
    """Somebody with the usual rights of the role for an hour, whose login is the role."""
    person_id, now = town.add_person(role, role.title(), role), town.clock.now()
    area_id = town.top if role == Role.KEEPER else town.area_id
    ends_utc_us = None if role == Role.KEEPER else now.utc_us + 3_600_000_000
    rights = USUAL.get(role, Right(0))
    grant = Grant(None if camera_id else area_id, camera_id, rights, now.utc_us - 1, ends_utc_us)
    if rights:
        with town.db.writing() as conn:
            rows.add_grant(conn, person_id=person_id, grant=grant, reason="QĐ 12", now=now)


def let_in(visitor: Visitor) -> set[str]:
    """Addresses that answer with a page."""
    return {one.address for one in LINKS if visitor.get(one.address).status_code == 200}


@pytest.mark.promise("Pages: Each role is shown links to the pages that it may use, no others.")
@pytest.mark.parametrize("role", Role)
def test_each_role_is_shown_the_pages_it_is_let_into(
    town: Town, role: Role, tmp_path: Path
) -> None:
    with_role(town, role)
    visitor = visitor_with(town, tmp_path / "papers", role)
    seen, opened = shown(visitor.get("/more").text), let_in(visitor)
    assert seen <= opened
    assert opened - seen <= EMPTY


def test_a_grant_on_one_camera_is_shown_what_it_opens(town: Town, tmp_path: Path) -> None:
    with town.db.reading() as conn:
        camera_id = conn.scalars(select(cameras.c.id)).first()
    with_role(town, Role.TECHNICIAN, camera_id=camera_id)
    visitor = visitor_with(town, tmp_path / "papers", Role.TECHNICIAN)
    seen, opened = shown(visitor.get("/more").text), let_in(visitor)
    assert seen <= opened
    assert opened - seen <= EMPTY


def test_a_phone_has_the_five_that_matter_and_none_that_a_role_may_not_use(town: Town) -> None:
    two = (Role.INVESTIGATOR, Role.OFFICER)
    for role in two:
        with_role(town, role)
    app = town.app()
    investigator, officer = (Visitor(app).sign_in(one, PASSWORD) for one in two)
    assert bar(investigator.get("/").text) == ["/", "/map", "/find", "/cases", "/more"]
    assert bar(officer.get("/").text) == ["/", "/map", "/more"]


def test_settings_lead_to_settings_alone(town: Town) -> None:
    town.add_keeper_of_all()
    page = Visitor(town.app()).sign_in("quan", PASSWORD).get("/settings").text
    (own,) = re.findall(r"<main.*</main>", page, re.DOTALL)
    assert set(re.findall(r'<a [^>]*href="([^"]*)"', own)) == {"/account"}


def test_what_waits_is_counted_for_those_who_may_see_it_until_somebody_takes_it(
    town: Town,
) -> None:
    seen, _ = town.somebody(), town.somebody()
    app = town.app()
    an, guest = (Visitor(app).sign_in(one, PASSWORD) for one in ("an", "guest"))

    def waiting(visitor: Visitor) -> list[str]:
        return re.findall(r'class="waiting">(\d+)', visitor.get("/settings").text)

    assert (waiting(an), waiting(guest)) == (["2"], [])
    assert an.post(f"/alerts/{seen.alert_id}/take").status_code == 303
    assert waiting(an) == ["1"]


def test_one_query_answers_for_the_whole_navigation(town: Town) -> None:
    asked: list[str] = []
    visitor = Visitor(town.app()).sign_in("an", PASSWORD)
    visitor.get("/more")
    event.listen(
        town.db._readers, "before_cursor_execute", lambda *told: asked.append(str(told[2]))
    )
    visitor.get("/more")
    assert len([one for one in asked if "SELECT" in one and "sessions" not in one]) == 1, asked


LINK: Final[dict[str, Any]] = {
    "label": lambda words: words.say("Map"),
    "icon": "map",
    "part": Part.CAMERAS,
}
TWO: Final = (
    NavLink(address="/", rail=2, **LINK),
    NavLink(address="/reports/day", rail=1, covers=("/reports",), **LINK),
)


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", ["", "page"]),
        ("/reports/day", ["page", ""]),
        ("/reports/week", ["true", ""]),
        ("/reports", ["true", ""]),
        ("/reportsx", ["", ""]),
        ("/cases", ["", ""]),
    ],
)
def test_the_link_of_a_page_is_marked(path: str, current: list[str]) -> None:
    made = navigation(TWO, Standing("officer", 0), path, words("en"))
    assert [one.current for one in made.rail] == current


def test_no_link_is_named_twice_and_each_has_its_own_position() -> None:
    assert len({one.address for one in LINKS}) == len(LINKS)
    positions = [one.rail for one in LINKS if one.rail is not None]
    assert len(set(positions)) == len(positions)
    assert all(one.rail is not None for one in LINKS if one.is_in_bar)
    numbers = [name for one in FEATURES for name in (*one.numbers, *one.counted)]
    assert len(set(numbers)) == len(numbers)
    assert {one.waiting for one in LINKS if one.waiting} <= set(numbers)


def test_no_name_of_the_frame_of_all_pages_hides_a_value_of_a_page() -> None:
    parsed = {
        path.name: Environment(autoescape=True).parse(path.read_text("utf-8"))
        for path in (catalogs.ROOT / "hub").rglob("templates/*.html")
    }
    frame = parsed.pop("base.html")
    names = {one.name for one in frame.find_all(nodes.Macro)}
    targets = [one.target for one in frame.find_all(nodes.Assign)]
    names |= {one.name for one in targets if isinstance(one, nodes.Name)}
    assert names == {"nav", "nav_mark"}
    hidden = {name: meta.find_undeclared_variables(one) & names for name, one in parsed.items()}
    assert {name for name, one in hidden.items() if one} == {"more.html"}  # which shows them all
