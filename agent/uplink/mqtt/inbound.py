"""Handles messages of the hub to this node: receipts, refusals, tokens, requests and commands."""

import time
from dataclasses import dataclass
from uuid import UUID

import structlog

from agent.journal import Journal, JournalCorrupt, JournalError
from agent.uplink.live.leases import LiveLeases
from agent.uplink.mqtt.hub_presence import HubSeen, HubState, after, is_back
from agent.uplink.mqtt.ports import DiagnosisPort, ExplanationPort, ReleasePort, SettingsPort
from agent.uplink.outbox import Outbox
from agent.uplink.tokens import Tokens
from agent.wire import topics
from agent.wire.answers import (
    BringMedia,
    BringSpan,
    Command,
    HoldFootage,
    ReleaseFootage,
    SendDiagnosis,
    SendExplanation,
    ShowLive,
)
from agent.wire.codec import (
    WireError,
    decode_command,
    decode_missing,
    decode_presence,
    decode_receipt,
    decode_token,
)
from agent.wire.programs import TakePrograms
from agent.wire.settings import Configure
from agent.wire.topics import Topic

log = structlog.get_logger()


@dataclass(slots=True)
class LinkCounts:
    """Counters of the connection since the agent started."""

    connections: int = 0
    taken_over: int = 0
    """Another client with this node's certificate took over the connection."""
    sent: int = 0
    resent: int = 0
    receipted: int = 0
    refused: int = 0
    asked_again: int = 0
    """Events that the hub lost and requested."""
    strange: int = 0
    """Invalid messages to this node, ignored."""


class Inbound:
    """Passes each message to its receiver; used by the link's thread only."""

    def __init__(  # noqa: PLR0913 - all to whom it takes something, each by its name
        self,
        node: str,
        *,
        journal: Journal,
        outbox: Outbox,
        tokens: Tokens,
        leases: LiveLeases,
        counts: LinkCounts,
        settings: SettingsPort | None = None,
        diagnosis: DiagnosisPort | None = None,
        programs: ReleasePort | None = None,
        explanation: ExplanationPort | None = None,
    ) -> None:
        """Without the last four (a node that plays once) such messages are ignored."""
        self._node = node
        self._journal = journal
        self._outbox = outbox
        self._tokens = tokens
        self._leases = leases
        self._counts = counts
        self._settings = settings
        self._diagnosis = diagnosis
        self._programs = programs
        self._explanation = explanation
        self.hub_seen = HubSeen()

    def receive(self, topic: str, payload: bytes) -> None:
        """Handle one message; an invalid one is counted and ignored. Raises JournalCorrupt."""
        node, place = topics.split(topic) or (None, None)
        is_of_hub = topic == topics.HUB_PRESENCE
        if place is None or (node != self._node and not is_of_hub):
            self._strange(topic, "no topic of ours")
            return
        try:
            self._take(place, payload)
        except WireError as error:
            self._strange(topic, str(error))

    def set_aside(self, event_id: UUID, *, reason: str, detail: str) -> None:
        """Set aside an event that the hub will never accept."""
        try:
            is_news = self._journal.refuse(event_id, reason=reason, detail=detail)
        except JournalCorrupt:
            raise
        except JournalError as error:
            # It stays in the queue and is sent again; the hub refuses it again.
            log.error("refusal_unwritten", reason=error.sentence, cure=error.cure)
            return
        if is_news:
            self._counts.refused += 1
            log.warning("event_refused", event_id=str(event_id), reason=reason, detail=detail)
        self._outbox.answered([event_id])

    def _take(self, place: Topic, payload: bytes) -> None:
        match place:
            case topics.RECEIPT:
                self._take_receipt(payload)
            case topics.TOKEN:
                self._tokens.put(decode_token(payload), time.monotonic())
            case topics.MISSING:
                self._say_again(payload)
            case topics.PRESENCE:
                self._see_hub(payload)
            case topics.COMMAND:
                self._obey(payload)
            case _:
                self._strange(place.path, "not said by a hub")

    def _see_hub(self, payload: bytes) -> None:
        """The hub goes offline or online; when it is back, unreceipted events are sent at once."""
        before, self.hub_seen = self.hub_seen, after(self.hub_seen, decode_presence(payload))
        if self.hub_seen.hub is HubState.AWAY and before.hub is not HubState.AWAY:
            log.warning("hub_away", cure="start matthan-hub; until then everything is kept here")
        if is_back(before, self.hub_seen):
            log.info("hub_back")
            self._outbox.reconnected()

    def _take_receipt(self, payload: bytes) -> None:
        """Delete what the hub has: only now, and only events of this spool."""
        receipt = decode_receipt(payload)
        if not self._is_ours("receipt", receipt.spool_id):
            return
        try:
            fresh = self._journal.receipt(receipt.stored, alerted=receipt.alerted)
        except JournalCorrupt:
            raise
        except JournalError as error:
            # The events stay in the queue and are sent again; the hub receipts them again.
            log.error("receipt_unwritten", reason=error.sentence, cure=error.cure)
            return
        self._counts.receipted += len(fresh)
        self._outbox.answered(receipt.stored)
        for refusal in receipt.refused:
            self.set_aside(refusal.event_id, reason=refusal.reason, detail=refusal.detail)

    def _say_again(self, payload: bytes) -> None:
        """The hub lacks something that is here, or that must be reported as gone."""
        missing = decode_missing(payload)
        if not self._is_ours("missing", missing.spool_id):
            return
        try:
            found = self._journal.say_again(missing.ranges, missing.media)
        except JournalCorrupt:
            raise
        except JournalError as error:
            # The hub asks again.
            log.error("request_unwritten", reason=error.sentence, cure=error.cure)
            return
        self._counts.asked_again += len(found.again)
        if found.beyond:
            self._strange("missing", f"{found.beyond} numbers that were never given")
        log.info("hub_lacks_events", again=len(found.again), gone=dict(found.gone))

    def _obey(self, payload: bytes) -> None:
        """Carry out a command; its result is an event."""
        command = decode_command(payload)
        if isinstance(command.body, ShowLive):  # every few seconds, and not stored
            if not self._leases.ask(command.body, time.monotonic()):
                self._strange("command", f"no camera {command.body.camera} to show")
            return
        try:
            self._carry_out(command)
        except JournalCorrupt:
            raise
        except JournalError as error:
            # The hub sends it again.
            log.error("command_unwritten", reason=error.sentence, cure=error.cure)
            return
        log.info("command_carried_out", what=command.body.kind)

    def _carry_out(self, command: Command) -> None:
        match command.body:
            case BringMedia(sha256s=sha256s):
                self._journal.bring(command.command_id, sha256s)
            case BringSpan() as span:
                self._journal.want_span(command.command_id, span)
            case HoldFootage() as wanted:
                self._journal.hold(command.command_id, wanted)
            case ReleaseFootage(hold_id=hold_id):
                self._journal.release(command.command_id, hold_id)
            case _:
                self._pass_on(command)

    def _pass_on(self, command: Command) -> None:
        """Pass on commands that concern the whole node."""
        match command.body:
            case Configure() as wanted if self._settings is not None:
                self._settings.receive(wanted)
            case TakePrograms() as programs if self._programs is not None:
                self._programs.receive(programs)
            case SendDiagnosis() if self._diagnosis is not None:
                self._diagnosis.ask(command.command_id)
            case SendExplanation() as wish if self._explanation is not None:
                self._explanation.ask(command.command_id, wish)
            case _:
                pass

    def _is_ours(self, what: str, spool_id: UUID) -> bool:
        if spool_id == self._journal.spool_id:
            return True
        self._strange(what, f"for the spool {spool_id}, which is not ours")
        return False

    def _strange(self, topic: str, why: str) -> None:
        self._counts.strange += 1
        log.warning("strange_message", topic=topic, why=why)
