"""Encoding and decoding of messages, by version; every fault is a WireError."""

import json
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from agent.wire.answers import Command, Missing, Receipt, RefusalReason, TokenWanted, UploadToken
from agent.wire.messages import Event
from agent.wire.presence import Birth, Death, Health, HubStatus, Status
from agent.wire.programs import ProgramsReport
from agent.wire.settings import SettingsReport
from agent.wire.terms import VERSION

MAX_BYTES: Final = 64 * 1024
"""Largest message: pictures are sent over HTTPS. The broker has the same limit."""

M = TypeVar("M", bound=BaseModel)

_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Event)
_STATUS: Final[TypeAdapter[Birth | Death]] = TypeAdapter(Status)
_REQUEST: Final[TypeAdapter[TokenWanted]] = TypeAdapter(TokenWanted)
_RECEIPT: Final[TypeAdapter[Receipt]] = TypeAdapter(Receipt)
_TOKEN: Final[TypeAdapter[UploadToken]] = TypeAdapter(UploadToken)
_HEALTH: Final[TypeAdapter[Health]] = TypeAdapter(Health)
_PRESENCE: Final[TypeAdapter[HubStatus]] = TypeAdapter(HubStatus)
_SETTINGS: Final[TypeAdapter[SettingsReport]] = TypeAdapter(SettingsReport)
_PROGRAMS: Final[TypeAdapter[ProgramsReport]] = TypeAdapter(ProgramsReport)
_MISSING: Final[TypeAdapter[Missing]] = TypeAdapter(Missing)
_COMMAND: Final[TypeAdapter[Command]] = TypeAdapter(Command)

ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {
    "event": _EVENT,
    "status": _STATUS,
    "request": _REQUEST,
    "health": _HEALTH,
    "presence": _PRESENCE,
    "settings": _SETTINGS,
    "programs": _PROGRAMS,
    "receipt": _RECEIPT,
    "token": _TOKEN,
    "missing": _MISSING,
    "command": _COMMAND,
}
"""Reader of each message name in the topic table; the published schema is built from these."""


class WireError(Exception):
    """The bytes are not a valid message; has the reason and, if known, node and event."""

    def __init__(self, reason: RefusalReason, detail: str, event_id: UUID | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail[:500]
        self.event_id = event_id


def encode(message: BaseModel) -> bytes:
    """Encode as compact UTF-8 JSON; WireError above `MAX_BYTES`."""
    payload = message.model_dump_json().encode()
    if len(payload) > MAX_BYTES:
        raise WireError(RefusalReason.OVERSIZE, f"{len(payload)} bytes, at most {MAX_BYTES} go")
    return payload


def _decode(adapter: TypeAdapter[M], payload: bytes) -> M:
    if len(payload) > MAX_BYTES:
        raise WireError(
            RefusalReason.OVERSIZE, f"{len(payload)} bytes, at most {MAX_BYTES} are read"
        )
    try:
        message = adapter.validate_json(payload, strict=False)
    except ValidationError as error:
        raise _fault(payload, error) from error
    if "v" not in message.model_fields_set:  # the default is for writers, not for readers
        raise _fault(payload, None)
    return message


def _fault(payload: bytes, error: ValidationError | None) -> WireError:
    """Fault of invalid bytes. `error` is left out if they state no version; only bad messages pay
    for this second look."""
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError) as no_json:
        return WireError(RefusalReason.MALFORMED, f"not JSON: {no_json}")
    if not isinstance(raw, dict):
        return WireError(RefusalReason.MALFORMED, f"a {type(raw).__name__} where an object is due")
    event_id = _event_id(raw)
    if error is None or raw.get("v") != VERSION:
        detail = f"version {raw.get('v')!r}, this side reads {VERSION}"
        return WireError(RefusalReason.WRONG_VERSION, detail, event_id)
    return WireError(RefusalReason.MALFORMED, _first_fault(error), event_id)


def _event_id(raw: dict[str, Any]) -> UUID | None:
    try:
        return UUID(raw["event_id"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or "message"
    return f"{place}: {fault['msg']}"


# One decoder for each kind of message, from its bytes. WireError for bytes that are none; it has
# the event id if that can be read.
decode_event: Final = partial(_decode, _EVENT)
decode_status: Final = partial(_decode, _STATUS)
decode_request: Final = partial(_decode, _REQUEST)
decode_health: Final = partial(_decode, _HEALTH)
decode_presence: Final = partial(_decode, _PRESENCE)
decode_receipt: Final = partial(_decode, _RECEIPT)
decode_token: Final = partial(_decode, _TOKEN)
decode_settings: Final = partial(_decode, _SETTINGS)
decode_programs: Final = partial(_decode, _PROGRAMS)
decode_missing: Final = partial(_decode, _MISSING)
decode_command: Final = partial(_decode, _COMMAND)
