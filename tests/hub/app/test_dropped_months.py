"""A month is dropped, except rows that are held, in a case, open or kept longer."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from hub.alerting.alerts.tables import alerts, sightings
from hub.app.months import moving
from hub.app.months.dropping import MonthDropper
from hub.app.months.rules import months_to_drop
from hub.base.audit.log import SHELL, note
from hub.base.audit.restores import RESTORED
from hub.base.audit.tables import audit
from hub.base.db import months
from hub.base.db.database import Database
from hub.cases.tables import case_items, cases
from hub.footage.retention.rules import Hold
from hub.footage.tables import media
from hub.nodes.spool.tables import event_ids, events
from hub.registry.tables import nodes
from tests.hub.helpers.footage.nothing_under_hold_is_deleted import WAYS, end, hold, rule, seen
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.streets import NIGHT, Streets

pytestmark = pytest.mark.promise("Cases and evidence: Nothing under hold is deleted.")

MONTH_S: Final = 30.5 * 86_400


@pytest.fixture
def streets(postgres_url: str, tmp_path: Path) -> Iterator[Streets]:
    """A town whose tables are split, in November 2026."""
    db = Database(postgres_url)
    moving.split(db, NIGHT, is_gentle=False)
    yield Streets(db, tmp_path)
    db.close()


def pass_months(streets: Streets, count: int) -> None:
    """Let months pass, each turned like by the hourly chore."""
    for _ in range(count):
        streets.clock.pass_s(MONTH_S)
        months.turn(streets.db, streets.clock.now())


def drop(streets: Streets, *, keep_months: int = 1) -> int:
    dropper = MonthDropper(streets.db, clock=streets.clock, keep_months=keep_months)
    return dropper.drop_overdue()


def gone(streets: Streets, content: bytes) -> tuple[UUID, Any]:
    """The alert of a clip whose footage a rule has removed, and its row; the alert is closed."""
    alert_id, row = seen(streets, content)
    with streets.db.writing() as conn:
        conn.execute(
            update(media).where(media.c.id == row.id).values(stored_utc_us=None, removed_why="rule")
        )
        conn.execute(update(alerts).where(alerts.c.id == alert_id).values(state="resolved"))
    return alert_id, row


def sightings_of(streets: Streets, alert_id: UUID) -> list[UUID]:
    with streets.db.reading() as conn:
        return [*conn.scalars(select(sightings.c.id).where(sightings.c.alert_id == alert_id))]


def events_of(streets: Streets, ids: list[UUID]) -> int:
    return sum(row.sighting_id in ids for row in streets.rows(events))


def parts(streets: Streets) -> set[str]:
    return {part.name for part in moving.parts(streets.db)}


def test_a_month_goes_when_the_whole_of_it_is_old_enough() -> None:
    there = [202611, 202612, 202702, 202703]
    assert months_to_drop(there, now=202702, keep_months=2) == []
    assert months_to_drop(there, now=202703, keep_months=2) == [202611]
    assert months_to_drop(there, now=202704, keep_months=2) == [202611]
    # The part of December was filled until some time in February.
    assert months_to_drop(there, now=202705, keep_months=2) == [202611, 202612]
    assert months_to_drop(there, now=203001, keep_months=2) == [202611, 202612, 202702]


def test_nothing_goes_unless_the_keeper_says_so(streets: Streets) -> None:
    gone(streets, b"free")
    pass_months(streets, 40)
    assert drop(streets, keep_months=0) == 0
    assert len(streets.rows(sightings)) == 1


def test_a_month_goes_with_its_events_and_its_ids_but_the_last_number(streets: Streets) -> None:
    gone(streets, b"free")
    last = streets.node.seq
    pass_months(streets, 4)
    assert drop(streets) == 4  # November and December of two tables
    assert not streets.rows(sightings)
    assert not streets.rows(events)
    assert [row.seq for row in streets.rows(event_ids)] == [last]
    lines = [detail_of(row) for row in streets.rows(audit) if row.act == "months.drop"]
    assert sorted(lines)[0] == "events of 11/2026"
    streets.file(streets.node.opened())
    assert len(streets.rows(sightings)) == 1


@pytest.mark.parametrize("way", WAYS)
def test_what_is_held_stays_until_its_hold_ends(streets: Streets, way: str) -> None:
    free_id, _ = gone(streets, b"free")
    alert_id, row = gone(streets, b"held")
    ids = sightings_of(streets, alert_id)
    hold(streets, WAYS[way](streets, alert_id, row))
    streets.clock.pass_s(86_400)
    pass_months(streets, 4)
    drop(streets)
    assert sightings_of(streets, free_id) == []
    assert sightings_of(streets, alert_id) == ids
    assert events_of(streets, ids) == 1
    assert "sightings_202611" not in parts(streets)


def test_a_hold_that_comes_while_its_month_is_taken_out_is_in_time(
    streets: Streets, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert_id, row = gone(streets, b"held")
    ids = sightings_of(streets, alert_id)
    pass_months(streets, 4)
    kept = MonthDropper._kept
    looks = iter([True])

    def looked_too_early(dropper: MonthDropper, *args: Any) -> Any:
        if next(looks, False):
            found = [*kept(dropper, *args)]
            hold(streets, Hold(media_id=row.id))
            return found
        return kept(dropper, *args)

    monkeypatch.setattr(MonthDropper, "_kept", looked_too_early)
    drop(streets)
    assert sightings_of(streets, alert_id) == ids
    assert events_of(streets, ids) == 1


def test_what_is_in_a_case_stays(streets: Streets) -> None:
    alert_id, row = gone(streets, b"in a case")
    ids = sightings_of(streets, alert_id)
    put_in_case(streets, row.id)
    pass_months(streets, 4)
    drop(streets)
    assert sightings_of(streets, alert_id) == ids


def put_in_case(streets: Streets, media_id: UUID) -> None:
    person_id, now_us = streets.officer("an").person_id, streets.clock.now().utc_us
    with streets.db.writing() as conn:
        case_id = uuid4()
        conn.execute(
            cases.insert().values(
                id=case_id,
                number="VA-1",
                purpose="x",
                owner_id=person_id,
                opened_by=person_id,
                opened_utc_us=now_us,
            )
        )
        conn.execute(
            case_items.insert().values(
                id=uuid4(),
                case_id=case_id,
                media_id=media_id,
                note="",
                is_marked=False,
                hold_id=uuid4(),
                added_by=person_id,
                added_utc_us=now_us,
            )
        )


def test_what_is_open_stays_until_it_is_closed(streets: Streets) -> None:
    alert_id, _ = gone(streets, b"open")
    ids = sightings_of(streets, alert_id)
    with streets.db.writing() as conn:
        conn.execute(update(alerts).values(state="taken"))
    pass_months(streets, 4)
    drop(streets)
    assert sightings_of(streets, alert_id) == ids
    assert events_of(streets, ids) == 1


def test_what_has_footage_here_or_a_rule_keeps_longer_stays(streets: Streets) -> None:
    with_footage, _ = seen(streets, b"footage")
    with streets.db.writing() as conn:
        conn.execute(update(alerts).values(state="resolved"))
    pass_months(streets, 4)
    drop(streets)
    assert len(sightings_of(streets, with_footage)) == 1
    kept_longer, _ = gone(streets, b"kept longer")
    rule(streets, 400)
    pass_months(streets, 4)
    drop(streets)
    assert len(sightings_of(streets, kept_longer)) == 1
    rule(streets, 60)
    free_id, _ = gone(streets, b"free")
    pass_months(streets, 4)
    drop(streets)
    assert sightings_of(streets, free_id) == []


def test_a_part_that_is_out_is_dropped_whoever_reads_other_tables(streets: Streets) -> None:
    months.alter(streets.db, partial(months.take_out, table="events", month=202611))
    links = "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'f'"
    with streets.db.reading() as conn:
        conn.execute(select(nodes)).all()
        [part] = months.taken_out(conn, "events")
        assert not conn.exec_driver_sql(links, (part,)).all()
        months.drop(streets.db, part)
    with streets.db.reading() as conn:
        assert not months.taken_out(conn, "events")


def test_a_restored_hub_drops_nothing_for_a_time(streets: Streets) -> None:
    gone(streets, b"free")
    pass_months(streets, 4)
    with streets.db.writing() as conn:
        note(conn, SHELL, act=RESTORED, now=streets.clock.now())
    assert drop(streets) == 0
    assert len(streets.rows(sightings)) == 1


@pytest.mark.parametrize("step", ["_finish", "_forget_ids"])
def test_a_hub_that_ends_amid_it_goes_on(
    streets: Streets, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    alert_id, row = gone(streets, b"held")
    gone(streets, b"free")
    ids = sightings_of(streets, alert_id)
    hold(streets, Hold(media_id=row.id))
    pass_months(streets, 4)
    whole: Callable[..., Any] = getattr(MonthDropper, step)
    calls = iter([*[False] * (2 if step == "_finish" else 0), True])

    def ends(dropper: MonthDropper, *args: Any) -> Any:
        if next(calls, False):
            raise SystemExit
        return whole(dropper, *args)

    with monkeypatch.context() as patch:
        patch.setattr(MonthDropper, step, ends)
        with pytest.raises(SystemExit):
            drop(streets)
    drop(streets)
    assert sightings_of(streets, alert_id) == ids
    assert [row.id for row in streets.rows(sightings)] == ids
    with streets.db.reading() as conn:
        assert not any(months.taken_out(conn, table) for table in months.SPLIT)
    end(streets)
