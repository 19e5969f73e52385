"""Rows are inserted once, replaced and changed alike on both databases."""

from sqlalchemy import select

from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.db.statements import add, add_all_once, add_once, change, put
from hub.registry.tables import areas, node_health, nodes
from tests.hub.helpers.base.rows import NOW, area_row


def test_rows_that_are_there_already_are_counted_out(db: Database) -> None:
    first, second, third = area_row("1"), area_row("2"), area_row("3")
    with db.writing() as conn:
        assert add_once(conn, areas, first)
        assert not add_once(conn, areas, first)
        assert add_all_once(conn, areas, [first, second, third]) == 2
        assert add_all_once(conn, areas, []) == 0
        change(conn, areas, first["id"], {"name": "4"})
        change(conn, areas, first["id"], {})
        assert set(conn.scalars(select(areas.c.name))) == {"4", "2", "3"}


def test_a_row_is_put_in_the_place_of_the_one_with_its_key(db: Database) -> None:
    area = area_row("Tân Khai")
    node = {"id": new_id(NOW), "name": "nga-tu-01", "area_id": area["id"], "state": "never"}
    with db.writing() as conn:
        add(conn, areas, area)
        add(conn, nodes, node | columns("state_since", NOW))
        for body in ("early", "late"):
            row = {"node_id": node["id"], "body": body, **columns("received", NOW)}
            put(conn, node_health, row)
        assert conn.scalars(select(node_health.c.body)).all() == ["late"]
