"""The SQL predicate and its twin in plain objects agree, on random trees and grants."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, update

from hub.access.account_state import CLOSED, OPEN
from hub.access.rules.grants import CameraPlace, Grant, Right, may
from hub.access.rules.roles import Role, fence_of
from hub.access.scope import ENTITLED, entitled_values, visible_cameras
from hub.access.tables import grants, people
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.registry.tables import areas, cameras, nodes
from tests.schedules import tries

pytestmark = pytest.mark.promise("Rights: A role limits the rights of its people.")

NOW = Moment(1_000_000_000, 0)
AROUND_US = st.sampled_from([NOW.utc_us, NOW.utc_us - 1, NOW.utc_us + 1])
RIGHTS = st.sampled_from([Right(127), Right.SEE, Right.CLIPS, Right(0)])


@dataclass(frozen=True)
class World:
    """Areas by their parent's index (a later one too, so rings occur), cameras, grants."""

    parents: list[int | None]
    cameras: list[int]
    grants: list[tuple[int, Grant]]
    disabled: frozenset[int]

    area_ids: list[UUID]
    camera_ids: list[UUID]
    roles: tuple[str, str] = ("officer", "officer")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    size = draw(st.integers(1, 6))
    area = st.integers(0, size - 1)
    parents = draw(st.lists(st.none() | area, min_size=size, max_size=size))
    homes = draw(st.lists(area, min_size=1, max_size=4))
    area_ids, camera_ids = [uuid4() for _ in parents], [uuid4() for _ in homes]
    on_area = st.tuples(st.sampled_from(area_ids), st.none())
    on_camera = st.tuples(st.none(), st.sampled_from(camera_ids))
    grant = st.builds(
        lambda where, rights, starts, ends, history: Grant(*where, rights, starts, ends, history),  # type: ignore[call-arg]  # an area and a camera
        on_area | on_camera,
        RIGHTS,
        AROUND_US,
        st.none() | AROUND_US,
        st.none() | AROUND_US,
    )
    held = draw(st.lists(st.tuples(st.integers(0, 1), grant), max_size=6))
    disabled = draw(st.frozensets(st.integers(0, 1)))
    roles = draw(st.tuples(*(st.sampled_from([*Role, "an older hub's"]) for _ in range(2))))
    return World(parents, homes, held, disabled, area_ids, camera_ids, roles)


def write(conn: Connection, world: World) -> list[UUID]:
    """Put a world into the tables; the ids of its two people."""
    since = columns("valid_from", NOW)
    for area_id in world.area_ids:
        area = {"id": area_id, "level": "x", "name": "x", "name_folded": "x"}
        conn.execute(insert(areas).values(**area, **since))
    for area_id, parent in zip(world.area_ids, world.parents, strict=True):
        if parent is not None:
            this = areas.c.id == area_id
            conn.execute(update(areas).where(this).values(parent_id=world.area_ids[parent]))
    node = {"id": new_id(NOW), "name": str(uuid4()), "state": "never", "area_id": world.area_ids[0]}
    conn.execute(insert(nodes).values(**node, **columns("state_since", NOW)))
    for camera_id, home in zip(world.camera_ids, world.cameras, strict=True):
        camera = {"id": camera_id, "name": str(camera_id), "label": "x", "is_lost": False}
        camera |= {"node_id": node["id"], "area_id": world.area_ids[home]}
        conn.execute(insert(cameras).values(**camera, **columns("state_since", NOW)))
    ids = [
        _person(conn, is_disabled=number in world.disabled, role=role)
        for number, role in enumerate(world.roles)
    ]
    for person, grant in world.grants:
        _grant(conn, ids[person], grant)
    return ids


def _person(conn: Connection, *, is_disabled: bool, role: str) -> UUID:
    person = {"id": new_id(NOW), "login": str(uuid4()), "name": "x", "role": str(role)}
    person |= {"language": "vi", "password_hash": "x"}
    person |= {"state": CLOSED if is_disabled else OPEN}
    conn.execute(insert(people).values(**person, **columns("created", NOW)))
    return UUID(str(person["id"]))


def _grant(conn: Connection, person_id: UUID, grant: Grant) -> None:
    ends, history = grant.ends_utc_us, grant.history_from_utc_us
    conn.execute(
        insert(grants).values(
            id=new_id(NOW),
            person_id=person_id,
            area_id=grant.area_id,
            camera_id=grant.camera_id,
            rights=int(grant.rights),
            reason="x",
            **columns("starts", Moment(grant.starts_utc_us)),
            **columns("ends", None if ends is None else Moment(ends)),
            **columns("history_from", None if history is None else Moment(history)),
        )
    )


def agree(conn: Connection, world: World, right: Right) -> None:
    """Ask both, everywhere, and for every moment around the bounds."""
    ids = write(conn, world)
    parents = {
        area_id: None if parent is None else world.area_ids[parent]
        for area_id, parent in zip(world.area_ids, world.parents, strict=True)
    }
    entitled: dict[UUID, set[UUID]] = {camera_id: set() for camera_id in world.camera_ids}
    for number, person_id in enumerate(ids):
        reach = {
            row.camera_id: row.from_utc_us
            for row in conn.execute(visible_cameras(person_id, right, NOW))
        }
        theirs = [grant for person, grant in world.grants if person == number]
        for camera_id, home in zip(world.camera_ids, world.cameras, strict=True):
            place = CameraPlace(camera_id, world.area_ids[home])
            for recorded in (None, *range(NOW.utc_us - 3, NOW.utc_us + 4)):
                by_twin = number not in world.disabled and may(
                    theirs,
                    parents,
                    place,
                    right=right,
                    now_utc_us=NOW.utc_us,
                    recorded_utc_us=recorded,
                    fence=fence_of(world.roles[number]),
                )
                since = reach.get(camera_id)
                by_sql = since is not None and (recorded is None or recorded >= since)
                assert by_sql == by_twin
            if camera_id in reach:
                entitled[camera_id].add(person_id)
    for camera_id, expected in entitled.items():
        assert set(conn.scalars(ENTITLED, entitled_values(camera_id, right, NOW))) == expected


class Undo(Exception):  # noqa: N818  no fault: the way to leave nothing behind
    """Rolls an example's rows back."""


def try_world(db: Database, world: World, right: Right) -> None:
    with pytest.raises(Undo), db.writing() as conn:
        agree(conn, world, right)
        raise Undo


@pytest.fixture(scope="module")
def shared_sqlite(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("scope") / "hub.db"
    shutil.copy(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    yield db
    db.close()


@pytest.fixture(scope="module")
def shared_postgres(
    lasting_postgres: Callable[[str], str], postgres_template: str
) -> Iterator[Database]:
    db = Database(lasting_postgres(postgres_template))
    yield db
    db.close()


SLOW_IS_FINE = (HealthCheck.too_slow,)
RIGHT = st.sampled_from([Right.SEE, Right.CLIPS, Right.ALERTED, Right.SEE | Right.CLIPS])


@pytest.mark.promise("Rights: The SQL check of grants equals its twin in plain Python.")
@settings(max_examples=tries(150))
@given(world=worlds(), right=RIGHT)
def test_sqlite_and_the_twin_agree(shared_sqlite: Database, world: World, right: Right) -> None:
    try_world(shared_sqlite, world, right)


@pytest.mark.promise("Rights: The SQL check of grants equals its twin in plain Python.")
@settings(max_examples=tries(40))
@given(world=worlds(), right=RIGHT)
def test_postgresql_and_the_twin_agree(
    shared_postgres: Database, world: World, right: Right
) -> None:
    try_world(shared_postgres, world, right)


@pytest.mark.promise("Hub: Areas, cameras, people and grants are in the first schema.")
@pytest.mark.promise("Rights: A grant on an area reaches all areas below it.")
def test_a_grant_on_a_commune_reaches_a_junction_three_levels_down(db: Database) -> None:
    ids = [uuid4() for _ in range(4)]
    grant = Grant(ids[0], None, Right.SEE, NOW.utc_us)
    world = World([None, 0, 1, 2], [3], [(0, grant)], frozenset(), ids, [uuid4()])
    with db.writing() as conn:
        person_id, other_id = write(conn, world)
        assert conn.execute(select(visible_cameras(person_id, Right.SEE, NOW).subquery())).all()
        assert not conn.execute(visible_cameras(other_id, Right.SEE, NOW)).all()
        assert not conn.execute(visible_cameras(person_id, Right.CLIPS, NOW)).all()
