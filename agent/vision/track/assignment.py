"""Joins tracks and detections in pairs so that the sum of their closeness is largest.

Best pairs first is not enough: of two people who cross, the one nearest to a detection takes it,
and the other one is left with a detection that is none of theirs. SciPy solves this too, but would
be one more library on every node.
"""

from collections.abc import Mapping, Sequence
from math import inf

Pair = tuple[int, int]
"""Indices (track, detection)."""


def assigned(closeness: Mapping[Pair, float]) -> dict[int, int]:
    """The detection of each track, for pairs with a closeness over 0; other pairs cannot be.

    Pairs that share neither a track nor a detection with others are solved by themselves: people
    are near few others, also in a crowd.
    """
    pairs: dict[int, int] = {}
    for group in _groups(closeness):
        pairs |= _solved(group)
    return pairs


def _groups(closeness: Mapping[Pair, float]) -> list[dict[Pair, float]]:
    """The pairs, parted into groups without a common track or detection."""
    tracks: dict[int, list[Pair]] = {}
    detections: dict[int, list[Pair]] = {}
    for pair in closeness:
        tracks.setdefault(pair[0], []).append(pair)
        detections.setdefault(pair[1], []).append(pair)
    groups, left = [], dict(closeness)
    while left:
        group: dict[Pair, float] = {}
        waiting = [next(iter(left))]
        while waiting:
            pair = waiting.pop()
            if pair in left:
                group[pair] = left.pop(pair)
                waiting += [*tracks[pair[0]], *detections[pair[1]]]
        groups.append(group)
    return groups


def _solved(group: Mapping[Pair, float]) -> dict[int, int]:
    """The best pairs of one group. Each track may also stay alone, at a closeness of 0."""
    if len(group) == 1:
        return dict(group.keys())
    tracks = sorted({track for track, _ in group})
    detections = sorted({detection for _, detection in group})
    alone = [0.0] * len(tracks)
    costs = [[-group.get((one, other), 0.0) for other in detections] + alone for one in tracks]
    return {
        tracks[row]: detections[column]
        for row, column in enumerate(_cheapest(costs))
        if column < len(detections) and (tracks[row], detections[column]) in group
    }


def _cheapest(costs: Sequence[Sequence[float]]) -> list[int]:
    """The column of each row, each column once, at the least sum; no more rows than columns.

    Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987): each new row pushes
    earlier ones to other columns along the cheapest path that ends at a free column.
    """
    rows, columns = len(costs), len(costs[0])
    of_row, of_column = [0.0] * rows, [0.0] * columns  # what is already paid for each
    holder: dict[int, int] = {}
    for new in range(rows):
        distance, before = [inf] * columns, [-1] * columns
        row, column, paid, done = new, -1, 0.0, set[int]()
        while True:
            for other in range(columns):
                step = paid + costs[row][other] - of_row[row] - of_column[other]
                if other not in done and step < distance[other]:
                    distance[other], before[other] = step, column
            column = min((c for c in range(columns) if c not in done), key=distance.__getitem__)
            paid = distance[column]
            if column not in holder:
                break
            done.add(column)
            row = holder[column]
        of_row[new] += paid
        for one in done:
            of_row[holder[one]] += paid - distance[one]
            of_column[one] -= paid - distance[one]
        while column >= 0:
            earlier = before[column]
            holder[column] = new if earlier < 0 else holder[earlier]
            column = earlier
    column_of = {row: column for column, row in holder.items()}
    return [column_of[row] for row in range(rows)]
