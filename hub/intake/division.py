"""Divides the messages among the processes with the role `intake`.

The broker sends every message to each of them. Each process files the messages of its own shards,
and only it sends the receipt. It keeps events and births of other shards for a minute, because it
may take these shards over.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from hub.intake.filing.batch import DATABASE_FAULTS
from hub.intake.kept_events import KeptEvents
from hub.intake.mqtt.inbox import BATCH, ReceivedMessage, ReceiveQueue, node_of
from hub.intake.rules.sharding import shard_of
from hub.intake.shards import Shards

log = structlog.get_logger(__name__)

LOOK_S: Final = 0.5
"""Interval between two looks at who holds which shard."""

Commit = Callable[[list[ReceivedMessage]], bool]
"""Files and answers messages; False at the end of the process."""


class Division:
    """Division of this process; for the writer's thread."""

    def __init__(
        self,
        shards: Shards,
        queue: ReceiveQueue,
        *,
        commit: Commit,
        taken: Callable[[], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`taken` is called before messages of shards are filed that another process had."""
        self._shards = shards
        self._queue = queue
        self._commit = commit
        self._taken = taken
        self._now_s = now_s
        self._kept = KeptEvents()
        self._looked_s = float("-inf")
        self._can_look = True

    @property
    def counts(self) -> dict[str, int]:
        """Counters since the start: messages of other processes' nodes that were not kept, for lack
        of room."""
        return {"unkept": self._kept.crowded_out}

    def own(self, came: list[ReceivedMessage]) -> list[ReceivedMessage]:
        """The messages among these to file here. The others are acknowledged: the broker has sent
        them to their process too."""
        mine: list[ReceivedMessage] = []
        for arrival in came:
            if self._shards.holds(node_of(arrival.topic)):
                mine.append(arrival)
            else:
                arrival.acknowledge()
                self._kept.keep(arrival)
        return mine

    def look(self) -> bool:
        """Take and give up shards, at intervals; False at the end of the process."""
        if self._now_s() - self._looked_s < LOOK_S:
            return True
        self._looked_s = self._now_s()
        try:
            moves = self._shards.look()
            if moves.take:
                self._taken()
            goes_on = self._file(self._kept.pull(moves.take)) and self._give(moves.give)
        except DATABASE_FAULTS as error:
            if self._can_look:  # logged once per outage
                log.error("shards.blind", error=str(error).splitlines()[0])
            self._can_look = False
            return True
        self._can_look = True
        return goes_on

    def lost(self, batch: list[ReceivedMessage]) -> None:
        """Another process has taken a shard of this batch, which was rolled back. Look again at
        once; messages of shards that are still held here are filed then."""
        self._shards.forget()
        self.own(batch)
        self._looked_s = float("-inf")

    def give_all(self) -> None:
        """Give up all shards at the end, so that other processes take them at once."""
        try:
            self._shards.give(self._shards.held)
        except DATABASE_FAULTS:
            return  # this process is no member any more

    def _give(self, shards: Sequence[int]) -> bool:
        """File the messages that have arrived, then give the shards away. The next owner may have
        subscribed after these messages, and does not get them."""
        late = self._queue.pull(lambda one: shard_of(node_of(one.topic)) in shards)
        if not self._file(late):
            return False
        self._shards.give(shards)
        return True

    def _file(self, messages: list[ReceivedMessage]) -> bool:
        for start in range(0, len(messages), BATCH):
            batch = self.own(messages[start : start + BATCH])
            if batch and not self._commit(batch):
                return False
        return True
