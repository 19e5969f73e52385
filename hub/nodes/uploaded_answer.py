"""Reads what a node uploads for a request: a file, or as plain text why there is none."""

import asyncio
from typing import Final

from fastapi import Request

from hub.web.resumable import UploadRefusal

REASON_TYPE: Final = "text/plain"
MOST_REASON_BYTES: Final = 4000
STALL_S: Final = 60.0


async def read_answer(
    request: Request, *, is_asked: bool, file_type: str, begins: bytes, most_bytes: int
) -> bytes | str:
    """The file, or the reason; raises UploadRefusal for anything else, TimeoutError for a client
    that stalls."""
    if not is_asked:
        raise UploadRefusal(404, "not_asked")
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type == file_type:
        body = await _body(request, most_bytes)
        if not body.startswith(begins):
            raise UploadRefusal(422, f"no {file_type.partition('/')[2]} file")
        return body
    if media_type == REASON_TYPE:
        return (await _body(request, MOST_REASON_BYTES)).decode("utf-8", "replace")
    raise UploadRefusal(415, f"it is {file_type}, or {REASON_TYPE} that says why there is none")


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
