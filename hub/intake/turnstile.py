"""How much one node may say: a bucket each, and what is over it waits its turn, alerts first.

Pure: no clock, thread or log. Nothing is refused. What waits is taken up when the node's bucket has
filled again; what there is no room to keep gets no receipt, and so its node says it again. A node
that floods is slowed, and nobody else is.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hub.intake.inbox import Arrival, node_of

FORGOTTEN_AFTER_S: Final = 600.0
"""A node that kept within its bounds for so long begins anew: the next time it is said again."""
LEAST_WAIT_S: Final = 0.05
MOST_NODES: Final = 10_000
"""Beyond so many names all but those of whom something waits are forgotten, and begin anew."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of each node. Generous: after a week without a line a box says 100,000 events at once, and
    no more than twenty of them unanswered."""

    burst: int = 5000
    """Messages at once."""
    per_s: float = 200.0
    """From then on."""
    held: int = 200
    """That wait here."""


@dataclass(slots=True)
class _Bucket:
    """What one node may still say, and what of it waits."""

    left: float
    at_s: float
    urgent: deque[Arrival] = field(default_factory=deque)
    others: deque[Arrival] = field(default_factory=deque)
    over_s: float = float("-inf")
    """When it was last over its bounds."""
    over: int = 0
    """Messages that had to wait or to come again, since it began anew."""

    @property
    def waiting(self) -> int:
        return len(self.urgent) + len(self.others)

    def fill(self, bounds: Bounds, now_s: float) -> None:
        spent_s = max(0.0, now_s - self.at_s)
        self.left = min(float(bounds.burst), self.left + spent_s * bounds.per_s)
        self.at_s = max(self.at_s, now_s)


@dataclass(slots=True)
class Passage:
    """What becomes of a batch."""

    through: list[Arrival]
    """To be filed now, in the order of each node."""
    held_up: list[Arrival] = field(default_factory=list)
    """To be acknowledged to the broker and not receipted: they wait here, or come again."""
    news: list[str] = field(default_factory=list)
    """Nodes that are over their bounds for the first time in a while."""


class Turnstile:
    """For one thread, but for `over`, which any may ask."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._buckets: dict[str, _Bucket] = {}
        self._holding: set[str] = set()
        self.counts: Counter[str] = Counter(slowed=0, unheard=0)
        """Since the start: slowed (waited here) and unheard (had to come again)."""

    def let(self, batch: list[Arrival], now_s: float) -> Passage:
        """Which of these are filed now; with them what has waited long enough."""
        passage = Passage([])
        self._release(passage.through, now_s)
        said = Counter([node_of(arrival.topic) for arrival in batch])
        over = {node for node, number in said.items() if not self._may(node, number, now_s)}
        if over:
            self._sort(batch, over, passage, now_s)
        else:
            passage.through += batch
        return passage

    def wait_s(self, longest_s: float) -> float:
        """How long nobody who waits here can go on, `longest_s` at the most."""
        if not self._holding:
            return longest_s
        return min(longest_s, max(LEAST_WAIT_S, 1 / self._bounds.per_s))

    def over(self, node: str) -> int:
        """How many messages of this node had to wait or come again, lately; 0: it keeps within."""
        bucket = self._buckets.get(node)
        return 0 if bucket is None else bucket.over

    def _may(self, node: str, number: int, now_s: float) -> bool:
        """Whether all of them may; then they are taken off."""
        bucket = self._bucket(node, now_s)
        if bucket.waiting or bucket.left < number:
            return False
        bucket.left -= number
        return True

    def _bucket(self, node: str, now_s: float) -> _Bucket:
        bucket = self._buckets.get(node)
        if bucket is None:
            if len(self._buckets) >= MOST_NODES:
                self._buckets = {name: self._buckets[name] for name in self._holding}
            bucket = self._buckets[node] = _Bucket(float(self._bounds.burst), now_s)
        bucket.fill(self._bounds, now_s)
        if bucket.over and now_s - bucket.over_s > FORGOTTEN_AFTER_S:
            bucket.over = 0
        return bucket

    def _sort(
        self, batch: Iterable[Arrival], over: set[str], passage: Passage, now_s: float
    ) -> None:
        for arrival in batch:
            node = node_of(arrival.topic)
            if node not in over:
                passage.through.append(arrival)
                continue
            bucket = self._bucket(node, now_s)  # anew where it was forgotten within this batch
            if not bucket.waiting and bucket.left >= 1:
                bucket.left -= 1
                passage.through.append(arrival)
                continue
            if not bucket.over:
                passage.news.append(node)
            bucket.over, bucket.over_s = bucket.over + 1, now_s
            passage.held_up.append(arrival)
            self._hold(node, bucket, arrival)

    def _hold(self, node: str, bucket: _Bucket, arrival: Arrival) -> None:
        is_urgent = may_be_urgent(arrival.payload)
        if bucket.waiting >= self._bounds.held:
            self.counts["unheard"] += 1
            if not (is_urgent and bucket.others):
                return
            bucket.others.pop()  # the lesser goes, and its node says it again
        self.counts["slowed"] += 1
        self._holding.add(node)
        kept = Arrival(arrival.topic, arrival.payload, _is_acknowledged)
        (bucket.urgent if is_urgent else bucket.others).append(kept)

    def _release(self, through: list[Arrival], now_s: float) -> None:
        for node in list(self._holding):
            bucket = self._buckets[node]
            bucket.fill(self._bounds, now_s)
            while bucket.waiting and bucket.left >= 1:
                bucket.left -= 1
                through.append((bucket.urgent or bucket.others).popleft())
            if not bucket.waiting:
                self._holding.discard(node)


def may_be_urgent(payload: bytes) -> bool:
    """Whether words that may wake people may be in it (`agent.wire.urgent`), at a glance: who lies
    here only puts their own words before their own."""
    return (
        b'"sighting_opened"' in payload
        or b'"recording_stopped"' in payload
        or (b'"sighting_updated"' in payload and (b'"rules"' in payload or b'"wakes"' in payload))
    )


def _is_acknowledged() -> None:
    """The broker has been told."""
