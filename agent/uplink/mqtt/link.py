"""Connection to the hub: connects, talks, reconnects."""

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from agent.journal import Journal
from agent.uplink.backoff import Backoff
from agent.uplink.live.leases import LiveLeases
from agent.uplink.mqtt import errors
from agent.uplink.mqtt.conversation import BEAT_S, Conversation, LinkPolicy, LinkState, NodeIdentity
from agent.uplink.mqtt.errors import HungUp, TakenOver, Trouble
from agent.uplink.mqtt.inbound import LinkCounts
from agent.uplink.mqtt.latest_health import LatestHealth
from agent.uplink.mqtt.ports import DiagnosisPort, ExplanationPort, ReleasePort, SettingsPort
from agent.uplink.mqtt.session import BrokerAddress, Inbox, Session
from agent.uplink.outbox import Outbox, OutboxPolicy
from agent.uplink.tokens import Tokens
from agent.wire import topics
from agent.wire.codec import encode
from agent.wire.ident import uuid7
from agent.wire.presence import Death

log = structlog.get_logger()

_dice: Final = random.SystemRandom()


class Link:
    """One thread keeps the connection; other threads only wake it."""

    def __init__(  # noqa: PLR0913 - all that it carries, each by its name
        self,
        identity: NodeIdentity,
        address: BrokerAddress,
        *further: BrokerAddress,
        journal: Journal,
        tokens: Tokens,
        policy: LinkPolicy,
        outbox: OutboxPolicy,
        latest: LatestHealth | None = None,
        leases: LiveLeases | None = None,
        draw: Callable[[float, float], float] = _dice.uniform,
    ) -> None:
        """A node goes to the next of these brokers when it loses one. `draw` returns a uniform
        random number between two, for the wait before each attempt."""
        self._identity = identity
        self._addresses = (address, *further)
        self._at = 0
        self._lost = 0
        """Brokers lost, or not reached, since the last one that was."""
        self._policy = policy
        self.counts = LinkCounts()
        self._state = LinkState(
            journal=journal,
            tokens=tokens,
            latest=latest or LatestHealth(),
            leases=leases or LiveLeases(()),
            outbox=Outbox(outbox),
            policy=policy,
            counts=self.counts,
        )
        self._inbox = Inbox()
        self._draw = draw
        self._backoff = Backoff(policy.retry_base_s, policy.retry_cap_s, draw=draw)
        self._last_trouble = ""
        self._up_s = float("inf")
        journal.listen(self.wake)
        tokens.on_wish(self.wake)
        self._state.latest.on_news(self.wake)

    def wake(self) -> None:
        """There is work; for any thread."""
        self._inbox.wake()

    def answer_for(self, settings: SettingsPort) -> None:
        """Accept settings from the hub and report them; call before `run`."""
        self._state = replace(self._state, settings=settings)

    def diagnose_by(self, diagnosis: DiagnosisPort) -> None:
        """Use this port for requested diagnosis files; call before `run`."""
        self._state = replace(self._state, diagnosis=diagnosis)

    def explain_by(self, explanation: ExplanationPort) -> None:
        """Use this port for requested explanations; call before `run`."""
        self._state = replace(self._state, explanation=explanation)

    def renew_by(self, programs: ReleasePort) -> None:
        """Use this port for desired releases; call before `run`."""
        self._state = replace(self._state, programs=programs)

    def up_for_s(self) -> float:
        """Seconds since the connection was made; negative while there is none. For any thread."""
        return time.monotonic() - self._up_s

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Keep the connection until stopped, then say goodbye."""
        while not stop.is_set():
            try:
                self._connect_and_talk(stop, beat)
            except TakenOver as why:
                self.counts.taken_over += 1
                self._report(why)
                policy = self._policy
                wait_s = self._draw(policy.step_back_low_s, policy.step_back_high_s)
            except Trouble as why:
                self._report(why)
                wait_s = self._go_on_after(why)
            else:
                return  # asked to stop, and said goodbye
            self._wait(wait_s, stop, beat)

    @property
    def _address(self) -> BrokerAddress:
        return self._addresses[self._at]

    def _go_on_after(self, why: Trouble) -> float:
        """Choose the next broker; returns the seconds until it is tried. Only when all of them
        failed in turn are the waits longer and longer."""
        self._at = (self._at + 1) % len(self._addresses)
        self._lost += 1
        if self._lost < len(self._addresses):
            return self._draw(0.0, self._policy.next_broker_s)
        self._lost = 0
        if isinstance(why, HungUp):
            self._backoff.widen(self._policy.after_hang_up_s)
        return self._backoff.next_s()

    def _connect_and_talk(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        beat()
        birth_id = uuid7(self._identity.now().utc_us, os.urandom(10))
        self._inbox = Inbox()  # messages of the previous connection are void
        session = Session(
            self._address,
            client_id=self._identity.node,
            inbox=self._inbox,
            keepalive_s=self._policy.keepalive_s,
            connect_timeout_s=self._policy.answer_s,
        )
        will = Death(node=self._identity.node, birth_id=birth_id)
        session.leave_will(topics.address(topics.STATUS, self._identity.node), encode(will))
        talk = Conversation(
            self._identity,
            session,
            self._inbox,
            birth_id=birth_id,
            address=self._address,
            state=self._state,
        )
        try:
            session.begin()
        except OSError as error:
            raise errors.unreachable(error, self._address) from error
        try:
            talk.enter(beat)
            self._report_up()
            while not stop.is_set():
                talk.go_on(beat)
            talk.say_goodbye()
        finally:
            session.end()

    def _wait(self, wait_s: float, stop: threading.Event, beat: Callable[[], None]) -> None:
        until_s = time.monotonic() + wait_s
        while not stop.is_set() and (left_s := until_s - time.monotonic()) > 0:
            beat()
            stop.wait(min(BEAT_S, left_s))

    def _report_up(self) -> None:
        self._up_s = time.monotonic()
        self._last_trouble = ""
        self._lost = 0
        log.info("link_up", broker=f"{self._address.host}:{self._address.port}")

    def _report(self, why: Trouble) -> None:
        """Log each trouble once, however often it repeats."""
        # Only a connection that lasted for a while resets the backoff.
        if time.monotonic() - self._up_s > self._policy.keepalive_s:
            self._backoff.reset()
        self._up_s = float("inf")
        if (line := str(why)) != self._last_trouble:
            self._last_trouble = line
            log.error("link_trouble", trouble=line)
