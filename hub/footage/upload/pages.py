"""Uploads of pictures and clips by nodes, with tus 1.0.0, the protocol for resumable uploads.

Core protocol with the extensions creation, creation-with-upload, creation-defer-length and
termination (https://tus.io/protocols/resumable-upload). An upload is named by the SHA-256 of its
file, or by the id of a clip still being recorded, which has no hash and no length yet. So a node
that lost the answer to a creation creates the same upload again.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from hub.base.storage.blobs import BlobsError
from hub.base.storage.partial_files import SupersededError, WrongOffsetError
from hub.footage.growing.clips import GrowingUpload, NoSuchClipError
from hub.footage.upload.service import (
    NotAnnouncedError,
    Upload,
    UploadRefusedError,
    Uploads,
    WrongHashError,
)
from hub.footage.upload.shares import OverShareError
from hub.web.rendering import Site, site_of
from hub.web.resumable import (
    RESUMABLE,
    VERSION,
    UploadRefusal,
    check_version,
    drained,
    end,
    metadata,
    node_name_of,
    number,
    offset,
    receive,
)

router = APIRouter()

EXTENSIONS: Final = "creation,creation-with-upload,creation-defer-length,termination"
BODY_TYPE: Final = "application/offset+octet-stream"
HASH_DIFFERS: Final = 460
"""Status of tus for bytes that do not match their hash."""

OVER_SHARE_AGAIN_S: Final = "600"
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@router.options("/upload")
@router.options("/upload/{name}")
def tell_protocol(request: Request) -> Response:
    """Headers with the supported protocol and its extensions."""
    most = str(site_of(request).settings.max_upload_bytes)
    headers = {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": most}
    return Response(status_code=204, headers=headers | RESUMABLE)


@router.post("/upload")
async def create_upload(request: Request) -> Response:
    """Create an upload of an announced file, or ask for its progress."""
    return await _answered(request, _create)


@router.head("/upload/{name}")
async def tell_offset(request: Request, name: str) -> Response:
    """Progress of the upload."""

    async def tell(site: Site, node_name: str) -> Response:
        length = {"Upload-Defer-Length": "1"}
        if (clip_id := _clip(name)) is not None:
            received_bytes = await run_in_threadpool(
                site.services.use(Uploads).growing.status, node_name, clip_id
            )
        else:
            stands = await run_in_threadpool(
                site.services.use(Uploads).status, node_name, _hash(name)
            )
            received_bytes, length = stands.offset_bytes, {"Upload-Length": str(stands.size_bytes)}
        return Response(headers=offset(received_bytes) | length | {"Cache-Control": "no-store"})

    return await _answered(request, lambda _, site, node_name: tell(site, node_name))


@router.patch("/upload/{name}")
async def take_bytes(request: Request, name: str) -> Response:
    """Take the next bytes; with the last ones the file is stored."""

    async def take(request: Request, site: Site, node_name: str) -> Response:
        if request.headers.get("content-type") != BODY_TYPE:
            raise UploadRefusal(415, f"the body of a PATCH is {BODY_TYPE}")
        offset_bytes = number(request, "upload-offset")
        upload = await run_in_threadpool(_resume, site, node_name, name, offset_bytes)
        offset_bytes = await receive(request, upload) if upload else offset_bytes
        return Response(status_code=204, headers=offset(offset_bytes))

    return await _answered(request, take)


@router.delete("/upload/{name}")
async def drop_upload(request: Request, name: str) -> Response:
    """The node cancels the upload."""

    async def drop(_: Request, site: Site, node_name: str) -> Response:
        await run_in_threadpool(site.services.use(Uploads).drop, node_name, _hash(name))
        return Response(status_code=204, headers=RESUMABLE)

    return await _answered(request, drop)


def _resume(
    site: Site, node_name: str, name: str, offset_bytes: int
) -> Upload | GrowingUpload | None:
    clip_id = _clip(name)
    if clip_id is None:
        return site.services.use(Uploads).resume(node_name, _hash(name), offset_bytes)
    upload = site.services.use(Uploads).growing.open(node_name, clip_id)
    if upload.offset_bytes != offset_bytes:
        raise WrongOffsetError(f"{upload.offset_bytes} bytes have come, not {offset_bytes}")
    return upload


async def _create(request: Request, site: Site, node_name: str) -> Response:
    names = metadata(request.headers.get("upload-metadata", ""))
    clip_id = _clip(names.get("clip", ""))
    if clip_id is None:
        return await _create_whole(request, site, node_name, names.get("sha256", ""))
    if request.headers.get("upload-defer-length") != "1":
        raise UploadRefusal(400, "a clip that grows has no length yet: Upload-Defer-Length is 1")
    upload = await run_in_threadpool(site.services.use(Uploads).growing.open, node_name, clip_id)
    return await _created(request, str(clip_id), await _begun(request, upload))


async def _create_whole(request: Request, site: Site, node_name: str, sha256: str) -> Response:
    size_bytes = number(request, "upload-length")
    if size_bytes > site.settings.max_upload_bytes:
        raise UploadRefusal(413, "too_large")
    digest = _hash(sha256)
    upload = await run_in_threadpool(
        site.services.use(Uploads).begin, node_name, digest, size_bytes
    )
    offset_bytes = size_bytes if upload is None else await _begun(request, upload)
    return await _created(request, digest, offset_bytes)


async def _begun(request: Request, upload: Upload | GrowingUpload) -> int:
    """Offset after the bytes sent with the creation; bytes for a later offset are not accepted."""
    if upload.offset_bytes == 0 and request.headers.get("content-type") == BODY_TYPE:
        return await receive(request, upload)
    return await run_in_threadpool(end, upload, b"")


async def _created(request: Request, name: str, offset_bytes: int) -> Response:
    headers = {"Location": f"upload/{name}"} | offset(offset_bytes)
    return await drained(request, Response(status_code=201, headers=headers))


async def _answered(
    request: Request, act: Callable[[Request, Site, str], Awaitable[Response]]
) -> Response:
    """Run the act for a known node; a refusal becomes its status."""
    site = site_of(request)
    try:
        check_version(request)
        return await act(request, site, node_name_of(request, site))
    except UploadRefusal as unwanted:
        refusal = unwanted
    except (NotAnnouncedError, NoSuchClipError):
        refusal = UploadRefusal(404, "not_announced")
    except UploadRefusedError as refused:
        refusal = UploadRefusal(422, str(refused))
    except WrongHashError as error:
        refusal = UploadRefusal(HASH_DIFFERS, str(error))
    except WrongOffsetError as error:
        refusal = UploadRefusal(409, str(error))
    except OverShareError:
        refusal = UploadRefusal(507, "over_share", **{"Retry-After": OVER_SHARE_AGAIN_S})
    except SupersededError:
        refusal = UploadRefusal(409, "another request brings this file now")
    except BlobsError as error:
        refusal = UploadRefusal(*site.storage_notice.lacking(error))
    except ClientDisconnect:
        return Response(status_code=400)  # the client has gone
    body = JSONResponse({"reason": refusal.reason}, refusal.status_code)
    body.headers.update(RESUMABLE | refusal.headers)
    return await drained(request, body)


def _clip(name: str) -> UUID | None:
    return UUID(name) if _UUID.fullmatch(name) else None


def _hash(name: str) -> str:
    if _SHA256.fullmatch(name) is None:
        raise UploadRefusal(404, "not_announced")
    return name
