"""Receives a node's answer to a request: a file, or as plain text the reason why there is none."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from hub.web.rendering import site_of
from hub.web.resumable import UploadRefusal, drained, node_name_of

REASON_TYPE: Final = "text/plain"
MOST_REASON_BYTES: Final = 4000
STALL_S: Final = 60.0


class AnswerState(StrEnum):
    """State of a request to a node."""

    WAITING = "waiting"
    HERE = "here"
    FAILED = "failed"
    """The node answered with a reason why it cannot."""
    OVER = "over"
    """The node did not answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKind:
    """Media type, first bytes and largest size of the files for one kind of request."""

    file_type: str
    begins: bytes
    """First bytes of every such file."""
    most_bytes: int


IsAsked = Callable[[str, UUID], bool]
Put = Callable[[str, UUID, bytes | str], AnswerState | None]
"""Both get the name of a node and the id of its request, and may block."""


async def take_answer(
    request: Request, kind: AnswerKind, command_id: UUID, *, is_asked: IsAsked, put: Put
) -> Response:
    """Receive an answer: 204 once `put` has the file or the reason; 404 if this node was not asked,
    410 if nobody waits for it any more."""
    try:
        await _take(request, kind, command_id, is_asked=is_asked, put=put)
    except UploadRefusal as unwanted:
        refusal = JSONResponse({"reason": unwanted.reason}, unwanted.status_code)
        refusal.headers.update(unwanted.headers)
        return await drained(request, refusal)
    except (ClientDisconnect, TimeoutError):
        return Response(status_code=400)  # the client has gone
    return Response(status_code=204)


async def _take(
    request: Request, kind: AnswerKind, command_id: UUID, *, is_asked: IsAsked, put: Put
) -> None:
    node = await run_in_threadpool(node_name_of, request, site_of(request))
    if not await run_in_threadpool(is_asked, node, command_id):
        raise UploadRefusal(404, "not_asked")
    answer = await _read(request, kind)
    if await run_in_threadpool(put, node, command_id, answer) in (None, AnswerState.OVER):
        raise UploadRefusal(410, "over")


async def _read(request: Request, kind: AnswerKind) -> bytes | str:
    """Raises UploadRefusal for anything else, TimeoutError for a client that stalls."""
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type == kind.file_type:
        body = await _body(request, kind.most_bytes)
        if not body.startswith(kind.begins):
            raise UploadRefusal(422, f"no {kind.file_type.partition('/')[2]} file")
        return body
    if media_type == REASON_TYPE:
        return (await _body(request, MOST_REASON_BYTES)).decode("utf-8", "replace")
    raise UploadRefusal(
        415, f"it is {kind.file_type}, or {REASON_TYPE} that says why there is none"
    )


async def _body(request: Request, most_bytes: int) -> bytes:
    said = request.headers.get("content-length", "")
    if not (said.isascii() and said.isdecimal() and len(said) < 10):
        raise UploadRefusal(411, "its length is to be said")
    if int(said) > most_bytes:
        raise UploadRefusal(413, "too_large")
    held = bytearray()
    chunks = request.stream().__aiter__()
    while True:
        try:
            async with asyncio.timeout(STALL_S):
                held += await anext(chunks)
        except StopAsyncIteration:
            return bytes(held)
        if len(held) > most_bytes:
            raise UploadRefusal(413, "too_large")
