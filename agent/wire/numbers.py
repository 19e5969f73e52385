"""Ranges of sequence numbers: closed, sorted, not adjacent."""

from collections.abc import Iterable

Range = tuple[int, int]
"""First and last number, both included."""


def joined(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same numbers in as few ranges as possible, lowest first."""
    done: list[Range] = []
    for first, last in sorted(ranges):
        if done and first <= done[-1][1] + 1:
            done[-1] = (done[-1][0], max(done[-1][1], last))
        else:
            done.append((first, last))
    return tuple(done)


def without(ranges: Iterable[Range], taken: Iterable[Range]) -> tuple[Range, ...]:
    """Numbers in `ranges` that are not in `taken`."""
    left = list(joined(ranges))
    for first, last in joined(taken):
        cut: list[Range] = []
        for low, high in left:
            if high < first or low > last:
                cut.append((low, high))
                continue
            if low < first:
                cut.append((low, first - 1))
            if high > last:
                cut.append((last + 1, high))
        left = cut
    return tuple(left)
