"""Test login at the broker: connect, subscribe to the node's own topics, disconnect."""

import time
from contextlib import suppress
from typing import Final

from agent.uplink.mqtt import errors
from agent.uplink.mqtt.session import (
    Acknowledged,
    BrokerAddress,
    Connected,
    ConnectRefused,
    Disconnected,
    Inbox,
    MessageReceived,
    Session,
    Subscribed,
)
from agent.wire import topics
from agent.wire.answers import TokenWanted, UploadToken
from agent.wire.codec import WireError, decode_token, encode

ANSWER_S: Final = 10.0
HUB_S: Final = 5.0


class Login:
    """One attempt. It requests an upload token, which the hub may answer."""

    def __init__(self, address: BrokerAddress, node: str) -> None:
        self._address = address
        self._node = node
        self._inbox = Inbox()

    def attempt(self) -> UploadToken | None:
        """The upload token that the hub sent, None without one; raises Trouble if the broker is
        unusable."""
        session = Session(
            self._address,
            client_id=self._node,
            inbox=self._inbox,
            keepalive_s=15,
            connect_timeout_s=ANSWER_S,
        )
        try:
            session.begin()
        except OSError as error:
            raise errors.unreachable(error, self._address) from error
        try:
            self._walk_in(session)
            return self._hear_hub()
        finally:
            session.end()

    def _walk_in(self, session: Session) -> None:
        deadline_s = time.monotonic() + ANSWER_S
        while (left_s := deadline_s - time.monotonic()) > 0:
            match self._inbox.take(left_s):
                case Connected():
                    session.subscribe(topics.every_down(self._node))
                case Subscribed(None):
                    topic = topics.REQUEST
                    words = encode(TokenWanted(node=self._node))
                    session.publish(
                        topics.address(topic, self._node), words, qos=topic.qos, retain=False
                    )
                case Acknowledged(_, None):
                    return
                case Subscribed(reason) | Acknowledged(_, reason):
                    where = topics.address(topics.REQUEST, self._node)
                    raise errors.not_passed_on(str(reason), node=self._node, topic=where)
                case ConnectRefused(reason):
                    raise errors.refused(reason, node=self._node, address=self._address)
                case Disconnected(reason):
                    utc_us = time.time_ns() // 1000
                    raise errors.closed_early(reason, address=self._address, utc_us=utc_us)
                case _:
                    pass
        raise errors.silent(ANSWER_S, self._address)

    def _hear_hub(self) -> UploadToken | None:
        deadline_s = time.monotonic() + HUB_S
        while (left_s := deadline_s - time.monotonic()) > 0:
            match self._inbox.take(left_s):
                case MessageReceived(_, payload):
                    with suppress(WireError):
                        return decode_token(payload)
                case Disconnected():
                    return None
                case _:
                    pass
        return None
