"""Bounded queue between the network thread and the writer thread, emptied in batches."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

BATCH: Final = 1000
GATHER_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it arrived. `acknowledge` sends the acknowledgement, from any thread. It does
    nothing after its connection has ended: the broker then sends the message again."""

    topic: str
    payload: bytes
    acknowledge: Callable[[], None]
    is_repeat: bool = False
    """The broker had retained it, and repeats it to who subscribes."""


class ReceiveQueue:
    """Queue of at most `bound` messages; a full queue blocks the sender, and so the broker."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._inside: deque[ReceivedMessage] = deque()
        self._is_closed = False
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._arrived = threading.Condition(self._lock)
        self._wanted = 1
        """Number of messages that wakes the reader."""

    def put(self, arrival: ReceivedMessage) -> bool:
        """Wait for space; False if the queue is closed and the message will come again."""
        with self._lock:
            while len(self._inside) >= self._bound and not self._is_closed:
                self._room.wait()
            if self._is_closed:
                return False
            self._inside.append(arrival)
            if len(self._inside) == self._wanted:
                self._arrived.notify()
        return True

    @property
    def is_closed(self) -> bool:
        """True after `close`."""
        return self._is_closed

    def take(self, wait_s: float) -> list[ReceivedMessage]:
        """Wait for messages, then collect up to `BATCH` within `GATHER_S`; empty if none came."""
        with self._lock:
            self._await(1, wait_s)
            if self._is_closed or not self._inside:
                return []
            self._await(min(BATCH, self._bound), GATHER_S)
            batch = self._batch()
            self._room.notify_all()
        return batch

    def _batch(self) -> list[ReceivedMessage]:
        """The oldest messages. If there are more than a batch: equal shares per node, in each
        node's order, so that no node delays another by more than one batch. Needs the lock."""
        if len(self._inside) <= BATCH:
            batch = list(self._inside)
            self._inside.clear()
            return batch
        turns: dict[str, deque[ReceivedMessage]] = {}
        for arrival in self._inside:
            turns.setdefault(node_of(arrival.topic), deque()).append(arrival)
        taken: list[ReceivedMessage] = []
        while len(taken) < BATCH:
            share = max(1, (BATCH - len(taken)) // len(turns))
            for node, said in list(turns.items()):
                taken += [said.popleft() for _ in range(min(share, len(said), BATCH - len(taken)))]
                if not said:
                    del turns[node]
        left = {id(arrival) for said in turns.values() for arrival in said}
        self._inside = deque(arrival for arrival in self._inside if id(arrival) in left)
        return taken

    def pull(self, is_wanted: Callable[[ReceivedMessage], bool]) -> list[ReceivedMessage]:
        """Take out all messages that are wanted, in their order; does not wait."""
        with self._lock:
            pulled = [arrival for arrival in self._inside if is_wanted(arrival)]
            if pulled:
                left = (arrival for arrival in self._inside if not is_wanted(arrival))
                self._inside = deque(left)
                self._room.notify_all()
        return pulled

    def close(self) -> None:
        """Release all waiting threads; messages inside are unacknowledged and come again."""
        with self._lock:
            self._is_closed = True
            self._room.notify_all()
            self._arrived.notify_all()

    def _await(self, how_many: int, wait_s: float) -> None:
        """Wait for this many messages, closing, or the end of the time. Needs the lock."""
        self._wanted = how_many
        self._arrived.wait_for(lambda: self._is_closed or len(self._inside) >= how_many, wait_s)


def node_of(topic: str) -> str:
    """Node name in the topic, known or not; empty if there is none."""
    parts = topic.split("/", 2)
    return parts[1] if len(parts) == 3 else ""
