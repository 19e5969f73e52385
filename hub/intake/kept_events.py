"""Events and births of nodes whose shard another process holds, kept for a minute.

That process may end before it files them. The process that takes the shard has received them too,
and files them before any later ones: so each node's order is kept, and nothing waits until the node
sends again. Filing a message a second time changes nothing.
"""

import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from agent.wire import topics
from hub.intake.mqtt.inbox import ReceivedMessage, node_of
from hub.intake.rules.sharding import shard_of

FOR_S: Final = 60.0
"""A shard has a new holder long before. What is older may be removed from the database already."""
MOST_BYTES: Final = 32 * 1024 * 1024
"""The newest are kept. Earlier ones are repeated by their nodes, if they must."""


class KeptEvents:
    """Kept messages; for one thread. Reports are not kept: the broker retains the last of each."""

    def __init__(
        self, *, most_bytes: int = MOST_BYTES, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._most_bytes = most_bytes
        self._now_s = now_s
        self._inside: deque[tuple[float, ReceivedMessage]] = deque()
        self._bytes = 0
        self.crowded_out = 0
        """Messages dropped before their time, for lack of room."""

    def keep(self, message: ReceivedMessage) -> None:
        """Keep a message if it is an event, or the birth or will of a node, because an event is
        filed after the birth that named its camera. A kept birth counts as one that the broker
        repeats."""
        if message.topic.endswith(topics.STATUS.path):
            message = replace(message, is_repeat=True)
        if message.topic.endswith((topics.EVENT.path, topics.STATUS.path)):
            self._inside.append((self._now_s(), message))
            self._bytes += len(message.payload)
            self._drop_old()

    def pull(self, shards: Collection[int]) -> list[ReceivedMessage]:
        """Take out the messages of these shards, the oldest first."""
        self._drop_old()
        pulled, left = [], deque[tuple[float, ReceivedMessage]]()
        for since_s, message in self._inside:
            if shard_of(node_of(message.topic)) in shards:
                pulled.append(message)
                self._bytes -= len(message.payload)
            else:
                left.append((since_s, message))
        self._inside = left
        return pulled

    def _drop_old(self) -> None:
        oldest_s = self._now_s() - FOR_S
        while self._inside and (self._inside[0][0] < oldest_s or self._bytes > self._most_bytes):
            since_s, message = self._inside.popleft()
            self._bytes -= len(message.payload)
            self.crowded_out += since_s >= oldest_s
