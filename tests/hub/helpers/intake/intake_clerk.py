"""Helpers of the tests of intake clerk, used by more than one module."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from agent.wire import topics
from agent.wire.answers import TokenWanted
from agent.wire.codec import encode
from agent.wire.messages import Event
from hub.base.moment import Moment
from hub.intake.filing.filing import Filed
from hub.intake.mqtt.inbox import ReceivedMessage


class Noted:
    """Files by noting; breaks on the numbers it is told to break on."""

    def __init__(self, breaks: dict[int, Callable[[Connection], object]] | None = None) -> None:
        self.breaks = breaks or {}
        self.seqs: list[int] = []

    def looking_once(self, *_: object, **__: object) -> AbstractContextManager[None]:
        """It needs to know nothing."""
        return nullcontext()

    def file_event(self, conn: Connection, event: Event, *, now: Moment) -> Filed:
        """Note it, or break."""
        if event.seq in self.breaks:
            self.breaks[event.seq](conn)
        self.seqs.append(event.seq)
        return Filed(event.event_id, is_stored=True)


def arrival(message: Any, node: str | None = None) -> ReceivedMessage:
    known: dict[type, topics.Topic] = {Event: topics.EVENT, TokenWanted: topics.REQUEST}
    topic = known.get(type(message), topics.STATUS)
    return ReceivedMessage(
        topics.address(topic, node or message.node), encode(message), lambda: None
    )


def lost_database(_conn: Connection) -> None:
    raise OperationalError("INSERT", {}, OSError("disk full"))
