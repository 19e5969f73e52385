"""Benchmark of `hub.base.db.gathering` beside SQLAlchemy's `Session`, for the same batch.

Each step inserts a row, inserts another unless it is there, replaces one, adds to a counter,
changes a column, and reads twice tables that the batch does not write.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.event import listen, remove
from sqlalchemy.orm import Session, registry

from hub.alerting.oncall.tables import plans
from hub.base.db.columns import columns, metadata
from hub.base.db.database import Database
from hub.base.db.gathering import gathering
from hub.base.db.inserts import insert_once_statement
from hub.base.db.statements import add, change, ensure_all, put, read_once
from hub.nodes.desired_state.tables import node_settings
from hub.registry.tables import areas, node_health, nodes
from tests.hub.helpers.base.rows import NOW, area_row

NODES: Final = 20
Row = dict[str, Any]

SETTINGS = select(node_settings.c.version).where(node_settings.c.state == "waiting")
WAITING = select(func.count()).select_from(node_settings).where(node_settings.c.state == "refused")


class Area:
    """A row of `areas`."""


class Node:
    """A row of `nodes`."""


class Plan:
    """A row of `plans`."""


class NodeHealth:
    """A row of `node_health`."""


class NodeSettings:
    """A row of `node_settings`."""


@dataclass(frozen=True, slots=True)
class Town:
    """The rows that are there before the batch, by number of the node."""

    nodes: list[Row]
    plans: list[Row]


def add_to(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--steps", type=int, default=500, help="steps of a batch")
    parser.add_argument("--rounds", type=int, default=10, help="batches of each kind, in turn")
    parser.set_defaults(do=_do)


def _do(args: argparse.Namespace) -> int:
    _map()
    ways: dict[str, Callable[[Connection, Town, int], None]] = {
        "gathering": _gathered,
        "Session": _in_session,
        "Session, sent once at the end": _in_session_sent_once,
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    sent: dict[str, int] = {}
    left: dict[str, object] = {}
    for _ in range(args.rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder, _town(folder) as (database, town):
                with database.writing() as conn, _counted(conn) as statements:
                    began = time.process_time()
                    way(conn, town, args.steps)
                    took[name].append((time.process_time() - began) / args.steps)
                    sent[name] = len(statements)
                with database.reading() as conn:
                    left[name] = _contents(conn)
    if any(contents != left["gathering"] for contents in left.values()):
        raise AssertionError("the ways left different rows")
    floor = median(took["gathering"])
    for name, times in took.items():
        middle = median(times)
        print(
            f"{name}: {sent[name]} statements, {1e6 * middle:.0f} µs a step,"
            f" {middle / floor:.2f} of gathering"
        )
    return 0


def _gathered(conn: Connection, town: Town, steps: int) -> None:
    with gathering(conn):
        for number in range(steps):
            node, plan = town.nodes[number % NODES], town.plans[number % NODES]
            add(conn, areas, _area(number))
            ensure_all(conn, areas, [_area(-1 - number % NODES)])
            put(conn, node_health, _health(node, number))
            change(conn, plans, plan["id"], {}, growth={"repeats": 1})
            change(conn, nodes, node["id"], {"state": _state(number)})
            read_once(conn, SETTINGS)
            conn.execute(WAITING).all()


def _in_session(conn: Connection, town: Town, steps: int) -> None:
    with Session(conn) as session:
        _step_by_step(session, town, steps)
        session.flush()


def _in_session_sent_once(conn: Connection, town: Town, steps: int) -> None:
    """As a programmer could do it if no question reads what the batch wrote."""
    with Session(conn, autoflush=False) as session:
        _step_by_step(session, town, steps)
        session.flush()


def _step_by_step(session: Session, town: Town, steps: int) -> None:
    once = insert_once_statement(areas, session.connection().dialect.name)
    settings = select(NodeSettings).where(node_settings.c.state == "waiting")
    waiting = select(func.count()).select_from(NodeSettings)
    waiting = waiting.where(node_settings.c.state == "refused")
    for number in range(steps):
        node, plan = town.nodes[number % NODES], town.plans[number % NODES]
        session.add(_filled(Area(), _area(number)))
        session.execute(once, _area(-1 - number % NODES))
        session.merge(_filled(NodeHealth(), _health(node, number)))
        grown: Any = session.get(Plan, plan["id"])
        grown.repeats += 1  # right only because one writer has the row
        changed: Any = session.get(Node, node["id"])
        changed.state = _state(number)
        session.execute(settings).all()
        session.execute(waiting).all()


@contextmanager
def _town(folder: str) -> Iterator[tuple[Database, Town]]:
    database = Database(f"sqlite:///{folder}/batch.db")
    homes = [area_row(f"home {n}") | {"id": _id(-1_000 - n)} for n in range(NODES)]
    town = Town(
        [
            {"id": _id(-2_000 - n), "name": f"n{n}", "area_id": homes[n]["id"], "state": "never"}
            | columns("state_since", NOW)
            for n in range(NODES)
        ],
        [
            {"id": _id(-3_000 - n), "area_id": homes[n]["id"], "repeats": 0} | columns("made", NOW)
            for n in range(NODES)
        ],
    )
    settings: Row = {"version": 1, "wanted": "{}", "sha256": "", "reason": "", "state": "waiting"}
    try:
        with database.writing() as conn:
            metadata.create_all(conn)
            for home, node, plan in zip(homes, town.nodes, town.plans, strict=True):
                add(conn, areas, home)
                add(conn, nodes, node)
                add(conn, plans, plan)
                # Without autoflush, `merge` would add a missing row twice.
                put(conn, node_health, _health(node, 0))
                add(
                    conn,
                    node_settings,
                    {"node_id": node["id"], **settings, **columns("wanted", NOW)},
                )
        yield database, town
    finally:
        database.close()


@contextmanager
def _counted(conn: Connection) -> Iterator[list[str]]:
    """The statements that the connection sends meanwhile; one with many rows is one."""
    statements: list[str] = []

    def note(_conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    listen(conn, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        remove(conn, "before_cursor_execute", note)


def _contents(conn: Connection) -> list[object]:
    return [
        conn.execute(select(table).order_by(*table.primary_key)).all()
        for table in (areas, nodes, plans, node_health)
    ]


def _map() -> None:
    mapper = registry(metadata=metadata)
    for kind, table in (
        (Area, areas),
        (Node, nodes),
        (Plan, plans),
        (NodeHealth, node_health),
        (NodeSettings, node_settings),
    ):
        mapper.map_imperatively(kind, table)


def _filled(made: Any, values: Row) -> Any:
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _area(number: int) -> Row:
    return area_row(f"a{number}") | {"id": _id(number)}


def _health(node: Row, number: int) -> Row:
    return {"node_id": node["id"], "body": f"{number}", **columns("received", NOW)}


def _id(number: int) -> UUID:
    return UUID(int=10**9 + number)


def _state(number: int) -> str:
    return "online" if number // NODES % 2 else "offline"
