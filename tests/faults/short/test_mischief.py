"""A seed gives the same campaign again."""

from itertools import islice
from typing import get_args

from tests.faults.mischief import LIES, Kind, deeds

KINDS: tuple[Kind, ...] = get_args(Kind)


def test_the_same_seed_does_the_same_and_another_does_not() -> None:
    one, same, other = (list(islice(deeds(s, KINDS, gap_s=2), 50)) for s in (1, 1, 2))
    assert one == same
    assert one != other


def test_everything_goes_wrong_once_before_anything_does_again() -> None:
    drawn = [deed.kind for deed in islice(deeds(3, KINDS, gap_s=2), 2 * len(KINDS))]
    assert sorted(drawn[: len(KINDS)]) == sorted(KINDS) == sorted(drawn[len(KINDS) :])


def test_every_lie_is_told_before_one_is_repeated() -> None:
    row = (deed for deed in deeds(4, KINDS, gap_s=2) if deed.kind == "lie")
    assert {deed.lie for deed in islice(row, len(LIES))} == set(LIES)


def test_deeds_lie_apart_as_asked() -> None:
    waits = [deed.after_s for deed in islice(deeds(5, KINDS, gap_s=3), 500)]
    assert min(waits) >= 0.2
    assert 2.5 < sum(waits) / len(waits) < 3.5
