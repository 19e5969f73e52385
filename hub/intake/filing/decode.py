"""Decodes a message: topic and bytes in; a node's message, or the fault, out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from agent.wire import topics
from agent.wire.answers import RefusalReason, TokenWanted
from agent.wire.codec import (
    WireError,
    decode_event,
    decode_health,
    decode_programs,
    decode_request,
    decode_settings,
    decode_status,
)
from agent.wire.messages import Event
from agent.wire.presence import Birth, Death, Health
from agent.wire.programs import ProgramsReport
from agent.wire.settings import SettingsReport

Message = Event | Birth | Death | Health | SettingsReport | ProgramsReport | TokenWanted

_READERS: Final[dict[topics.Topic, Callable[[bytes], Message]]] = {
    topics.EVENT: decode_event,
    topics.STATUS: decode_status,
    topics.REQUEST: decode_request,
    topics.HEALTH: decode_health,
    topics.SETTINGS: decode_settings,
    topics.PROGRAMS: decode_programs,
}

_LOOKED_INTO_BYTES: Final = 256 * 1024
"""Bad messages up to this size are searched for their id; the broker accepts no larger ones."""


@dataclass(frozen=True, slots=True)
class DecodedMessage:
    """A message of a node on its own topic."""

    node: str
    message: Message
    is_repeat: bool = False
    """True if the broker repeated a retained message."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An invalid message: the fault, and the node and id for the refusal if known."""

    node: str | None
    reason: RefusalReason
    detail: str
    event_id: UUID | None = None
    spool_id: UUID | None = None


def read(
    topic: str, payload: bytes, *, is_repeat: bool = False
) -> DecodedMessage | Unreadable | None:
    """The message; None for an empty one (a cleared retained status)."""
    place = topics.split(topic)
    if place is None:
        return Unreadable(None, RefusalReason.MALFORMED, "a topic that is not in the table")
    node, kind = place
    if kind.is_retained and not payload:
        return None
    reader = _READERS.get(kind)
    if reader is None:
        return Unreadable(node, RefusalReason.MALFORMED, f"{kind.path} is not for the hub to hear")
    try:
        message = reader(payload)
    except WireError as error:
        return _unreadable(node, error.reason, error.detail, payload=payload)
    if message.node != node:
        detail = f"node {message.node!r} spoken for on the topic of {node!r}"
        return _unreadable(node, RefusalReason.WRONG_NODE, detail, payload=payload)
    return DecodedMessage(node, message, is_repeat)


def _unreadable(node: str, reason: RefusalReason, detail: str, *, payload: bytes) -> Unreadable:
    raw = _raw(payload)
    event_id, spool_id = _id(raw, "event_id"), _id(raw, "spool_id")
    return Unreadable(node, reason, detail, event_id=event_id, spool_id=spool_id)


def _raw(payload: bytes) -> dict[str, Any]:
    if len(payload) > _LOOKED_INTO_BYTES:
        return {}
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _id(raw: dict[str, Any], name: str) -> UUID | None:
    try:
        return UUID(raw[name])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
