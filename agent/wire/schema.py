"""AsyncAPI 3.0 document of the wire, generated from the topic table and the message types."""

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from agent.wire.answers import Command, Missing, Receipt, TokenWanted, UploadToken
from agent.wire.codec import ADAPTERS, MAX_BYTES
from agent.wire.messages import Event
from agent.wire.presence import Birth, Death, Health, HubStatus
from agent.wire.programs import ProgramsReport
from agent.wire.settings import SettingsReport
from agent.wire.terms import VERSION
from agent.wire.topics import HUB_PRESENCE, PRESENCE, ROOT, TOPICS, Topic

_REF: Final = "#/components/schemas/{model}"
_SPOKEN: Final = {
    "event": (Event,),
    "status": (Birth, Death),
    "request": (TokenWanted,),
    "health": (Health,),
    "presence": (HubStatus,),
    "settings": (SettingsReport,),
    "programs": (ProgramsReport,),
    "receipt": (Receipt,),
    "token": (UploadToken,),
    "missing": (Missing,),
    "command": (Command,),
}
"""Classes of each message name in the topic table."""


def asyncapi() -> dict[str, Any]:
    """The document: channels, directions, and the JSON schema of every message."""
    if _SPOKEN.keys() != ADAPTERS.keys():
        raise LookupError("the schema and the codec know different messages")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Mắt Thần: nodes and hub",
            "version": str(VERSION),
            "description": f"MQTT 5 over mutual TLS; JSON in UTF-8, at most {MAX_BYTES} bytes.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.message: _channel(topic) for topic in TOPICS.values()},
        "operations": {topic.message: _operation(topic) for topic in TOPICS.values()},
        "components": {
            "schemas": _schemas(),
            "messages": {name: _message(name) for name in _SPOKEN},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    """One channel below each node's branch; the hub's own has no parameter."""
    if topic is PRESENCE:
        return _node_channel(topic) | {"address": HUB_PRESENCE, "parameters": {}}
    return _node_channel(topic)


def _node_channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": f"{ROOT}/{{node}}/{topic.path}",
        "description": topic.meaning,
        "parameters": {"node": {"description": "the node's name, as in its certificate"}},
        "messages": {topic.message: {"$ref": f"#/components/messages/{topic.message}"}},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
    }


def _operation(topic: Topic) -> dict[str, Any]:
    """An operation from the node's side: it sends `up` and receives `down`."""
    return {
        "action": "send" if topic.path.startswith("up/") else "receive",
        "channel": {"$ref": f"#/channels/{topic.message}"},
        "bindings": {"mqtt": {"qos": topic.qos, "retain": topic.is_retained}},
    }


def _message(name: str) -> dict[str, Any]:
    refs = [{"$ref": _REF.format(model=model.__name__)} for model in _SPOKEN[name]]
    return {"name": name, "payload": refs[0] if len(refs) == 1 else {"oneOf": refs}}


def _schemas() -> dict[str, Any]:
    models = [(model, "serialization") for spoken in _SPOKEN.values() for model in spoken]
    _, document = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]  # the literal is widened in the list
    schemas: dict[str, Any] = document["$defs"]
    return schemas
