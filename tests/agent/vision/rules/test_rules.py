"""Rules on tracks: what each reports, once, about whom, and what it does not report."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.geometry import Box, Polygon
from agent.vision.hours import Hours
from agent.vision.rules.places import Line, LineSide, Zone
from agent.vision.rules.rules import RuleKind, RuleMet, Rules, RuleSettings
from agent.vision.sightings.alerting import Alerting
from agent.vision.sightings.changes import Closed, Opened, SightingChange, Updated
from agent.vision.sightings.sightings import Sightings
from agent.vision.track.track import Track
from tests.agent.rigs.vision import after, counted_ids, tracked

pytestmark = [
    pytest.mark.promise("Zones and rules: Zones, hours and night values of a camera apply."),
    pytest.mark.promise(
        "Zones and rules: Loitering, crossed lines, entries, hours and groups raise events."
    ),
]

YARD = Polygon(((0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0)))
FENCE = Line(name="rao", start=(0.5, 1.0), end=(0.5, 0.0))
"""Up the middle of the picture: its right is the picture's right."""
NIGHT = Hours.parse(["22:00-05:00"])
AT_NIGHT, BY_DAY = datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 11, 23, 12, tzinfo=UTC)
HEIGHT = 0.2


def standing(
    track_id: int, x: float, y: float, *, is_seen: bool = True, score: float = 0.7
) -> Track:
    """Somebody whose feet are at (x, y)."""
    box = Box(x - 0.04, y - HEIGHT, x + 0.04, y)
    return tracked(box, track_id=track_id, is_seen=is_seen)


@dataclass
class Scene:
    """Plays frames, ten a second; every track has an open sighting of its number, or as told."""

    rules: Rules
    frame: int = 0
    met: list[RuleMet] = field(default_factory=list)

    def shows(
        self,
        *tracks: Track,
        for_s: float = 0.1,
        local: datetime | None = None,
        sightings: dict[int, UUID] | None = None,
    ) -> list[RuleMet]:
        met: list[RuleMet] = []
        known = (
            {t.track_id: UUID(int=t.track_id) for t in tracks} if sightings is None else sightings
        )
        for _ in range(round(for_s * 10)):
            met += self.rules.advance(
                after(self.frame / 10), tracks, sightings=known, aspect=1.0, local=local
            )
            self.frame += 1
        self.met += met
        return met


def in_yard(**rule: object) -> Scene:
    return Scene(Rules([Zone(name="san", outline=YARD, **rule)]))  # type: ignore[arg-type]


def kinds(met: Sequence[RuleMet]) -> list[RuleKind]:
    return [one.kind for one in met]


def test_who_is_in_a_zone_has_entered_it_and_is_told_of_once() -> None:
    scene = in_yard(tells_entry=True)
    assert scene.shows(standing(1, 0.8, 0.8), for_s=3) == []
    (entered,) = scene.shows(standing(1, 0.3, 0.8), for_s=30)
    assert (entered.kind, entered.place, entered.sighting_id) == (
        RuleKind.ENTRY,
        "san",
        UUID(int=1),
    )


def test_a_box_that_shakes_over_the_outline_for_a_frame_has_not_entered() -> None:
    scene = in_yard(tells_entry=True)
    for _ in range(20):
        scene.shows(standing(1, 0.49, 0.8))
        scene.shows(standing(1, 0.51, 0.8), for_s=2.5)
    assert scene.met == []


def test_who_stays_is_told_of_when_the_time_is_up() -> None:
    scene = in_yard(loiter_s=20.0)
    assert scene.shows(standing(1, 0.3, 0.8), for_s=20) == []
    (stayed,) = scene.shows(standing(1, 0.3, 0.8), for_s=60)
    assert (stayed.kind, stayed.seconds, stayed.at) == (RuleKind.LOITERING, 20.0, after(20))


def test_a_moment_outside_or_out_of_view_does_not_end_a_stay() -> None:
    scene = in_yard(loiter_s=10.0)
    scene.shows(standing(1, 0.3, 0.8), for_s=4)
    scene.shows(standing(1, 0.6, 0.8), for_s=1.5)
    scene.shows(standing(1, 0.3, 0.8), for_s=1)
    scene.shows(standing(1, 0.3, 0.8, is_seen=False), for_s=2.5)
    assert kinds(scene.shows(standing(1, 0.3, 0.8), for_s=1.5)) == [RuleKind.LOITERING]


def test_who_leaves_and_comes_back_begins_anew() -> None:
    scene = in_yard(loiter_s=10.0)
    scene.shows(standing(1, 0.3, 0.8), for_s=8)
    scene.shows(standing(1, 0.8, 0.8), for_s=3)
    assert scene.shows(standing(1, 0.3, 0.8), for_s=8) == []


def test_a_stay_goes_on_when_the_same_sighting_is_another_track() -> None:
    scene = in_yard(loiter_s=10.0)
    sighting = UUID(int=7)
    scene.shows(standing(1, 0.3, 0.8), for_s=6, sightings={1: sighting})
    scene.shows(for_s=1, sightings={1: sighting})
    scene.shows(standing(2, 0.3, 0.8), for_s=0.5, sightings={1: sighting})
    (stayed,) = scene.shows(standing(2, 0.3, 0.8), for_s=4, sightings={2: sighting})
    assert (stayed.sighting_id, stayed.track_id) == (sighting, 2)


def test_a_rule_met_before_the_evidence_was_in_is_told_with_it() -> None:
    scene = Scene(Rules([Zone(name="san", outline=YARD, tells_entry=True)], [FENCE]))
    scene.shows(standing(1, 0.8, 0.8), for_s=0.2, sightings={})
    scene.shows(standing(1, 0.3, 0.8), for_s=0.5, sightings={})
    assert set(kinds(scene.shows(standing(1, 0.3, 0.8)))) == {RuleKind.CROSSING, RuleKind.ENTRY}


@pytest.mark.parametrize(
    ("towards", "steps", "told"),
    [
        (None, (0.8, 0.2), LineSide.LEFT),
        (None, (0.2, 0.8), LineSide.RIGHT),
        (LineSide.LEFT, (0.8, 0.2), LineSide.LEFT),
        (LineSide.RIGHT, (0.8, 0.2), None),
        (LineSide.LEFT, (0.8, 0.2, 0.8, 0.2), LineSide.LEFT),
        (LineSide.RIGHT, (0.8, 0.2, 0.8), LineSide.RIGHT),
    ],
)
def test_a_line_is_crossed_once_a_track_and_to_the_side_asked_for(
    towards: LineSide | None, steps: tuple[float, ...], told: LineSide | None
) -> None:
    scene = Scene(Rules((), [replace(FENCE, towards=towards)]))
    for x in steps:
        scene.shows(standing(1, x, 0.8), for_s=1)
    assert [one.towards for one in scene.met] == ([told] if told else [])


def test_who_walks_along_a_line_does_not_cross_it() -> None:
    scene = Scene(Rules((), [FENCE]))
    for step in range(60):
        scene.shows(standing(1, 0.5 + (0.015 if step % 2 else -0.015), 0.3 + step / 100))
    assert scene.met == []


def test_who_walks_round_the_end_of_a_line_does_not_cross_it() -> None:
    scene = Scene(Rules((), [Line(name="rao", start=(0.5, 1.0), end=(0.5, 0.6))]))
    for x, y in ((0.8, 0.9), (0.7, 0.5), (0.3, 0.5), (0.2, 0.9)):
        scene.shows(standing(1, x, y), for_s=0.5)
    assert scene.met == []


def test_who_crosses_while_out_of_view_has_crossed() -> None:
    scene = Scene(Rules((), [FENCE]))
    scene.shows(standing(1, 0.7, 0.8))
    scene.shows(standing(1, 0.6, 0.8, is_seen=False), for_s=1)
    assert kinds(scene.shows(standing(1, 0.3, 0.8))) == [RuleKind.CROSSING]


def test_after_hours_is_told_at_these_hours_alone() -> None:
    scene = in_yard(closed=NIGHT)
    assert scene.shows(standing(1, 0.3, 0.8), for_s=5, local=BY_DAY) == []
    (told,) = scene.shows(standing(1, 0.3, 0.8), for_s=5, local=AT_NIGHT)
    assert told.kind is RuleKind.AFTER_HOURS


def test_after_hours_is_silent_while_nobody_vouches_for_the_clock() -> None:
    scene = in_yard(closed=NIGHT)
    assert scene.rules.have_hours
    assert scene.shows(standing(1, 0.3, 0.8), for_s=60, local=None) == []
    assert kinds(scene.shows(standing(1, 0.3, 0.8), local=AT_NIGHT)) == [RuleKind.AFTER_HOURS]


def test_a_group_is_told_of_once_with_its_size_until_it_has_parted() -> None:
    scene = in_yard(group=3)
    three = [standing(i, 0.1 * i, 0.8) for i in (1, 2, 3)]
    assert scene.shows(*three[:2], standing(3, 0.8, 0.8), for_s=5) == []
    (told,) = scene.shows(*three, for_s=5)
    assert (told.kind, told.people, told.sighting_id) == (RuleKind.GROUP, 3, UUID(int=3))
    scene.shows(*three[:2], for_s=5)
    assert scene.shows(*three, for_s=5) == []
    scene.shows(*three[:2], for_s=15)
    assert kinds(scene.shows(*three, for_s=5)) == [RuleKind.GROUP]


def test_a_group_whose_last_comer_is_hidden_is_told_of_when_somebody_is_seen() -> None:
    scene = in_yard(group=2)
    scene.shows(standing(1, 0.1, 0.8), for_s=1)
    scene.shows(standing(1, 0.1, 0.8, is_seen=False), standing(2, 0.2, 0.8), for_s=0.3)
    (told,) = scene.shows(standing(1, 0.1, 0.8), standing(2, 0.2, 0.8, is_seen=False), for_s=0.5)
    assert told.sighting_id == UUID(int=1)


def test_in_a_crowd_nobody_crosses_by_being_another_one() -> None:
    scene = Scene(Rules((), [FENCE]))
    crowd = {1: UUID(int=9), 2: UUID(int=9)}
    for _ in range(5):
        scene.shows(standing(1, 0.2, 0.8), standing(2, 0.8, 0.8), sightings=crowd)
    assert scene.met == []
    scene.shows(standing(1, 0.8, 0.8), standing(2, 0.8, 0.8), for_s=0.5, sightings=crowd)
    assert [(one.kind, one.track_id) for one in scene.met] == [(RuleKind.CROSSING, 1)]


def test_a_crowd_is_told_of_once_and_counted_body_by_body() -> None:
    scene = in_yard(tells_entry=True, group=3)
    crowd = [standing(i, 0.1 * i, 0.8) for i in (1, 2, 3, 4)]
    met = scene.shows(*crowd, for_s=5, sightings=dict.fromkeys(range(1, 5), UUID(int=9)))
    assert sorted(kinds(met)) == [RuleKind.ENTRY, RuleKind.GROUP]
    assert [one.people for one in met if one.kind is RuleKind.GROUP] == [4]


# What holds of every street.

ALL_RULES = Zone(name="san", outline=YARD, tells_entry=True, loiter_s=3.0, group=2, closed=NIGHT)


@st.composite
def walks(draw: st.DrawFn) -> "Streets":
    """Up to four people who stand somewhere for a while, then elsewhere; some frames lack some."""
    street: Streets = []
    for _ in range(draw(st.integers(1, 6))):
        local = draw(st.sampled_from((None, AT_NIGHT, BY_DAY)))
        places = draw(st.dictionaries(st.integers(1, 4), st.tuples(st.floats(-0.1, 1.1), depth)))
        unseen = draw(st.sets(st.integers(1, 4), max_size=1))
        step_s = draw(st.sampled_from((0.1, 0.3, 1.0)))
        shown = {i: standing(i, *at, is_seen=i not in unseen) for i, at in places.items()}
        street += [(step_s, local, shown)] * draw(st.integers(1, 15))
    return street


depth = st.floats(0.05, 1.1)
streets = walks()
Streets = list[tuple[float, datetime | None, dict[int, Track]]]


@dataclass
class Told:
    """Reports from a street, with the facts known at that time."""

    met: list[tuple[RuleMet, datetime | None, dict[int, UUID]]]
    changes: list[SightingChange]


def play(street: Streets, zones: Sequence[Zone], lines: Sequence[Line]) -> Told:
    """Through the sightings, as the eyes do it."""
    sightings, alerting = Sightings(counted_ids()), Alerting(Rules(zones, lines), NIGHT)
    told, at_s = Told([], []), 0.0
    for step_s, local, shown in street:
        at_s += step_s
        now = after(at_s)
        tracks = [replace(one, track_id=i) for i, one in shown.items()]
        changes = alerting.complete(
            sightings.advance(now, tracks), now, tracks,
            sightings=sightings, aspect=16 / 9, local=local,
        )  # fmt: skip
        told.changes += changes
        met = [one for c in changes if isinstance(c, Opened | Updated) for one in c.rules]
        told.met += [(one, local, sightings.open_ids) for one in met]
    told.changes += sightings.finish(after(at_s + 1))
    return told


@given(street=streets)
def test_a_rule_is_met_by_an_open_sighting_once_and_truly(street: Streets) -> None:
    told = play(street, [ALL_RULES], [FENCE])
    once = [(m.kind, m.place, m.sighting_id) for m, *_ in told.met if m.kind is not RuleKind.GROUP]
    assert len(once) == len(set(once))
    groups = [m.at for m, *_ in told.met if m.kind is RuleKind.GROUP]
    for before, later in pairwise(groups):
        assert later.seconds_since(before) > RuleSettings().parted_s
    for met, local, open_ids in told.met:
        assert open_ids[met.track_id] == met.sighting_id
        match met.kind:
            case RuleKind.LOITERING:
                assert met.seconds is not None
                assert met.seconds >= 3.0
            case RuleKind.AFTER_HOURS:
                assert local is AT_NIGHT
            case RuleKind.GROUP:
                assert met.people is not None
                assert 2 <= met.people <= len(open_ids)
            case RuleKind.CROSSING:
                assert met.towards is not None


@given(street=streets)
def test_rules_change_nothing_of_what_is_otherwise_said(street: Streets) -> None:
    plain = play(street, [], [])
    with_rules = play(street, [ALL_RULES], [FENCE])

    def leases(told: Told) -> list[tuple[type, UUID]]:
        return [(type(c), c.sighting_id) for c in told.changes if isinstance(c, Opened | Closed)]

    assert leases(plain) == leases(with_rules)


@given(street=streets)
def test_the_same_street_says_the_same(street: Streets) -> None:
    one, other = (play(street, [ALL_RULES], [FENCE]) for _ in range(2))
    assert one == other


@given(street=streets)
def test_who_asks_for_one_side_hears_of_nothing_that_who_asks_for_both_does_not(
    street: Streets,
) -> None:
    both = {m.sighting_id for m, *_ in play(street, [], [FENCE]).met}
    for side in LineSide:
        met = [m for m, *_ in play(street, [], [replace(FENCE, towards=side)]).met]
        assert {m.towards for m in met} <= {side}
        assert {m.sighting_id for m in met} <= both


@given(street=streets)
def test_outside_the_alert_hours_nobody_is_woken_but_by_a_rule(street: Streets) -> None:
    by_day = [(step_s, BY_DAY, shown) for step_s, _, shown in street]
    for change in play(by_day, [ALL_RULES], [FENCE]).changes:
        if isinstance(change, Opened | Updated) and change.wakes:
            assert change.rules
    unsure: Streets = [(step_s, None, shown) for step_s, _, shown in street]
    opened = [c for c in play(unsure, [], []).changes if isinstance(c, Opened)]
    assert all(change.wakes for change in opened)


@given(street=streets)
def test_a_sighting_begins_to_wake_people_once(street: Streets) -> None:
    told = play(street, [ALL_RULES], [FENCE])
    woken = [c.sighting_id for c in told.changes if isinstance(c, Opened | Updated) and c.wakes]
    assert len(woken) == len(set(woken))
    for change in told.changes:
        if isinstance(change, Opened | Updated) and change.rules:
            assert change.sighting_id in woken


def test_who_is_there_when_the_alert_hours_begin_wakes_people_then() -> None:
    person = {1: standing(1, 0.8, 0.8)}
    street: Streets = [(0.1, BY_DAY, person)] * 20 + [(0.1, AT_NIGHT, person)] * 20
    opened, woken, closed = play(street, [], []).changes
    assert isinstance(opened, Opened)
    assert not opened.wakes
    assert isinstance(woken, Updated)
    assert woken.wakes
    assert woken.at == after(2.1)
    assert isinstance(closed, Closed)
