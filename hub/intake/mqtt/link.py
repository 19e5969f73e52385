"""Link to the broker: connects, listens, and connects again."""

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from hub.base.backoff import Backoff
from hub.intake.mqtt.connection import LOOK_S, Connection, Ended
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.mqtt.other_hub import NEW_S, away_s
from hub.intake.mqtt.probe import BrokerAddress, BrokerRefusedError, papers_of, probe
from hub.intake.replies import Reply
from hub.nodes.pki.authority import HUB_NAME

log = structlog.get_logger()

BROKER_S: Final = 2.0
"""The longest wait for a broker that is away: what nodes say there meanwhile waits too, and a hub
has few processes. Who fights with another hub for a name waits longer."""


class Link:
    """Keeps a connection open as long as the hub runs."""

    def __init__(
        self,
        address: BrokerAddress,
        *,
        take: Callable[[ReceivedMessage], object],
        backoff: Backoff | None = None,
        is_ours: Callable[[], bool | None] = lambda: True,
        hub_id: bytes | None = None,
        name: Callable[[], str] = lambda: HUB_NAME,
    ) -> None:
        """`is_ours`: false while this process has no name at the broker, because others have all
        of them; None while that is not known: then no connection is begun, and none is ended. For a
        second connection with one name the broker would end the first. `name`: which one it has.
        `hub_id` tells hubs with different databases apart."""
        self._address = address
        self._take = take
        self._backoff = backoff or Backoff()
        self._is_ours = is_ours
        self._name = name
        self._hub_id = hub_id
        self._asks = hub_id is not None
        """Whether the next connection asks if another hub was here last: not once it has heard."""
        self._connection: Connection | None = None
        self._last_said = ""
        self._gave_way = 0
        """Times in a row that it gave way to another hub."""
        self.tries = 0
        """Number of connection attempts."""

    @property
    def is_listening(self) -> bool:
        """True while messages of nodes can arrive."""
        connection = self._connection
        return connection is not None and connection.is_listening

    def run(self, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Connect again and again until `stop` is set; stand by while it may not listen."""
        while not stop.is_set():
            beat()
            if not self._is_ours():
                stop.wait(LOOK_S)
                continue
            self.tries += 1
            ended = self._live(stop, beat)
            if stop.is_set():
                return
            if ended.stands_by:
                log.info("intake.stands_by", meaning="other processes have the intake now")
                continue
            self._tell(ended)
            if ended.for_another_hub:
                self._asks = True  # it may have heard for a moment
                self._stay_away(stop, beat)
                continue
            if ended.was_up:
                self._asks, self._gave_way = False, 0
            if ended.was_up and (not ended.is_taken_over or ended.lasted_s > NEW_S):
                self._backoff.succeed()
            wait_s = self._backoff.fail()
            stop.wait(wait_s if ended.is_taken_over else min(wait_s, BROKER_S))

    def _stay_away(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        until_s = time.monotonic() + away_s(self._gave_way)
        self._gave_way += 1
        while time.monotonic() < until_s and not stop.wait(1):
            beat()

    def _live(self, stop: threading.Event, beat: Callable[[], None]) -> Ended:
        """One connection; the certificate is read again each time, so a renewed one is used
        next."""
        name = self._name()

        def is_ours() -> bool | None:
            return self._is_ours() if self._name() == name else False

        try:
            self._connection = Connection(
                papers_of(self._address, name),
                self._take,
                name=name,
                hub_id=self._hub_id,
                asks=self._asks,
            )
        except BrokerRefusedError as refusal:
            return Ended(was_up=False, reason=refusal.reason, cure=refusal.cure)
        return self._connection.live(stop, beat, is_ours)

    def publish(self, reply: Reply) -> bool:
        """Send if connected; False if not, and nothing was sent."""
        connection = self._connection
        if connection is None or not connection.is_listening:
            return False
        connection.publish(reply)
        return True

    def hear_births(self) -> None:
        """Request every node's birth again if connected."""
        connection = self._connection
        if connection is not None and connection.is_listening:
            connection.hear_births()

    def _tell(self, ended: Ended) -> None:
        """Log each new reason once."""
        if ended.is_taken_over and self._is_ours() is not True:
            # Not another hub: after a restart of PostgreSQL the first to ask has the intake.
            log.info("intake.stands_by", meaning="another process has the intake now")
            return
        reason, cure = ended.reason, ended.cure
        if not ended.was_up and not cure:
            # paho only reports a failure; a plain TLS handshake gives the reason.
            try:
                probe(papers_of(self._address, self._name()))
            except BrokerRefusedError as refusal:
                reason, cure = refusal.reason, refusal.cure
        if ended.was_up or reason != self._last_said:
            log.warning("broker.unreachable", reason=reason, cure=cure or None)
        self._last_said = reason
