"""Receives live pictures from nodes: the newest of each watched camera.

Nothing is written to a disk, and nothing is accepted for a camera that nobody watches.
"""

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from hub.footage.live.views import MOST_BYTES, LiveViews
from hub.web.rendering import site_of
from hub.web.resumable import UploadRefusal, drained, node_name_of

router = APIRouter()

STALL_S: Final = 10.0
MEDIA_TYPE: Final = "image/jpeg"
JPEG_BEGINS, JPEG_ENDS = b"\xff\xd8\xff", b"\xff\xd9"
OLDEST_S: Final = 3600.0


@router.put("/upload/live/{camera}")
async def take_picture(request: Request, camera: str) -> Response:
    """Newest picture of a camera: 204; 410 if nobody watches it."""
    site = site_of(request)
    try:
        node = await run_in_threadpool(node_name_of, request, site)
        jpeg = await _body(request)
        _put(site.services.use(LiveViews), node, camera, jpeg=jpeg, age_s=_age_s(request))
    except UploadRefusal as unwanted:
        answer = JSONResponse({"reason": unwanted.reason}, unwanted.status_code)
        answer.headers.update(unwanted.headers)
        return await drained(request, answer)
    except (ClientDisconnect, TimeoutError):
        return Response(status_code=400)  # the client has gone
    return Response(status_code=204)


def _put(views: LiveViews, node: str, camera: str, *, jpeg: bytes, age_s: float) -> None:
    is_newest = views.put(node, camera, jpeg, age_s=age_s)
    if is_newest is None:
        raise UploadRefusal(410, "nobody_watches")
    if not is_newest:
        raise UploadRefusal(429, "too_soon", **{"Retry-After": "1"})


async def _body(request: Request) -> bytes:
    """A JPEG of at most `MOST_BYTES`; its pixels are not decoded here."""
    if request.headers.get("content-type") != MEDIA_TYPE:
        raise UploadRefusal(415, f"a picture is {MEDIA_TYPE}")
    said = request.headers.get("content-length", "")
    if not (said.isascii() and said.isdecimal() and len(said) < 10):
        raise UploadRefusal(411, "its length is to be said")
    if int(said) > MOST_BYTES:
        raise UploadRefusal(413, "too_large")
    held = bytearray()
    async with asyncio.timeout(STALL_S):
        async for chunk in request.stream():
            held += chunk
            if len(held) > MOST_BYTES:
                raise UploadRefusal(413, "too_large")
    if not (held.startswith(JPEG_BEGINS) and held.endswith(JPEG_ENDS)):
        raise UploadRefusal(422, "no JPEG")
    return bytes(held)


def _age_s(request: Request) -> float:
    """Age as stated by the node; missing or implausible: 0."""
    said = request.headers.get("picture-age-ms", "")
    is_number = said.isascii() and said.isdecimal() and len(said) < 10
    return min(int(said) / 1000, OLDEST_S) if is_number else 0.0
