"""Helpers of the tests of batches, used by more than one module."""

from agent.wire import topics
from agent.wire.codec import encode
from agent.wire.messages import Event
from hub.intake.filing.batch import BatchFiler
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.presence import PresenceRecorder
from tests.hub.rigs.intake_rig import tokens
from tests.hub.rigs.streets import Streets


def arrival(event: Event) -> ReceivedMessage:
    return ReceivedMessage(topics.address(topics.EVENT, event.node), encode(event), lambda: None)


def filer_of(streets: Streets) -> BatchFiler:
    return BatchFiler(streets.filing, PresenceRecorder(tokens()))
