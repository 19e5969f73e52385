"""Pictures and clips: in from the nodes by their hash, out to officers in ranges."""

import re
from typing import Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from hub.store.blobs import BlobsError
from hub.store.uploads import NotAnnouncedError, Upload, UploadRefusedError
from hub.store.views import OpenMedia
from hub.web.auth import SignedIn
from hub.web.ranges import Span, UnsatisfiableError, wanted_span
from hub.web.site import site_of
from hub.web.small import MEDIA_TYPE, NotAPictureError, Original, small_picture

router = APIRouter()

PIECE_BYTES: Final = 256 * 1024
KEPT_BY_THIS_BROWSER: Final = "private, max-age=86400, immutable"
"""An id never means other bytes; no shared cache may keep them."""

DRAIN_BYTES: Final = 32 * 2**20
"""How much of an unwanted upload is read away, so that the node hears the answer at all."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@router.api_route("/media/{media_id}", methods=["GET", "HEAD"])
def show_media(request: Request, visit: SignedIn, media_id: UUID) -> Response:
    """A picture or a clip, whole or in part."""
    media = visit.site.door.open_media(visit.asker, media_id)
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
        return _send(media, Span(0, media.size_bytes - 1), 200, headers, request.method)
    headers["Content-Range"] = f"bytes {span.first}-{span.last}/{media.size_bytes}"
    return _send(media, span, 206, headers, request.method)


@router.get("/media/{media_id}/small")
def show_small(visit: SignedIn, media_id: UUID) -> Response:
    """A picture as lists show it."""
    media = visit.site.door.open_media(visit.asker, media_id)
    if media is None or media.kind != "picture":
        raise HTTPException(404)
    headers = {"Cache-Control": KEPT_BY_THIS_BROWSER}
    try:
        data = small_picture(_original(media))
    except NotAPictureError:
        return RedirectResponse(f"/media/{media_id}", 307)
    return Response(data, headers=headers, media_type=MEDIA_TYPE)


def _original(media: OpenMedia) -> Original:
    return Original(media.sha256, lambda: b"".join(media.read(0, media.size_bytes)))


def _headers(media: OpenMedia) -> dict[str, str]:
    ending = "mp4" if media.kind == "clip" else "jpg"
    return {
        "ETag": f'"{media.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": KEPT_BY_THIS_BROWSER,
        "Content-Disposition": f'inline; filename="matthan-{media.media_id}.{ending}"',
    }


def _asked_span(request: Request, media: OpenMedia) -> Span | None:
    if_range = request.headers.get("if-range")
    if if_range is not None and if_range != f'"{media.sha256}"':
        return None
    return wanted_span(request.headers.get("range", ""), media.size_bytes)


def _send(
    media: OpenMedia, span: Span, status_code: int, headers: dict[str, str], method: str
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


@router.put("/upload/{sha256}")
async def take_upload(request: Request, sha256: str) -> Response:
    """A node brings a file it has announced; the answer's status tells it what to do next."""
    try:
        upload = await _begin(request, sha256)
    except _Unwanted as unwanted:
        return await _refuse(request, unwanted.status_code, unwanted.reason)
    if upload is None:
        return await _refuse(request, 200, "already_stored")
    return await _receive(request, upload)


class _Unwanted(Exception):  # noqa: N818  said to the node, no fault of ours
    """Why the body need not come."""

    def __init__(self, status_code: int, reason: str) -> None:
        super().__init__(reason)
        self.status_code = status_code
        self.reason = reason


async def _begin(request: Request, sha256: str) -> Upload | None:
    """Make room for it; None when the hub has it already."""
    site = site_of(request)
    node_name = _node_name(request)
    length = request.headers.get("content-length", "")
    if node_name is None:
        raise _Unwanted(401, "token_no_good")
    if not length.isdecimal():
        raise _Unwanted(411, "length_required")
    if int(length) > site.settings.max_upload_bytes:
        raise _Unwanted(413, "too_large")
    if _SHA256.fullmatch(sha256) is None:
        raise _Unwanted(404, "not_announced")
    try:
        return await run_in_threadpool(site.uploads.begin, node_name, sha256, int(length))
    except NotAnnouncedError:
        raise _Unwanted(404, "not_announced") from None
    except UploadRefusedError as refused:
        raise _Unwanted(422, str(refused)) from None
    except BlobsError as error:
        raise _Unwanted(*site.room.lacking(error)) from None


def _node_name(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return site_of(request).verify_token(token) if scheme.lower() == "bearer" and token else None


async def _receive(request: Request, upload: Upload) -> Response:
    held = bytearray()
    try:
        async for chunk in request.stream():
            held += chunk
            if len(held) >= PIECE_BYTES:
                await run_in_threadpool(upload.write, bytes(held))
                held.clear()
        if held:
            await run_in_threadpool(upload.write, bytes(held))
        await run_in_threadpool(upload.finish)
    except UploadRefusedError as refused:
        return await _refuse(request, 422, str(refused))
    except BlobsError as error:
        return await _refuse(request, *site_of(request).room.lacking(error))
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    finally:
        await run_in_threadpool(upload.abort)
    site_of(request).room.found()
    return JSONResponse({"result": "stored"}, 201)


async def _refuse(request: Request, status_code: int, reason: str) -> Response:
    """Answer without wanting the body. Closing on a sender in mid-word would lose the answer."""
    drained = 0
    try:
        async for chunk in request.stream():
            drained += len(chunk)
            if drained > DRAIN_BYTES:
                break
    except (ClientDisconnect, RuntimeError):  # RuntimeError: the body was read to its end before
        pass
    name = "result" if status_code == 200 else "reason"
    return JSONResponse({name: reason}, status_code)
