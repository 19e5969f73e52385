"""Receives a file in parts by tus 1.0.0: the code that all such uploads share."""

import asyncio
import base64
import binascii
import math
from collections.abc import AsyncIterator
from typing import Final, Protocol

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from hub.web.rate_limits import BAD_TOKENS, Limits, network
from hub.web.rendering import Site, site_of

VERSION: Final = "1.0.0"


PIECE_BYTES: Final = 256 * 1024


DRAIN_BYTES: Final = 32 * 2**20
"""Most bytes of a refused body that are read, so that the node gets the answer at all."""

DRAIN_S: Final = 5.0
"""Time for the rest of a refused body."""
MOST_DRAINING: Final = 50
"""Refused bodies that are read at once; anybody may send one."""
_draining = 0

STALL_S: Final = 60.0
"""A body without progress for this long has lost its line; received bytes are kept."""


class ResumableUpload(Protocol):
    """A file being uploaded."""

    @property
    def offset_bytes(self) -> int:
        """Bytes received."""
        ...

    def write(self, chunk: bytes) -> None:
        """Append a piece."""
        ...

    def finish(self) -> object:
        """Make the received bytes durable."""
        ...


class UploadRefusal(Exception):  # noqa: N818  said to the node, no fault of ours
    """The request is refused without reading its body; has status, reason and headers."""

    def __init__(self, status_code: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status_code = status_code
        self.reason = reason
        self.headers = headers


RESUMABLE: Final = {"Tus-Resumable": VERSION}


async def receive(request: Request, upload: ResumableUpload) -> int:
    """Receive until the body or the connection ends; returns the offset."""
    held = bytearray()
    try:
        async for chunk in chunks(request):
            held += chunk
            if len(held) >= PIECE_BYTES:
                piece = bytes(held)
                held.clear()
                await run_in_threadpool(upload.write, piece)
    finally:  # bytes received before the connection broke need not come again
        stands = await run_in_threadpool(end, upload, bytes(held))
    site_of(request).storage_notice.found()
    return stands


def end(upload: ResumableUpload, piece: bytes) -> int:
    """Write the last piece and make everything durable; returns the offset. Blocks."""
    if piece:
        upload.write(piece)
    upload.finish()
    return upload.offset_bytes


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces; ClientDisconnect also when the sender stalls."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(STALL_S):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ClientDisconnect from None
        yield chunk


async def drained(
    request: Request,
    answer: Response,
    *,
    most_bytes: int = DRAIN_BYTES,
    most_s: float = DRAIN_S,
) -> Response:
    """Read the rest of the body. Closing during the sender's transmission would lose the answer.

    Not for ever, and not for everybody at once: then the connection is closed with the answer.
    """
    global _draining  # noqa: PLW0603 - of one event loop
    if _draining < MOST_DRAINING:
        _draining += 1
        try:
            async with asyncio.timeout(most_s):
                if await _read_away(request, most_bytes):
                    return answer
        except TimeoutError:
            pass
        finally:
            _draining -= 1
    answer.headers["Connection"] = "close"
    return answer


async def _read_away(request: Request, most_bytes: int) -> bool:
    """True once nothing is left to read; False after `most_bytes`."""
    came_bytes = 0
    try:
        async for chunk in request.stream():
            came_bytes += len(chunk)
            if came_bytes > most_bytes:
                return False
    except (ClientDisconnect, RuntimeError):  # RuntimeError: the body was read to its end before
        pass
    return True


def check_version(request: Request) -> None:
    """Raises UploadRefusal (412) for another protocol version."""
    if request.headers.get("tus-resumable") != VERSION:
        raise UploadRefusal(412, f"this hub speaks tus {VERSION}", **{"Tus-Version": VERSION})


def node_name_of(request: Request, site: Site) -> str:
    """Node of the upload token; raises UploadRefusal (401, 429)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    name = site.verify_token(token) if scheme.lower() == "bearer" and token else None
    if name is None:
        limits: Limits = request.app.state.limits
        wait_s = limits.wait_s(BAD_TOKENS, network(request))
        if wait_s > 0:
            again_s = str(math.ceil(wait_s))
            raise UploadRefusal(429, "too_many", **{"Retry-After": again_s})
        raise UploadRefusal(401, "token_no_good")
    return name


def number(request: Request, header: str) -> int:
    """Number in a header; raises UploadRefusal (400)."""
    said = request.headers.get(header, "")
    if not (said.isascii() and said.isdecimal() and len(said) < 16):
        raise UploadRefusal(400, f"{header} is to be a number")
    return int(said)


def metadata(header: str, *, encoding: str = "ascii") -> dict[str, str]:
    """Pairs of an Upload-Metadata header; invalid ones are left out."""
    pairs = {}
    for pair in header.split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            pairs[key] = base64.b64decode(value, validate=True).decode(encoding)
        except (binascii.Error, UnicodeDecodeError):
            continue
    return pairs


def offset(offset_bytes: int) -> dict[str, str]:
    """Headers with the offset of an upload."""
    return {"Upload-Offset": str(offset_bytes)} | RESUMABLE
