"""Statements that the driver runs by itself do what SQLAlchemy would have done."""

from uuid import UUID

import pytest
from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from hub.alerts.moment import Moment
from hub.store.database import Database
from hub.store.hot import Hot
from hub.store.rows import add, add_all_once, add_once, change, put
from hub.store.tables import areas, cameras, columns, new_id, node_health, nodes

NOW = Moment(1_800_000_000_000_000, 5)

CAMERA = Hot(
    select(cameras, (cameras.c.frames_per_s > 5).label("is_fast")).where(
        cameras.c.id == bindparam("camera_id")
    )
)
AREAS = Hot(select(func.count().label("n")).select_from(areas))


def area_row(name: str = "Tân Khai") -> dict[str, object]:
    row = {"id": new_id(NOW), "level": "commune", "name": name, "name_folded": "tan khai"}
    return row | {"parent_id": None} | columns("valid_from", NOW)


def node_row(area_id: object) -> dict[str, object]:
    row = {"id": new_id(NOW), "name": "nga-tu-01", "area_id": area_id, "state": "never"}
    return row | columns("state_since", NOW)


def camera_row(node: dict[str, object]) -> dict[str, object]:
    return {
        "id": new_id(NOW),
        "node_id": node["id"],
        "name": "cam-1",
        "label": "Ngã tư",
        "area_id": node["area_id"],
        "latitude_deg": 20.5,
        "longitude_deg": None,
        "frames_per_s": 10.0,
        "is_lost": False,
        **columns("state_since", NOW),
    }


def test_every_value_goes_through_the_type_of_its_column_both_ways(db: Database) -> None:
    area = area_row()
    node = node_row(area["id"])
    camera = camera_row(node)
    with db.writing() as conn:
        for table, row in ((areas, area), (nodes, node), (cameras, camera)):
            add(conn, table, row)
        found = CAMERA.one(conn, camera_id=camera["id"])
        by_sqlalchemy = conn.execute(select(cameras)).one()
    assert {name: getattr(found, name) for name in camera} == camera
    assert isinstance(found.id, UUID)
    assert found.is_lost is False
    assert found.is_fast is True
    assert found[:-1] == tuple(by_sqlalchemy)


def test_what_the_driver_raises_comes_out_as_sqlalchemys_and_its_savepoint_holds(
    db: Database,
) -> None:
    area = area_row()
    with db.writing() as conn:
        add(conn, areas, area)
        with pytest.raises(IntegrityError), conn.begin_nested():
            add(conn, areas, area)
        with pytest.raises(IntegrityError), conn.begin_nested():
            add(conn, areas, area_row() | {"parent_id": new_id(NOW)})
    with db.reading() as conn:
        assert AREAS.scalar(conn) == 1


def test_rows_that_are_there_already_are_counted_out(db: Database) -> None:
    first, second, third = area_row("1"), area_row("2"), area_row("3")
    with db.writing() as conn:
        assert add_once(conn, areas, first)
        assert not add_once(conn, areas, first)
        assert add_all_once(conn, areas, [first, second, third]) == 2
        assert add_all_once(conn, areas, []) == 0
        change(conn, areas, first["id"], {"name": "4"})
        assert set(conn.scalars(select(areas.c.name))) == {"4", "2", "3"}


def test_a_row_is_put_in_the_place_of_the_one_with_its_key(db: Database) -> None:
    area = area_row()
    node = node_row(area["id"])
    with db.writing() as conn:
        add(conn, areas, area)
        add(conn, nodes, node)
        for body in ("early", "late"):
            row = {"node_id": node["id"], "body": body, **columns("received", NOW)}
            put(conn, node_health, row)
        assert conn.scalars(select(node_health.c.body)).all() == ["late"]


def test_several_questions_of_a_reader_see_one_state(db: Database) -> None:
    with db.reading() as reader:
        assert AREAS.scalar(reader) == 0
        with db.writing() as conn:
            add(conn, areas, area_row())
        assert AREAS.scalar(reader) == 0
        assert reader.scalar(select(func.count()).select_from(areas)) == 0
    with db.reading() as reader:
        assert AREAS.scalar(reader) == 1


def test_a_row_that_was_sure_to_be_there_and_is_not_is_an_error(db: Database) -> None:
    with db.reading() as conn:
        assert CAMERA.first(conn, camera_id=new_id(NOW)) is None
        assert CAMERA.scalar(conn, camera_id=new_id(NOW)) is None
        assert CAMERA.all(conn, camera_id=new_id(NOW)) == []
        with pytest.raises(LookupError):
            CAMERA.one(conn, camera_id=new_id(NOW))


def test_a_list_of_any_length_is_refused(db: Database) -> None:
    several = Hot(select(areas.c.id).where(areas.c.name.in_(["1", "2"])))
    with db.reading() as conn, pytest.raises(TypeError, match="variable length"):
        several.all(conn)


def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(DBAPIError), db.reading() as conn:
        add(conn, areas, area_row())
