"""A change goes out in stages: to a few nodes, a quarter, all; and back by itself if it fails.

The decisions on a virtual clock, the rows on both databases.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from agent.wire.settings import MOST_BYTES, SettingsFault, canonical
from hub.app.clocks.clock_steps import move
from hub.base.db.database import Database
from hub.base.errors import RegistryError
from hub.nodes.desired_state import layer_rows, rollout_rows, settings_rows
from hub.nodes.desired_state.layer_rows import Scope
from hub.nodes.desired_state.rules.rollout import (
    FEW,
    MISHAPS,
    SETTLE_S,
    SILENT_S,
    NodeNow,
    NodeResult,
    RolloutState,
    decide,
    is_awaited,
    is_mishap,
    stage_of_each,
)
from hub.places.areas import rows
from hub.places.areas.rows import AreaWords
from hub.registry.registry import add_area, add_node
from hub.registry.tables import nodes
from tests.hub.helpers.nodes.settings import LONGER, SHELL, Yard, report
from tests.schedules import tries

pytestmark = pytest.mark.promise("Fleet: A roll-out goes in stages and halts by itself.")

STEP_S = 60
LONGEST_S = 6 * 3600


@dataclass
class Fleet:
    """Nodes that answer as they are destined to, on a clock that the test turns."""

    destined: list[NodeResult]
    delays_s: list[int]
    now_s: int = 0
    stage: int = 0
    course: RolloutState = RolloutState.RUNNING
    settled_s: int | None = None
    told_s: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [UUID(int=number) for number in range(len(self.destined))]
        found = stage_of_each(ids, are_here=dict.fromkeys(ids, True))
        self.stages = [found[one] for one in ids]

    def node(self, number: int) -> NodeNow:
        stage = self.stages[number]
        if stage > self.stage:
            return NodeNow(UUID(int=number), stage, NodeResult.AHEAD, True, None)
        told_s = self.told_s.setdefault(number, self.now_s)
        has_answered = self.now_s >= told_s + self.delays_s[number]
        fate = self.destined[number] if has_answered else NodeResult.WAITING
        return NodeNow(UUID(int=number), stage, fate, True, told_s * 1_000_000)

    def run(self) -> None:
        while self.course is RolloutState.RUNNING and self.now_s < LONGEST_S:
            found = [self.node(number) for number in range(len(self.destined))]
            now_us = self.now_s * 1_000_000
            so_far = [one for one in found if one.stage <= self.stage]
            if any(is_awaited(one, now_us) for one in so_far):
                self.settled_s = None
            elif self.settled_s is None:
                self.settled_s = self.now_s
            settled = None if self.settled_s is None else self.settled_s * 1_000_000
            decision = decide(
                found, stage=self.stage, settled_since_utc_us=settled, now_utc_us=now_us
            )
            if decision.course is RolloutState.RUNNING and decision.stage > self.stage:
                assert not any(is_awaited(one, now_us) for one in so_far)
                assert self.settled_s is not None
                assert self.now_s - self.settled_s >= SETTLE_S
                self.settled_s = None
            self.course, self.stage = decision.course, decision.stage
            self.now_s += STEP_S


fleets = st.integers(1, 60).flatmap(
    lambda count: st.builds(
        Fleet,
        st.lists(
            st.sampled_from(
                [NodeResult.DONE] * 6
                + [NodeResult.REFUSED, NodeResult.FELL_BACK, NodeResult.WAITING]
            ),
            min_size=count,
            max_size=count,
        ),
        st.lists(st.integers(0, 900), min_size=count, max_size=count),
    )
)


@settings(max_examples=tries(60))
@given(fleets)
def test_it_ends_and_more_than_a_bearable_share_never_gets_what_it_cannot_take(
    fleet: Fleet,
) -> None:
    fleet.run()
    assert fleet.course in (RolloutState.DONE, RolloutState.HALTED)
    bad = [one for one in range(len(fleet.destined)) if fleet.destined[one] is not NodeResult.DONE]
    if fleet.course is RolloutState.DONE:
        assert len(fleet.told_s) == len(fleet.destined)
        assert not any(fleet.stages[one] == 0 for one in bad), "one of the few is one too many"
        assert len(bad) <= len(fleet.destined) * MISHAPS
    if any(fleet.stages[one] == 0 for one in bad):
        assert len(fleet.told_s) <= FEW


@pytest.mark.parametrize("fate", [NodeResult.REFUSED, NodeResult.FELL_BACK, NodeResult.WAITING])
def test_what_no_node_can_take_reaches_three_of_five_hundred(fate: NodeResult) -> None:
    fleet = Fleet([fate] * 500, [30] * 500)
    fleet.run()
    assert fleet.course is RolloutState.HALTED
    assert len(fleet.told_s) == FEW


def test_what_all_can_take_reaches_a_few_then_a_quarter_then_all() -> None:
    fleet = Fleet([NodeResult.DONE] * 500, [30] * 500)
    fleet.run()
    assert fleet.course is RolloutState.DONE
    assert [fleet.stages.count(stage) for stage in (0, 1, 2)] == [3, 122, 375]
    assert fleet.now_s < 3 * (SETTLE_S + 300)


def test_who_was_away_holds_nothing_up_and_who_dies_with_it_is_a_mishap() -> None:
    away = NodeNow(UUID(int=1), 0, NodeResult.WAITING, is_here=False, told_utc_us=None)
    assert not is_awaited(away, 10**15)
    assert not is_mishap(away, 10**15)
    died = replace(away, told_utc_us=0, lost_utc_us=60_000_000)
    assert is_awaited(died, 61_000_000)
    assert is_mishap(died, 60_000_000 + round(SILENT_S * 1e6))


def test_where_nobody_is_there_nothing_is_learnt_and_nothing_goes_on() -> None:
    away = [NodeNow(UUID(int=n), min(n, 2), NodeResult.WAITING, False, None) for n in range(4)]
    for hours in range(100):
        now_us = hours * 3_600_000_000
        assert decide(away, stage=0, settled_since_utc_us=0, now_utc_us=now_us).stage == 0


class Town(Yard):
    """Twenty nodes that report, in one area."""

    def __init__(self, db: Database, folder: Path) -> None:
        super().__init__(db, folder)
        self.names = [f"tram-{number:02d}" for number in range(2, 22)]
        with db.writing() as conn:
            for name in self.names:
                add_node(conn, name=name, area_id=self.town.area_id, now=self.now)
            conn.execute(update(nodes).values(state="online"))
        self.names.append("tram-01")
        for name in self.names:
            self.hear(report(name))

    def begin(self) -> UUID:
        with self.db.writing() as conn:
            return rollout_rows.begin(conn, self.area, LONGER, reason="gió", by=SHELL, now=self.now)

    def live(self, span_s: int, answer: Callable[[str], str]) -> set[str]:
        """Time goes by; nodes that are told answer so. Who was told."""
        told: set[str] = set()
        for _ in range(span_s // STEP_S):
            self.pass_s(STEP_S)
            for name, words in self.told_by_name():
                told.add(name)
                if answer(name):
                    self.hear(report(name, words=words, outcome=answer(name), why="vì sao"))
        return told

    def course(self) -> rollout_rows.Rollout:
        with self.db.reading() as conn:
            return rollout_rows.listed(conn)[0]

    def wanted(self) -> set[bool]:
        """Whether the new is wanted of the nodes."""
        with self.db.reading() as conn:
            ids = layer_rows.nodes_of(conn, self.area)
            known = settings_rows.statuses(conn, ids)
        return {one.wanted == LONGER for one in known.values()}


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    return Town(db, tmp_path)


def test_a_few_are_told_first_then_a_quarter_then_all(town: Town) -> None:
    town.begin()
    first = town.live(300, lambda _: "in_force")
    assert len(first) == FEW
    second = town.live(900, lambda _: "in_force")
    assert len(first | second) == 6
    town.live(3600, lambda _: "in_force")
    assert town.course().course is RolloutState.DONE
    assert town.course().fates == {NodeResult.DONE: 21}
    assert town.wanted() == {True}


@pytest.mark.parametrize("outcome", ["refused", "fell_back", ""])
def test_it_halts_by_itself_and_everybody_goes_back(town: Town, outcome: str) -> None:
    town.begin()
    bad = town.live(300, lambda _: outcome)
    town.live(2400, lambda name: outcome if name in bad else "in_force")
    halted = town.course()
    assert halted.course is RolloutState.HALTED
    assert halted.why.startswith("of 3 nodes ")
    assert town.wanted() == {False}
    assert town.acts().count("settings.halt") == 1
    back = {name for name, words in town.told_by_name() if words.settings == {}}
    assert back <= bad


@pytest.mark.parametrize("by_s", [-86_400, 86_400])
def test_after_a_step_of_the_hubs_clock_it_is_still_judged_by_what_nodes_answer(
    town: Town, by_s: int
) -> None:
    town.begin()
    town.live(120, lambda _: "in_force")
    with town.db.writing() as conn:
        move(conn, by_s * 1_000_000, now=town.now)
    town.pass_s(by_s)
    town.live(2400, lambda _: "refused")
    halted = town.course()
    assert halted.course is RolloutState.HALTED, "the second stage took it ill"
    assert town.wanted() == {False}


def test_a_keeper_halts_it_and_nothing_else_goes_out_meanwhile(town: Town) -> None:
    rollout_id = town.begin()
    with pytest.raises(RegistryError, match="is running"):
        town.service.want(town.asker(), town.area, {"clips.preroll_s": 9}, reason="x")
    assert not town.service.halt(town.asker("an"), rollout_id, reason="x")
    assert town.service.halt(town.asker(), rollout_id, reason="sai rồi")
    assert not town.service.halt(town.asker(), rollout_id, reason="lần nữa")
    assert town.wanted() == {False}
    page = town.service.page(town.asker(), town.area)
    assert page is not None
    assert page.wanted == {}
    assert [past.reason for past in page.history] == ["halted: sai rồi", "gió"]


def test_one_that_still_runs_is_shown_however_many_came_after_it(town: Town) -> None:
    rollout_id = town.begin()
    with town.db.writing() as conn:
        other = Scope(
            "area", add_area(conn, name="X", level="commune", parent_id=None, now=town.now)
        )
        inner = add_area(
            conn, name="Y", level="quarter", parent_id=town.area.scope_id, now=town.now
        )
        for scope in (other, Scope("area", inner)):
            for _ in range(51):
                later = rollout_rows.begin(conn, scope, LONGER, reason="x", by=SHELL, now=town.now)
                rollout_rows.halt(conn, later, why="x", by=SHELL, now=town.now)
    shown = town.service.overview(town.asker()).rollouts
    assert shown[0].rollout_id == rollout_id
    assert {one.scope.scope_id for one in shown[1:]} == {inner}


def test_a_change_at_one_node_does_not_bring_it_what_has_not_come_to_it(town: Town) -> None:
    town.begin()
    first = town.live(120, lambda _: "in_force")
    later = next(name for name in town.names if name not in first)
    with town.db.reading() as conn:
        scope = Scope("node", town._id(conn, later))
    town.want(scope, {"clips": {"alert_days": 40}})
    with town.db.reading() as conn:
        assert settings_rows.status(conn, scope.scope_id).wanted == {"clips": {"alert_days": 40}}


def crowded() -> dict[str, Any]:
    """All that may be wanted of one node: not a key more fits."""
    names = [f"c{number:03}" for number in range(1000)]
    while (free := MOST_BYTES - len(canonical(_continuous(names)))) < 0:
        names.pop()
    return _continuous([*names[:-1], names[-1] + "c" * free])


def _continuous(names: list[str]) -> dict[str, Any]:
    return {"cameras": {name: {"continuous": True} for name in names}}


def crowd(town: Town, name: str) -> Scope:
    with town.db.reading() as conn:
        scope = Scope("node", town._id(conn, name))
    town.want(scope, crowded())
    return scope


def test_what_the_last_node_could_not_be_told_does_not_go_out(town: Town) -> None:
    crowd(town, town.names[-2])
    with pytest.raises(SettingsFault, match="bytes of settings"):
        town.begin()
    with town.db.reading() as conn:
        assert rollout_rows.listed(conn) == []
        assert layer_rows.layer(conn, town.area) == {}


def test_a_node_whose_own_settings_grow_meanwhile_keeps_them_and_the_others_go_on(
    town: Town,
) -> None:
    town.begin()
    first = town.live(120, lambda _: "in_force")
    scope = crowd(town, next(name for name in town.names if name not in first))
    town.live(5000, lambda _: "in_force")
    assert town.course().course is RolloutState.DONE
    with town.db.reading() as conn:
        assert settings_rows.status(conn, scope.scope_id).wanted == crowded()
        others = set(layer_rows.nodes_of(conn, town.area)) - {scope.scope_id}
        known = settings_rows.statuses(conn, others)
    assert all(one.wanted == LONGER for one in known.values())


def test_an_area_that_moves_brings_what_is_wanted_there_to_all_nodes_that_have_room(
    town: Town,
) -> None:
    crowd(town, town.names[0])
    with town.db.writing() as conn:
        other = add_area(conn, name="Other", level="commune", parent_id=None, now=town.now)
    town.want(Scope("area", other), LONGER)
    words = AreaWords(name="Moved", level="quarter", parent_id=other)
    with town.db.writing() as conn:
        rows.change(conn, town.area.scope_id, words, by=SHELL, now=town.now)
    assert town.wanted() == {True, False}
    with town.db.reading() as conn:
        ids = layer_rows.nodes_of(conn, town.area)
        known = settings_rows.statuses(conn, ids)
    assert sum(one.wanted == LONGER for one in known.values()) == len(ids) - 1
