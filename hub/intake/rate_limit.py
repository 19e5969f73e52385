"""Rate limiter per node: a token bucket each; messages over the limit wait, alerts first.

Pure: no clock, thread or log. Nothing is refused. A waiting message goes on when the node's bucket
has filled again. When the queue is full, a message is dropped without a receipt; the node sends it
again. A flooding node is slowed down; other nodes are not.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from hub.intake.mqtt.inbox import ReceivedMessage, node_of

FORGOTTEN_AFTER_S: Final = 600.0
"""A node within its limit for this long starts again: its next excess is reported again."""
LEAST_WAIT_S: Final = 0.05
MOST_NODES: Final = 10_000
"""With more names, all nodes without waiting messages are forgotten and start again."""


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """Limit per node. Generous: after a week offline a node sends 100,000 events, and at most
    twenty of them are unreceipted at a time. A burst is filed before what others say behind it."""

    burst: int = 500
    """Messages at once."""
    per_s: float = 200.0
    """Messages per second after that."""
    held: int = 200
    """Most waiting messages."""


@dataclass(slots=True)
class _Bucket:
    """Tokens left for one node, and its waiting messages."""

    left: float
    at_s: float
    urgent: deque[ReceivedMessage] = field(default_factory=deque)
    others: deque[ReceivedMessage] = field(default_factory=deque)
    over_s: float = float("-inf")
    """Time it was last over its limit."""
    over: int = 0
    """Messages delayed or dropped since it started again."""
    told: int = 0
    """Number of them that `MessageLimiter.tell` has given."""

    @property
    def waiting(self) -> int:
        return len(self.urgent) + len(self.others)

    def fill(self, bounds: MessageLimits, now_s: float) -> None:
        spent_s = max(0.0, now_s - self.at_s)
        self.left = min(float(bounds.burst), self.left + spent_s * bounds.per_s)
        self.at_s = max(self.at_s, now_s)


@dataclass(slots=True)
class LimitedBatch:
    """Result of the rate limit for a batch."""

    through: list[ReceivedMessage]
    """To store now, in each node's order."""
    held_up: list[ReceivedMessage] = field(default_factory=list)
    """To acknowledge to the broker without a receipt: they wait here, or come again."""
    newly_over: list[str] = field(default_factory=list)
    """Nodes over their limit for the first time in a while."""


class MessageLimiter:
    """Rate limit of the messages of each node. For one thread."""

    def __init__(self, bounds: MessageLimits | None = None) -> None:
        self._bounds = bounds or MessageLimits()
        self._buckets: dict[str, _Bucket] = {}
        self._holding: set[str] = set()
        self.counts: Counter[str] = Counter(slowed=0, unheard=0)
        """Since the start: slowed (waited here) and unheard (dropped, to come again)."""

    def let(self, batch: list[ReceivedMessage], now_s: float) -> LimitedBatch:
        """Messages to store now, including those that have waited long enough."""
        limited = LimitedBatch([])
        self._release(limited.through, now_s)
        said = Counter([node_of(arrival.topic) for arrival in batch])
        over = {node for node, number in said.items() if not self._may(node, number, now_s)}
        if over:
            self._sort(batch, over, limited, now_s)
        else:
            limited.through += batch
        return limited

    def wait_s(self, longest_s: float) -> float:
        """Time until a waiting message can go on, at most `longest_s`."""
        if not self._holding:
            return longest_s
        return min(longest_s, max(LEAST_WAIT_S, 1 / self._bounds.per_s))

    def tell(self, note: Callable[[Mapping[str, int]], bool]) -> None:
        """Give `note` the number of recently delayed or dropped messages of each node, if one has
        more than when `note` last returned True."""
        over = {node: one for node, one in self._buckets.items() if one.over != one.told}
        if over and note({node: one.over for node, one in over.items()}):
            for one in over.values():
                one.told = one.over

    def _may(self, node: str, number: int, now_s: float) -> bool:
        """True if all of them fit; then they are counted."""
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
            bucket.over = bucket.told = 0
        return bucket

    def _sort(
        self, batch: Iterable[ReceivedMessage], over: set[str], limited: LimitedBatch, now_s: float
    ) -> None:
        for arrival in batch:
            node = node_of(arrival.topic)
            if node not in over:
                limited.through.append(arrival)
                continue
            bucket = self._bucket(node, now_s)  # new if it was forgotten within this batch
            if not bucket.waiting and bucket.left >= 1:
                bucket.left -= 1
                limited.through.append(arrival)
                continue
            if not bucket.over:
                limited.newly_over.append(node)
            bucket.over, bucket.over_s = bucket.over + 1, now_s
            limited.held_up.append(arrival)
            self._hold(node, bucket, arrival)

    def _hold(self, node: str, bucket: _Bucket, arrival: ReceivedMessage) -> None:
        is_urgent = may_be_urgent(arrival.payload)
        if bucket.waiting >= self._bounds.held:
            self.counts["unheard"] += 1
            if not (is_urgent and bucket.others):
                return
            bucket.others.pop()  # the less urgent one is dropped; its node sends it again
        self.counts["slowed"] += 1
        self._holding.add(node)
        kept = replace(arrival, acknowledge=_is_acknowledged)
        (bucket.urgent if is_urgent else bucket.others).append(kept)

    def _release(self, through: list[ReceivedMessage], now_s: float) -> None:
        for node in list(self._holding):
            bucket = self._buckets[node]
            bucket.fill(self._bounds, now_s)
            while bucket.waiting and bucket.left >= 1:
                bucket.left -= 1
                through.append((bucket.urgent or bucket.others).popleft())
            if not bucket.waiting:
                self._holding.discard(node)


def may_be_urgent(payload: bytes) -> bool:
    """True if a quick look at the payload finds something that may raise an alert
    (`agent.wire.urgent`). A wrong result only reorders the node's own messages."""
    return (
        b'"sighting_opened"' in payload
        or b'"recording_stopped"' in payload
        or (b'"sighting_updated"' in payload and (b'"rules"' in payload or b'"wakes"' in payload))
    )


def _is_acknowledged() -> None:
    """Do nothing: the message was acknowledged to the broker already."""
