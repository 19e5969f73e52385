"""Gathered writes have the same result as single ones; remembered answers are never stale."""

from collections.abc import Callable, Sequence
from random import Random

import pytest
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update
from sqlalchemy.event import listen
from sqlalchemy.exc import IntegrityError

from hub.alerting.oncall.tables import plans
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.db.gathering import MOST_WAITING, gathering
from hub.base.db.statements import (
    add,
    add_once,
    at_the_end,
    change,
    ensure_all,
    once,
    put,
    read_once,
    remember,
)
from hub.nodes.desired_state.tables import node_settings
from hub.registry.tables import areas, node_health, nodes
from tests.hub.helpers.base.rows import NOW, area_row

Row = dict[str, object]
Step = Callable[[Connection], object]

AREAS = select(areas.c.id, areas.c.name).order_by(areas.c.name, areas.c.id)
PLANS = select(func.count(plans.c.id).label("plans"))
RENAMED = update(areas).where(areas.c.id == bindparam("this")).values(name=bindparam("last"))


def plan_row(area: Row) -> Row:
    return {"id": new_id(NOW), "area_id": area["id"], "repeats": 1} | columns("made", NOW)


def node_row(area: Row, name: str) -> Row:
    row = {"id": new_id(NOW), "name": name, "area_id": area["id"], "state": "never"}
    return row | columns("state_since", NOW)


def health(node: Row, body: str) -> Row:
    return {"node_id": node["id"], "body": body, **columns("received", NOW)}


def settings_row(node: Row, **more: object) -> Row:
    row = {"node_id": node["id"], "version": 1, "wanted": "{}", "sha256": "", "state": "waiting"}
    return row | {"reason": "", **columns("wanted", NOW), **more}


def later(write: Callable[..., object], *said: object, **more: object) -> Step:
    return lambda conn: write(conn, *said, **more)


def of_area(row: Row, number: int) -> list[Step]:
    return [
        later(change, areas, row["id"], {"name": f"{number}"}),
        later(ensure_all, areas, [row]),
        later(add_once, areas, row),
        later(read_once, AREAS),
        lambda conn: conn.execute(AREAS).all(),
    ]


def of_plan(row: Row, number: int) -> list[Step]:
    return [
        later(change, plans, row["id"], {}, growth={"repeats": number}),
        later(change, plans, row["id"], columns("made", NOW.plus_s(number))),
        later(change, plans, row["id"], columns("made", NOW), growth={"repeats": 1}),
        later(read_once, PLANS),
    ]


def steps(seed: int) -> list[Step]:
    """Writes and reads in a random order, all of which are allowed."""
    dice = Random(seed)  # noqa: S311 - the same every time
    there = [area_row(f"{number}") for number in range(4)]
    node = node_row(there[0], "nga-tu-01")
    made: list[Step] = []
    for area in there:
        plan = plan_row(area)
        made += [later(add, areas, area), later(add, plans, plan)]
        for number in range(5):
            made += dice.sample(of_area(area, number), 2)
            made += dice.sample(of_plan(plan, number + 2), 2)
    made.insert(1, later(add, nodes, node))
    for number in range(4):
        put_health = later(put, node_health, health(node, f"{number}"))
        made.insert(dice.randrange(2, len(made)), put_health)
    return made


def kept(conn: Connection) -> list[object]:
    return [
        sorted(map(repr, conn.execute(select(table))))
        for table in (areas, plans, nodes, node_health)
    ]


class UndoneError(Exception):
    """Takes a transaction back."""


def written(db: Database, story: list[Step], *, together: bool) -> tuple[list[object], object]:
    """Answers of the steps and the rows they leave; rolled back afterwards."""
    with pytest.raises(UndoneError), db.writing() as conn:
        if together:
            with gathering(conn):
                answers = [step(conn) for step in story]
        else:
            answers = [step(conn) for step in story]
        left = kept(conn)
        raise UndoneError
    return answers, left


@pytest.mark.parametrize("seed", range(8))
def test_steps_together_answer_and_leave_what_they_do_one_by_one(db: Database, seed: int) -> None:
    story = steps(seed)
    assert written(db, story, together=True) == written(db, story, together=False)


def test_a_second_put_overwrites_only_what_it_tells(db: Database) -> None:
    area = area_row("Tân Khai")
    node = node_row(area, "nga-tu-01")
    with db.writing() as conn, gathering(conn):
        add(conn, areas, area)
        add(conn, nodes, node)
        put(conn, node_settings, settings_row(node, report="{}", **columns("reported", NOW)))
        put(conn, node_settings, settings_row(node, reason="later", **columns("sent", NOW)))
    with db.reading() as conn:
        row = conn.execute(select(node_settings)).one()
    assert (row.report, row.reported_utc_us, row.reason) == ("{}", NOW.utc_us, "later")
    assert row.sent_utc_us == NOW.utc_us


def test_what_is_kept_for_the_end_runs_once_with_its_last_values(db: Database) -> None:
    area = area_row("1")
    with db.writing() as conn, gathering(conn):
        at_the_end(conn, RENAMED, area["id"], {"this": area["id"], "last": "2"})
        add(conn, areas, area)
        at_the_end(conn, RENAMED, area["id"], {"this": area["id"], "last": "3"})
    with db.reading() as conn:
        assert conn.scalar(select(areas.c.name)) == "3"


def test_an_answer_from_memory_counts_for_the_question_around_it(db: Database) -> None:
    first, second = area_row("1"), area_row("2")
    with db.writing() as conn, gathering(conn):
        add(conn, areas, first)

        def number() -> int:
            return once(conn, "around", lambda: len(read_once(conn, AREAS)))

        assert len(read_once(conn, AREAS)) == 1
        assert number() == 1
        add(conn, areas, second)
        assert number() == 2


@pytest.mark.parametrize(
    "write",
    [
        lambda conn, _: conn.execute(delete(areas)),
        lambda conn, _: conn.execute(text("DELETE FROM areas")),
        lambda conn, area: change(conn, areas, area["id"], {"name": "2"}),
    ],
)
def test_a_write_of_any_kind_makes_what_is_remembered_old(
    db: Database, write: Callable[[Connection, Row], object]
) -> None:
    area = area_row("1")
    with db.writing() as conn, gathering(conn):
        conn.execute(insert(areas).values(area))
        before = conn.execute(AREAS).all()
        remember(conn, AREAS, None, before)
        assert read_once(conn, AREAS) is before
        write(conn, area)
        assert read_once(conn, AREAS) == conn.execute(AREAS).all() != before


def test_a_counter_of_a_missing_row_takes_all_back(db: Database) -> None:
    area = area_row("1")
    with pytest.raises(LookupError), db.writing() as conn, gathering(conn):
        add(conn, areas, area)
        change(conn, plans, area["id"], {}, growth={"repeats": 1})
    with db.reading() as conn:
        assert conn.execute(AREAS).all() == []


def test_very_many_rows_do_not_wait_for_the_end(db: Database) -> None:
    rows = [area_row(f"{number}") for number in range(500)]
    sent: list[int] = []

    def note(_conn: Connection, _what: object, values: Sequence[Row], *_: object) -> None:
        sent.append(len(values))

    with pytest.raises(UndoneError), db.writing() as conn, gathering(conn):
        listen(conn, "before_execute", note)
        for _ in range(MOST_WAITING // len(rows)):
            ensure_all(conn, areas, rows)
        assert sent == []
        ensure_all(conn, areas, rows)
        assert sent == [MOST_WAITING + len(rows)]
        raise UndoneError


def test_rows_that_fail_when_they_are_sent_take_back_only_their_savepoint(db: Database) -> None:
    area, strange = area_row("1"), area_row("nowhere")
    with db.writing() as conn:
        add(conn, areas, area)
        with pytest.raises(IntegrityError), conn.begin_nested(), gathering(conn):
            add(conn, areas, area_row("2"))
            for place, name in ((area, "a"), (strange, "b"), (area, "c")):
                add(conn, nodes, node_row(place, name))
        add(conn, nodes, node_row(area, "d"))
        assert conn.scalars(select(nodes.c.name)).all() == ["d"]
        assert [row.name for row in conn.execute(AREAS)] == ["1"]


def test_no_savepoint_is_set_while_writes_wait(db: Database) -> None:
    with db.writing() as conn:
        with pytest.raises(RuntimeError, match="savepoint"), gathering(conn):
            add(conn, areas, area_row("1"))
            conn.begin_nested()
        assert conn.execute(AREAS).all() == []
        with conn.begin_nested(), gathering(conn):
            add(conn, areas, area_row("2"))
        assert len(conn.execute(AREAS).all()) == 1


def test_an_exception_in_between_sends_nothing(db: Database) -> None:
    with db.writing() as conn:
        with pytest.raises(UndoneError), gathering(conn):
            add(conn, areas, area_row("1"))
            raise UndoneError
        assert conn.execute(AREAS).all() == []
