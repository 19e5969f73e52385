"""A hub that lost its disk asks again: the node resends what it has, or reports it gone."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journal import Journal, JournalLimits, MediaKind
from agent.journal.resend import FORGOTTEN, REFUSED_BEFORE
from agent.media.frame import Instant
from agent.wire.messages import CameraLost, NumbersDropped
from agent.wire.numbers import joined, without
from tests.agent.rigs.hubside import Clock, opened

pytestmark = pytest.mark.promise("Node to hub: The hub finds gaps and asks for them.")

BOOT = UUID(int=1)
SHA = "ab" * 32
DAY_S = 86_400.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    yield from open_small(tmp_path, clock, max_events=40)


def open_small(tmp_path: Path, clock: Clock, *, max_events: int) -> Iterator[Journal]:
    limits = JournalLimits(max_events=max_events, max_receipted=30)
    journal = Journal.open(tmp_path / "journal.db", now=clock.now, boot_id=BOOT, limits=limits)
    yield journal
    journal.close()


def put(journal: Journal, clock: Clock, count: int = 1, *, is_alert: bool = True) -> list[UUID]:
    with journal.transaction() as tx:
        return [
            tx.add_event(
                opened() if is_alert else CameraLost(camera="cam", reason=""), at=clock.now()
            )
            for _ in range(count)
        ]


def owed(journal: Journal) -> list[int]:
    return [waiting.seq for waiting in journal.waiting(1_000)]


def gone(journal: Journal) -> dict[str, tuple[tuple[int, int], ...]]:
    said = [waiting.body for waiting in journal.waiting(1_000)]
    return {body.reason: body.ranges for body in said if isinstance(body, NumbersDropped)}


@pytest.mark.promise("Node to hub: A restored hub ends complete.")
def test_receipted_events_are_owed_anew_behind_everything_else(
    journal: Journal, clock: Clock
) -> None:
    journal.receipt(put(journal, clock, 5))
    put(journal, clock, is_alert=False)
    put(journal, clock)

    found = journal.say_again([(2, 3), (6, 6)], [])

    assert found.again == (2, 3)
    assert owed(journal) == [7, 6, 2, 3], "new alerts, other new events, then what was there once"
    journal.receipt([waiting.event_id for waiting in journal.waiting(10)])
    assert owed(journal) == []


def test_its_pictures_are_brought_anew_too(journal: Journal, clock: Clock, tmp_path: Path) -> None:
    with journal.transaction() as tx:
        event_id = tx.add_event(opened(), at=clock.now())
        tx.add_media(
            sha256=SHA,
            kind=MediaKind.PICTURE,
            path=tmp_path / "p.jpg",
            size_bytes=3,
            event_id=event_id,
        )
    journal.receipt([event_id])
    journal.media_done(SHA)

    journal.say_again([(1, 1)], [])
    assert journal.media_due() == [], "not before the hub has the event"
    journal.receipt([event_id])
    assert [due.sha256 for due in journal.media_due()] == [SHA]

    journal.media_done(SHA)
    journal.say_again([], [SHA, "cd" * 32])
    assert [due.sha256 for due in journal.media_due()] == [SHA], "a file alone may be lost as well"


def test_what_is_kept_no_longer_is_told_once(journal: Journal, clock: Clock) -> None:
    journal.receipt(put(journal, clock, 4))
    clock.at_s += 8 * DAY_S
    assert journal.prune() == 4

    journal.say_again([(1, 4)], [])
    journal.say_again([(1, 4)], [])

    assert owed(journal) == [5], "asked twice, told once as long as the hub has not heard it"
    assert gone(journal) == {FORGOTTEN: ((1, 4),)}


def test_what_the_hub_had_refused_is_told_as_such(journal: Journal, clock: Clock) -> None:
    first, second = put(journal, clock, 2)
    journal.refuse(first, reason="malformed", detail="")
    journal.receipt([second])

    journal.say_again([(1, 1)], [])

    assert gone(journal) == {REFUSED_BEFORE: ((1, 1),)}


def test_numbers_that_were_never_given_are_not_told_of(journal: Journal, clock: Clock) -> None:
    journal.receipt(put(journal, clock, 2))

    found = journal.say_again([(2, 2**50)], [])

    assert (found.again, found.beyond) == ((2,), 2**50 - 2)
    assert owed(journal) == [2]


@pytest.mark.promise("Node to hub: Alerts, other events and health have separate bounds.")
def test_saying_again_pushes_nothing_out(journal: Journal, clock: Clock) -> None:
    journal.receipt(put(journal, clock, 30))
    put(journal, clock, 30, is_alert=False)

    journal.say_again([(1, 30)], [])
    assert owed(journal)[30:] == [1, 2, 3, 4, 5, 6], "as many as nine tenths of the journal hold"

    put(journal, clock, 10)
    counts = journal.counts()
    assert (counts.waiting, counts.dropped) == (40, 0), "they went back to wait for a request"
    journal.receipt([waiting.event_id for waiting in journal.waiting(100)])
    assert journal.say_again([(1, 30)], []).again == tuple(range(1, 31))


def test_a_full_journal_answers_nothing_and_is_asked_again(journal: Journal, clock: Clock) -> None:
    journal.receipt(put(journal, clock, 2))
    clock.at_s += 8 * DAY_S
    journal.prune()
    put(journal, clock, 38)

    journal.say_again([(1, 2)], [])

    assert (journal.counts().waiting, journal.counts().dropped) == (38, 0)


@pytest.mark.promise("Node to hub: A node keeps receipted events for a week.")
def test_receipted_events_are_bounded_in_number_too(journal: Journal, clock: Clock) -> None:
    for _ in range(4):
        journal.receipt(put(journal, clock, 20))

    assert journal.prune() == 50
    assert journal.say_again([(1, 80)], []).again == tuple(range(51, 81)), "the newest are kept"


def test_a_clock_that_is_set_from_1970_makes_nothing_old(
    journal: Journal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_now", lambda: Instant(5_000_000_000, 5_000_000))
    journal.receipt(put(journal, clock, 3))
    monkeypatch.setattr(journal, "_now", clock.now)
    assert journal.prune() == 0


ranges = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 6)).map(lambda r: (r[0], sum(r))))


def numbers(of: tuple[tuple[int, int], ...] | list[tuple[int, int]]) -> set[int]:
    return {number for first, last in of for number in range(first, last + 1)}


@given(ranges, ranges)
def test_ranges_hold_the_numbers_they_should(
    some: list[tuple[int, int]], taken: list[tuple[int, int]]
) -> None:
    assert numbers(joined(some)) == numbers(some)
    assert numbers(without(some, taken)) == numbers(some) - numbers(taken)
    for made in (joined(some), without(some, taken)):
        assert all(a[1] < b[0] for a, b in pairwise(made))
