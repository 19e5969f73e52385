"""`Acting`: on every way out of a block the log is right and nothing is half done."""

import itertools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.base.audit import log
from hub.base.audit.acting import Acting, Changing, How, On, Reading, UnloggedError
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.change_signal import ChangeSignal
from hub.base.errors import DomainError
from hub.registry.tables import areas
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise(
    "Audit and data protection: Each route and command leaves its line in the audit log."
)

NAME = "Chợ Mới"
THING = On("area", UUID(int=7))
Line = tuple[str, str, UUID | None, str]


class NotTodayError(DomainError):
    """An error of a service."""


@dataclass
class Desk:
    """A service's `acting`, its reader, and what the log says since they are there."""

    streets: Streets
    change_signal: "WatchedBell" = field(init=False)
    acting: Acting = field(init=False)
    asker: Asker = field(init=False)
    before: int = field(init=False)

    def __post_init__(self) -> None:
        self.asker = self.streets.officer("an")
        self.change_signal = WatchedBell(self)
        self.acting = Acting(
            self.streets.db, clock=self.streets.clock, change_signal=self.change_signal
        )
        self.before = len(self._rows())

    def _rows(self) -> list[Line]:
        here = audit.c
        query = select(here.act, here.object_kind, here.object_id, here.data)
        with self.streets.db.reading() as conn:
            return [
                (one.act, one.object_kind, one.object_id, _text(one.data))
                for one in conn.execute(query.order_by(here.seq))
            ]

    def lines(self) -> list[Line]:
        return self._rows()[self.before :]

    def acts(self) -> list[str]:
        return [act for act, _, _, _ in self.lines()]

    def rename(self, change: Changing) -> None:
        this = areas.c.id == self.streets.junction
        change.conn.execute(update(areas).where(this).values(name=NAME))

    def is_renamed(self) -> bool:
        query = select(areas.c.name).where(areas.c.id == self.streets.junction)
        with self.streets.db.reading() as conn:
            return conn.scalar(query) == NAME


def _text(data: str | None) -> str:
    detail = Detail.of_json(data or "")
    return detail.values.get("text", detail.code) if detail else ""


class WatchedBell(ChangeSignal):
    """Notes which acts were on record when it rang."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.heard: list[list[str]] = []
        self._desk = desk

    def ring(self) -> None:
        self.heard.append(self._desk.acts())


@pytest.fixture
def desk(streets: Streets) -> Desk:
    return Desk(streets)


def test_what_was_read_is_handed_out_once_its_line_is_committed(desk: Desk) -> None:
    def names() -> list[str]:
        with desk.acting.reading(desk.asker, "areas.open") as look:
            found = list(look.conn.scalars(select(areas.c.name)))
            look.done(plain(f"{len(found)} areas"))
            assert desk.lines() == []
            return found

    assert len(names()) == 3
    assert desk.lines() == [("areas.open", "", None, "3 areas")]


def test_without_the_line_nothing_that_was_read_is_handed_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("hub.base.audit.log.note", fails)
    handed = []
    with pytest.raises(OSError, match="no space"):
        handed.append(opened(desk, "the page"))
    assert handed == []


def opened(desk: Desk, found: object) -> object:
    with desk.acting.reading(desk.asker, "area.open", THING) as look:
        look.answer(found)
        return found


def test_unknown_and_not_theirs_look_alike(desk: Desk) -> None:
    answers: tuple[object, ...] = ("a page", [], True, None, False)
    for found in answers:
        assert opened(desk, found) is found
    shown = ("area.open", "area", THING.id, "")
    refused = ("area.open.refused", "area", THING.id, "")
    assert desk.lines() == [shown, shown, shown, refused, refused]


def test_a_read_may_leave_several_lines_and_of_other_acts(desk: Desk) -> None:
    with desk.acting.reading(desk.asker, "tip.case") as look:
        look.done(plain("tip 1"))
        look.note("case.tip", THING, plain("tip 1"))
    assert desk.lines() == [
        ("tip.case", "", None, "tip 1"),
        ("case.tip", "area", THING.id, "tip 1"),
    ]


def test_a_read_without_a_line_cannot_end_well(desk: Desk) -> None:
    with pytest.raises(UnloggedError, match=r"areas\.open"):  # noqa: SIM117 - one block, one error
        with desk.acting.reading(desk.asker, "areas.open"):
            pass
    assert desk.lines() == []


def test_a_part_of_a_page_has_no_line(desk: Desk) -> None:
    with desk.acting.part_of(desk.asker, "area.open") as look:
        assert len(look.conn.execute(select(areas)).all()) == 3
    with pytest.raises(UnloggedError):  # noqa: SIM117
        with desk.acting.part_of(desk.asker, "area.open") as look:
            look.done()
    assert desk.lines() == []


def test_a_change_and_its_line_are_committed_together(desk: Desk) -> None:
    with desk.acting.changing(desk.asker, "area.change", rings=True) as change:
        desk.rename(change)
        change.done(plain("renamed"), On("area", desk.streets.junction))
        assert not desk.is_renamed()
        assert desk.lines() == []
    assert desk.is_renamed()
    assert desk.lines() == [("area.change", "area", desk.streets.junction, "renamed")]
    assert desk.change_signal.heard == [["area.change"]]  # after the commit


def test_a_change_without_a_line_is_undone(desk: Desk) -> None:
    with pytest.raises(UnloggedError, match=r"area\.change"):  # noqa: SIM117
        with desk.acting.changing(desk.asker, "area.change", THING, rings=True) as change:
            desk.rename(change)
    assert not desk.is_renamed()
    assert desk.lines() == []
    assert desk.change_signal.heard == []


def test_a_line_that_functions_on_rows_write_for_the_person_counts(desk: Desk) -> None:
    with desk.acting.changing(desk.asker, "area.change", THING, rings=True) as change:
        log.note(change.conn, change.by, act="area.rename", now=change.now)
    assert desk.acts() == ["area.rename"]
    assert desk.change_signal.heard == [["area.rename"]]


def test_a_line_of_the_hub_itself_does_not_count(desk: Desk) -> None:
    for _ in range(2):
        with pytest.raises(UnloggedError):  # noqa: SIM117
            with desk.acting.changing(desk.asker, "area.change", THING) as change:
                log.note(change.conn, By(), act="silence.add", now=change.now)
    assert desk.lines() == []


@pytest.mark.parametrize(("about", "why"), [("", "not today"), ("VA-1", "not today: VA-1")])
@pytest.mark.parametrize("begin", ["reading", "changing"])
def test_what_is_not_possible_is_undone_and_on_record(
    desk: Desk, begin: str, about: str, why: str
) -> None:
    enter: Callable[..., AbstractContextManager[Reading]] = getattr(desk.acting, begin)
    with pytest.raises(NotTodayError):  # noqa: SIM117
        with enter(desk.asker, "area.change", THING, about=about) as block:
            if isinstance(block, Changing):
                desk.rename(block)
            block.done()
            raise NotTodayError("not today")
    assert not desk.is_renamed()
    assert desk.lines() == [("area.change.refused", "area", THING.id, why)]


def test_a_change_that_is_not_possible_rings_nobody(desk: Desk) -> None:
    with pytest.raises(NotTodayError):  # noqa: SIM117
        with desk.acting.changing(desk.asker, "area.change", THING, rings=True):
            raise NotTodayError("not today")
    assert desk.change_signal.heard == []


@pytest.mark.parametrize("begin", ["reading", "changing"])
def test_any_other_error_undoes_all_and_writes_nothing(desk: Desk, begin: str) -> None:
    enter: Callable[..., AbstractContextManager[Reading]] = getattr(desk.acting, begin)
    with pytest.raises(ZeroDivisionError):  # noqa: SIM117
        with enter(desk.asker, "area.change", THING) as block:
            if isinstance(block, Changing):
                desk.rename(block)
            block.done()
            raise ZeroDivisionError
    assert not desk.is_renamed()
    assert desk.lines() == []


def test_what_is_not_done_is_on_record_and_rings_nobody(desk: Desk) -> None:
    ways: tuple[How, ...] = ("refused", "again", "held")
    for how in ways:
        with desk.acting.changing(desk.asker, "alert.take", THING, rings=True) as change:
            change.refuse(plain("by Bình"), how=how)
    assert desk.lines() == [(f"alert.take.{how}", "area", THING.id, "by Bình") for how in ways]
    assert desk.change_signal.heard == []


def test_a_line_alone(desk: Desk) -> None:
    desk.acting.note(desk.asker, "live.begin", THING)
    desk.acting.note(desk.asker, "live.begin", THING, plain("no right"), is_done=False)
    assert desk.lines() == [
        ("live.begin", "area", THING.id, ""),
        ("live.begin.refused", "area", THING.id, "no right"),
    ]


def test_blocks_are_not_nested(desk: Desk) -> None:
    def enter(name: str) -> AbstractContextManager[Reading]:
        begun: AbstractContextManager[Reading] = getattr(desk.acting, name)(desk.asker, "x.open")
        return begun

    kinds = ("reading", "changing", "part_of")
    for outer, inner in itertools.product(kinds, kinds):
        with pytest.raises(RuntimeError, match="already reads or changes"), enter(outer):
            enter(inner).__enter__()
    for outer in kinds:
        with pytest.raises(RuntimeError, match="already reads or changes"), enter(outer):
            desk.acting.note(desk.asker, "x.open")
    assert desk.lines() == []
    desk.acting.note(desk.asker, "x.open")  # and the thread can go on
    assert desk.acts() == ["x.open"]


def test_another_thread_is_not_in_the_way(desk: Desk) -> None:
    def other() -> None:
        desk.acting.note(desk.asker, "y.open")

    with desk.acting.reading(desk.asker, "x.open") as look:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        look.done()
    assert desk.acts() == ["y.open", "x.open"]
