"""Messages by which the processes of a hub tell each other of requested explanations.

One process may answer the page of who asked, another receives the node's answer.
"""

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from agent.wire.answers import SendExplanation

_ENDS_HEADER: Final = b"\n"


@dataclass(frozen=True, slots=True)
class RequestWord:
    """A request that waits for its answer; `age_s` is its age when sent."""

    person_id: UUID
    camera_id: UUID
    node: str
    command_id: UUID
    wanted: SendExplanation
    age_s: float


@dataclass(frozen=True, slots=True)
class AnswerWord:
    """The answer to a request: the page, or the reason why there is none."""

    node: str
    command_id: UUID
    answer: bytes | str


def packed(word: RequestWord | AnswerWord) -> bytes:
    """The message as bytes."""
    head: dict[str, Any] = {"node": word.node, "command_id": str(word.command_id)}
    if isinstance(word, AnswerWord):
        is_page = isinstance(word.answer, bytes)
        body = word.answer if isinstance(word.answer, bytes) else word.answer.encode()
        return json.dumps(head | {"is_page": is_page}).encode() + _ENDS_HEADER + body
    head |= {"person_id": str(word.person_id), "camera_id": str(word.camera_id)}
    head |= {"wanted": word.wanted.model_dump(), "age_s": word.age_s}
    return json.dumps(head).encode()


def unpacked(message: bytes) -> RequestWord | AnswerWord:
    """The message in these bytes; ValueError for anything else."""
    head, is_answer, body = message.partition(_ENDS_HEADER)
    try:
        said = json.loads(head)
        node, command_id = str(said["node"]), UUID(said["command_id"])
        if is_answer:
            return AnswerWord(node, command_id, body if said["is_page"] else body.decode())
        return RequestWord(
            person_id=UUID(said["person_id"]),
            camera_id=UUID(said["camera_id"]),
            node=node,
            command_id=command_id,
            wanted=SendExplanation(**said["wanted"]),
            age_s=float(said["age_s"]),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no message about explanations: {error}") from error
