"""Delegation: nobody can let another person see more than they see; in plain objects and in
rows."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from hub.access.account_errors import AccountError
from hub.access.account_state import CLOSED
from hub.access.grants import people_rows
from hub.access.grants import rows as grants_rows
from hub.access.grants.faults import GrantError, GrantFault
from hub.access.rules.delegation import Excess, OwnGrant, is_within, part
from hub.access.rules.grants import ALL, CameraPlace, Grant, Right, counts, may
from hub.access.rules.roles import Role, fence_of, may_give
from hub.access.tables import grants, people
from hub.base.audit.log import By
from hub.base.db.database import Database
from hub.console.accounts import closing
from hub.registry.areas import area_parents
from hub.registry.tables import areas
from tests.hub.rigs.streets import CHEAP, Streets
from tests.schedules import tries

NOW_US = 1_000_000_000
DAY_US = 86_400_000_000
SHELL = By(came_from="shell")


def offer(area_id: UUID, rights: Right = ALL, **changed: int | None) -> Grant:
    return replace(Grant(area_id, None, rights, NOW_US, NOW_US + DAY_US), **changed)  # type: ignore[arg-type]


def own(area_id: UUID, rights: Right = ALL, **changed: int | None) -> OwnGrant:
    return OwnGrant(uuid4(), replace(Grant(area_id, None, rights, 0), **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "asked", "answer"),
    [
        ({}, {"ends_utc_us": None}, None),
        ({"ends_utc_us": NOW_US + DAY_US}, {}, None),
        ({"ends_utc_us": NOW_US + DAY_US - 1}, {}, Excess.TIME),
        ({"history_from_utc_us": 5}, {"history_from_utc_us": 5}, None),
        ({"history_from_utc_us": 5}, {"history_from_utc_us": 4}, Excess.HISTORY),
        ({"starts_utc_us": NOW_US + 1}, {}, Excess.RIGHTS),
        ({"ends_utc_us": NOW_US}, {}, Excess.RIGHTS),
    ],
)
def test_time_and_history_of_an_offer_stay_within_the_givers(
    changed: dict[str, Any], asked: dict[str, Any], answer: Excess | None
) -> None:
    area = uuid4()
    found = part(offer(area, **asked), [own(area, **changed)], {area: None}, {}, now_utc_us=NOW_US)
    assert (found if isinstance(found, Excess) else None) == answer


def test_an_area_above_the_givers_own_or_beside_it_is_refused_and_one_below_is_not() -> None:
    town, quarter, corner, other = (uuid4() for _ in range(4))
    tree = {town: None, quarter: town, corner: quarter, other: town}
    mine = [own(quarter)]
    for area, is_refused in ((town, True), (quarter, False), (corner, False), (other, True)):
        found = part(offer(area), mine, tree, {}, now_utc_us=NOW_US)
        assert (found == Excess.RIGHTS) == is_refused


def test_rights_of_two_grants_are_given_in_two_parts_each_as_wide_as_its_own() -> None:
    area = uuid4()
    see = own(area, Right.SEE, history_from_utc_us=7)
    clips = own(area, Right.CLIPS, ends_utc_us=NOW_US + 9)
    wide = offer(area, Right.SEE | Right.CLIPS, ends_utc_us=None)
    found = part(wide, [see, clips], {area: None}, {}, now_utc_us=NOW_US)
    assert not isinstance(found, Excess)
    parts = {one.from_grant_id: one.grant for one in found}
    assert parts[see.grant_id].history_from_utc_us == 7
    assert parts[clips.grant_id].ends_utc_us == NOW_US + 9


def test_behind_a_technicians_fence_there_is_nothing_but_nodes_to_give() -> None:
    area = uuid4()
    fence = fence_of(Role.TECHNICIAN)
    for right in Right:
        asked = offer(area, right)
        found = part(asked, [own(area)], {area: None}, {}, now_utc_us=NOW_US, fence=fence)
        assert (found == Excess.RIGHTS) == (right is not Right.MANAGE)


# What people do to each other's grants, in any order: nobody ever has more of what was given than
# the giver has of it at that very moment.

LOGINS = ("an", "binh", "chi", "dung")
ACT = st.one_of(
    st.tuples(
        st.just("give"),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from([Right.SEE, Right.MANAGE, Right.SEE | Right.CLIPS, ALL]),
        st.sampled_from([None, 2, 5, 9]),
        st.sampled_from([None, 1, 4]),
    ),
    st.tuples(st.just("end"), st.integers(0, 20)),
    st.tuples(st.just("pass"), st.integers(1, 4)),
    st.tuples(st.just("role"), st.integers(0, 3), st.sampled_from(list(Role))),
    st.tuples(st.just("move"), st.integers(1, 3), st.integers(0, 3)),
    st.tuples(st.just("disable"), st.integers(0, 3)),
)


@dataclass
class Office:
    """Four people, a tree of four areas, and a clock in days."""

    streets: Streets
    ids: list[UUID] = field(default_factory=list)
    areas: list[UUID] = field(default_factory=list)

    def do(self, act: tuple[object, ...]) -> None:
        now = self.streets.clock.now()
        with self.streets.db.writing() as conn:
            match act:
                case ("give", int(giver), int(to), int(area), Right() as rights, ends, history):
                    wanted = Grant(
                        self.areas[area],
                        None,
                        rights,
                        now.utc_us,
                        self._day(ends),
                        None if history is None else now.utc_us - self._span(history),
                    )
                    try:
                        grants_rows.give(
                            conn,
                            wanted,
                            giver_id=self.ids[giver],
                            person_id=self.ids[to],
                            reason="x",
                            ends_with_mine=True,
                            by=SHELL,
                            now=now,
                        )
                    except GrantError:
                        return
                case ("end", int(number)):
                    rows = list(conn.scalars(select(grants.c.id).order_by(grants.c.id)))
                    grants_rows.end_grant(conn, rows[number % len(rows)], now=now)
                case ("pass", int(days)):
                    self.streets.clock.pass_s(days * 86_400)
                case ("role", int(who), Role() as role):
                    grants_rows.set_role(conn, self.ids[who], role, by=SHELL, now=now)
                case ("move", int(area), int(parent)):
                    if parent < area:  # no ring
                        this = update(areas).where(areas.c.id == self.areas[area])
                        conn.execute(this.values(parent_id=self.areas[parent]))
                        grants_rows.end_strays(conn, by=SHELL, now=now)
                case ("disable", int(who)):
                    with suppress(AccountError):  # closed before, or the last who may manage
                        closing.close(conn, self.ids[who], reason="left", by=SHELL, now=now)

    def _day(self, days: object) -> int | None:
        return (
            self.streets.clock.now().plus_s(days * 86_400).utc_us if isinstance(days, int) else None
        )

    def _span(self, days: object) -> int:
        return days * DAY_US if isinstance(days, int) else 0

    def check(self) -> None:
        now = self.streets.clock.now()
        with self.streets.db.reading() as conn:
            rows = {row.id: row for row in conn.execute(select(grants))}
            roles = {row.id: row for row in conn.execute(select(people))}
            parents, homes = area_parents(conn), grants_rows.camera_homes(conn)
        for row in rows.values():
            this = grants_rows.grant_of(row)
            if row.from_grant_id is None or not counts(this, now.utc_us):
                continue
            source = rows[row.from_grant_id]
            giver = roles[source.person_id]
            assert counts(grants_rows.grant_of(source), now.utc_us)
            assert giver.state != CLOSED and may_give(giver.role)
            assert is_within(
                this, grants_rows.grant_of(source), parents, homes, fence=fence_of(giver.role)
            )
            for camera_id, area_id in homes.items():
                place = CameraPlace(camera_id, area_id)
                for right in this.rights:
                    if may([this], parents, place, right=right, now_utc_us=now.utc_us):
                        whole = [grants_rows.grant_of(source)]
                        assert may(whole, parents, place, right=right, now_utc_us=now.utc_us)


class Undo(Exception):  # noqa: N818  no fault: the way to leave nothing behind
    """Ends an example."""


def fill(streets: Streets) -> Office:
    office = Office(streets)
    now = streets.clock.now()
    with streets.db.writing() as conn:
        office.areas = [streets.commune, streets.junction, streets.bridge]
        extra = streets._area(conn, f"Khu {uuid4()}")
        office.areas.append(extra)
        for login in LOGINS:
            person_id = people_rows.add_person(
                conn,
                login=f"{login}-{uuid4()}",
                name=login,
                language="vi",
                role="leader",
                password="password of all",
                passwords=CHEAP,
                now=now,
            )
            office.ids.append(person_id)
        everything = Grant(streets.commune, None, ALL, now.utc_us - 1)
        ending = Grant(
            streets.commune, None, ALL, now.utc_us - 1, now.plus_s(6 * 86_400).utc_us, NOW_US
        )
        grants_rows.add_grant(conn, person_id=office.ids[0], grant=everything, reason="x", now=now)
        grants_rows.add_grant(conn, person_id=office.ids[1], grant=ending, reason="x", now=now)
    return office


@pytest.fixture(scope="module")
def templates(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Callable[[], Path]]:
    folder = tmp_path_factory.mktemp("giving")

    def make() -> Path:
        path = folder / f"{uuid4()}.db"
        path.write_bytes(sqlite_template.read_bytes())
        return path

    yield make


@pytest.mark.promise("Rights: A person passes on only rights of their own.")
@settings(
    max_examples=tries(25),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(acts=st.lists(ACT, min_size=4, max_size=14))
def test_whatever_people_do_nobody_has_more_of_what_was_given_than_the_giver(
    templates: Callable[[], Path],
    tmp_path_factory: pytest.TempPathFactory,
    acts: list[tuple[object, ...]],
) -> None:
    db = Database(f"sqlite:///{templates()}")
    try:
        office = fill(Streets(db, tmp_path_factory.mktemp("blobs")))
        for act in acts:
            office.do(act)
            office.check()
    finally:
        db.close()


@pytest.mark.promise("Rights: A person passes on only rights of their own.")
def test_on_both_databases_what_was_given_ends_with_the_grant_it_came_of(
    db: Database, tmp_path: Path
) -> None:
    office = fill(Streets(db, tmp_path))
    office.do(("give", 0, 1, 0, ALL, 5, None))
    office.do(("give", 1, 2, 1, Right.SEE, 2, 1))
    office.do(("give", 2, 3, 1, Right.SEE, 1, 1))
    office.check()
    with db.reading() as conn:
        given = list(conn.execute(select(grants).where(grants.c.from_grant_id.is_not(None))))
    assert len(given) >= 2
    with db.writing() as conn:
        first = min(row.id for row in given)
        grants_rows.end(conn, first, by=SHELL, now=office.streets.clock.now())
    office.check()
    assert "grant.end" in office.streets.acts()


def test_what_lies_no_more_within_the_givers_border_ends_when_the_border_moves(
    db: Database, tmp_path: Path
) -> None:
    streets = Streets(db, tmp_path)
    now = streets.clock.now()
    giver = streets.officer("kim", area=streets.junction, rights=ALL)
    other = streets.officer("lan", area=streets.bridge, rights=Right.SEE)
    with db.writing() as conn:
        corner = streets._area(conn, "Góc chợ")
        conn.execute(update(areas).where(areas.c.id == corner).values(parent_id=streets.junction))
        (given_id,) = grants_rows.give(
            conn,
            Grant(corner, None, Right.SEE, now.utc_us, now.plus_s(60).utc_us),
            giver_id=giver.person_id,
            person_id=other.person_id,
            reason="x",
            ends_with_mine=True,
            by=SHELL,
            now=now,
        )
        conn.execute(update(areas).where(areas.c.id == corner).values(parent_id=streets.bridge))
        assert grants_rows.end_strays(conn, by=SHELL, now=now) == 1
        row = conn.execute(select(grants).where(grants.c.id == given_id)).one()
    assert row.ends_utc_us == now.utc_us
    assert streets.acts()[-1] == "grant.end.with"


@pytest.mark.promise("Rights: A role limits the rights of its people.")
@pytest.mark.parametrize(
    ("role", "rights", "has_end", "fault"),
    [
        ("oversight", Right.SEE, True, GrantFault.ROLE),
        ("technician", Right.SEE, True, GrantFault.ROLE),
        ("technician", Right.MANAGE, False, None),
        ("board_member", Right.CLIPS, True, GrantFault.ROLE),
        ("board_member", Right.ALERTED, True, GrantFault.ONE_PLACE),
        ("investigator", Right.SEARCH, False, GrantFault.NO_END),
        ("investigator", Right.SEARCH, True, None),
        ("leader", ALL, False, None),
    ],
)
def test_a_role_fences_what_its_people_can_be_granted(
    db: Database, tmp_path: Path, role: str, rights: Right, has_end: bool, fault: GrantFault | None
) -> None:
    streets = Streets(db, tmp_path)
    now = streets.clock.now()
    with db.writing() as conn:
        person_id = people_rows.add_person(
            conn,
            login="moi",
            name="Mới",
            language="vi",
            role=role,
            password="password of all",
            passwords=CHEAP,
            now=now,
        )
        grant = Grant(
            streets.commune, None, rights, now.utc_us, now.plus_s(60).utc_us if has_end else None
        )
        if fault is None:
            grants_rows.add_grant(conn, person_id=person_id, grant=grant, reason="x", now=now)
            return
        with pytest.raises(GrantError) as refused:
            grants_rows.add_grant(conn, person_id=person_id, grant=grant, reason="x", now=now)
        assert refused.value.fault is fault


@pytest.mark.promise("Rights: A role limits the rights of its people.")
def test_a_board_member_has_one_quarter_and_no_second(db: Database, tmp_path: Path) -> None:
    streets = Streets(db, tmp_path)
    now = streets.clock.now()
    with db.writing() as conn:
        person_id = people_rows.add_person(
            conn,
            login="khu-pho",
            name="Khu phố",
            language="vi",
            role="board_member",
            password="password of all",
            passwords=CHEAP,
            now=now,
        )
        here, there = (
            Grant(area, None, Right.ALERTED, now.utc_us)
            for area in (streets.junction, streets.bridge)
        )
        grants_rows.add_grant(conn, person_id=person_id, grant=here, reason="x", now=now)
        with pytest.raises(GrantError) as refused:
            grants_rows.add_grant(conn, person_id=person_id, grant=there, reason="x", now=now)
    assert refused.value.fault is GrantFault.ONE_PLACE


def test_a_role_is_one_of_seven(db: Database, tmp_path: Path) -> None:
    streets = Streets(db, tmp_path)
    an = streets.officer("an")
    with db.writing() as conn, pytest.raises(GrantError, match="board_member"):
        grants_rows.set_role(conn, an.person_id, "king", by=SHELL, now=streets.clock.now())
