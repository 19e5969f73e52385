"""Delivery of pictures and clips to officers, whole or in ranges."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from hub.access.signin.visit import SignedIn
from hub.footage.playback.service import PlaybackService
from hub.footage.transcoding.proxies import BusyError
from hub.footage.transcoding.transcode import NoCopyError
from hub.footage.views import OpenMedia
from hub.web.i18n import Messages
from hub.web.pictures.maker import Box, Drawn, PictureError
from hub.web.pictures.thumbnails import MEDIA_TYPE, Original, medium_picture, small_picture
from hub.web.ranges import ByteRange, UnsatisfiableError, wanted_span
from hub.web.services import service

router = APIRouter()

Playback = Annotated[PlaybackService, service(PlaybackService)]

ENDINGS: Final = {
    "image/jpeg": "jpg",
    "video/mp4": "mp4",
    "audio/mp4": "m4a",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/mp2t": "ts",
}
_SHARE: Final = r"(?:0(?:\.\d{1,4})?|1(?:\.0{1,4})?)"
BOX: Final = rf"^(?:{_SHARE}(?:,{_SHARE}){{3}})?$"
KEPT_BY_THIS_BROWSER: Final = "private, max-age=86400, immutable"
"""An id always means the same bytes; shared caches must not store them."""

DRAWING_TYPE: Final = "image/svg+xml"
WITHOUT: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9" width="400" height="225">'
    b'<rect width="16" height="9" fill="#888"/><g fill="none" stroke="#eee" stroke-width=".3">'
    b'<rect x="5.5" y="2.5" width="5" height="4"/><path d="m5 7 6-5"/></g></svg>'
)
"""In place of a small or medium picture: a struck-out frame. The whole picture is one tap away."""


@router.get("/media/{media_id}")
@router.head("/media/{media_id}")
def show_media(request: Request, visit: SignedIn, playback: Playback, media_id: UUID) -> Response:
    """A picture or clip, whole or in part."""
    return answer(request, playback.open_media(visit.asker, media_id))


@router.get("/media/{media_id}/h264")
@router.head("/media/{media_id}/h264")
def show_copy(request: Request, visit: SignedIn, playback: Playback, media_id: UUID) -> Response:
    """A small copy of a clip; the first request may wait for it. 503: the player takes the
    original."""
    try:
        return answer(request, playback.open_copy(visit.asker, media_id))
    except BusyError:
        return JSONResponse({"reason": "busy"}, 503, headers={"Retry-After": "30"})
    except NoCopyError:
        return JSONResponse({"reason": "no_copy"}, 503)


@router.get("/media/{media_id}/play")
@router.head("/media/{media_id}/play")
def show_for_player(
    request: Request, visit: SignedIn, playback: Playback, media_id: UUID
) -> Response:
    """A clip with an index for players; saving and exporting use the clip itself."""
    return answer(request, playback.open_for_player(visit.asker, media_id))


def answer(request: Request, media: OpenMedia | None) -> Response:
    """The file, whole or in the requested range; 404 for None."""
    if media is None:
        raise HTTPException(404)
    headers = _headers(media)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    try:
        span = _asked_span(request, media)
    except UnsatisfiableError:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{media.size_bytes}"})
    if span is None:
        return _send(media, ByteRange(0, media.size_bytes - 1), 200, headers, request.method)
    headers["Content-Range"] = f"bytes {span.first}-{span.last}/{media.size_bytes}"
    return _send(media, span, 206, headers, request.method)


@router.get("/media/{media_id}/small")
async def show_small(
    visit: SignedIn,
    playback: Playback,
    media_id: UUID,
    around: Annotated[str, Query(pattern=BOX)] = "",
) -> Response:
    """A picture in list size; with `around` the square around a box in it. One that is too large
    or damaged gets a drawing in its place."""
    media = await run_in_threadpool(playback.open_media, visit.asker, media_id)
    box = _box(around)
    return await _reduced(media, lambda original: small_picture(original, box))


@router.get("/media/{media_id}/medium")
async def show_medium(visit: SignedIn, playback: Playback, media_id: UUID) -> Response:
    """A picture in the size of a page; else a drawing, as for a small one."""
    media = await run_in_threadpool(playback.open_media, visit.asker, media_id)
    return await _reduced(media, medium_picture)


async def _reduced(media: OpenMedia | None, make: Callable[[Original], Future[Drawn]]) -> Response:
    if media is None or media.kind != "picture":
        raise HTTPException(404)
    # Awaited without a thread: pages do not wait for a node whose pictures take long.
    try:
        drawn = await asyncio.wrap_future(make(_original(media)))
    except PictureError as error:
        kept = KEPT_BY_THIS_BROWSER if error.is_final else "no-store"
        return Response(WITHOUT, headers={"Cache-Control": kept}, media_type=DRAWING_TYPE)
    headers = {"Cache-Control": KEPT_BY_THIS_BROWSER}
    return Response(drawn.content, headers=headers, media_type=MEDIA_TYPE)


def _box(said: str) -> Box | None:
    """`0.1,0.2,0.3,0.4` as shares of the picture; 422 if it is turned round."""
    if not said:
        return None
    x0, y0, x1, y1 = (float(one) for one in said.split(","))
    if x0 >= x1 or y0 >= y1:
        raise HTTPException(422)
    return x0, y0, x1, y1


def _original(media: OpenMedia) -> Original:
    def load() -> bytes:
        return b"".join(media.read(0, media.size_bytes))

    return Original(media.sha256, str(media.node_id), load)


def _headers(media: OpenMedia) -> dict[str, str]:
    ending = ENDINGS[media.media_type]
    return {
        "ETag": f'"{media.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": KEPT_BY_THIS_BROWSER,
        "Content-Disposition": f'inline; filename="matthan-{media.media_id}.{ending}"',
    }


def _asked_span(request: Request, media: OpenMedia) -> ByteRange | None:
    if_range = request.headers.get("if-range")
    if if_range is not None and if_range != f'"{media.sha256}"':
        return None
    return wanted_span(request.headers.get("range", ""), media.size_bytes)


def _send(
    media: OpenMedia, span: ByteRange, status_code: int, headers: dict[str, str], method: str
) -> Response:
    headers = {**headers, "Content-Length": str(span.size_bytes)}
    if method == "HEAD":
        return Response(status_code=status_code, headers=headers, media_type=media.media_type)
    return StreamingResponse(
        media.read(span.first, span.size_bytes),
        status_code=status_code,
        headers=headers,
        media_type=media.media_type,
    )


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "media.stored": say("%(n)s bytes, sha256 %(sha)s"),
        "media.salvaged": say("%(n)s bytes, sha256 %(sha)s, left of an unfinished clip"),
        "span.length": say("a span ends after it begins, and lasts an hour at most"),
        "span.needs_reason": say("asking for footage needs a reason"),
        "span.not_allowed": say(
            "this person may not see clips of that camera, or not of that time"
        ),
        "span.requested": "%(at)s-%(at2)s: %(reason)s",
        "span.with_sound": say("%(at)s-%(at2)s with sound: %(reason)s"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "media.open": say("opened a picture or a clip"),
        "media.copy": say("watched a clip"),
        "media.ask": say("asked for a clip"),
        "clip.watch": say("watched a clip while it was recorded"),
        "clip.await": say("waited for a clip"),
        "media.store": say("a file from a camera box was stored"),
    }
