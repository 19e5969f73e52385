"""Endpoints for enrolment and certificate renewal of nodes. Cookies do not count here."""

from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from agent.wire.brokers import broker_address
from agent.wire.enrolment import (
    AUTHORITY_PATH,
    FINGERPRINT_BYTES,
    PATH,
    SPEED_BYTES,
    SPEED_PATH,
    EnrolAnswer,
    EnrolRequest,
    RenewAnswer,
    RenewRequest,
)
from agent.wire.terms import Words
from hub.access.signin.visit import came_from
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.enrolment.rows import Redeemed, TokenRefused
from hub.web.rendering import Site, site_of

router = APIRouter()

MOST_BYTES: Final = 16 * 1024
WAIT_S: Final = 600


@router.get(AUTHORITY_PATH)
def show_authority(request: Request) -> Response:
    """Certificate of the authority, which is public: the box compares it with its code."""
    enrolling = _enrolling(site_of(request))
    return PlainTextResponse(enrolling.authority_pem, media_type="application/x-pem-file")


@router.post(PATH)
async def enrol(request: Request) -> Response:
    """Enrol: use a one-time token and get a certificate for the box's key."""
    site = site_of(request)
    enrolling = _enrolling(site)
    asked = EnrolRequest.model_validate(await _body(request, EnrolRequest))
    try:
        answer = await run_in_threadpool(
            enrolling.enroller.redeem, asked.token, asked.request, came_from=came_from(request)
        )
    except ValueError as error:
        return JSONResponse({"reason": "malformed", "detail": str(error)[:200]}, 422)
    if answer == "too_many":
        headers = {"Retry-After": str(WAIT_S)}
        return JSONResponse({"reason": "too_many"}, 429, headers=headers)
    if isinstance(answer, TokenRefused):
        return JSONResponse({"reason": answer.reason}, 403)
    return _told(_answer(site, enrolling, answer))


@router.post(f"{PATH}/renew")
async def renew(request: Request) -> Response:
    """Renew: get the next certificate for the same key, with a node's upload token."""
    site = site_of(request)
    enrolling = _enrolling(site)
    node = await _node_of(request)
    if node is None:
        return JSONResponse({"reason": "bad_token"}, 401)
    asked = RenewRequest.model_validate(await _body(request, RenewRequest))
    try:
        answer = await run_in_threadpool(
            enrolling.enroller.renew, node, asked.request, came_from=came_from(request)
        )
    except ValueError as error:
        return JSONResponse({"reason": "malformed", "detail": str(error)[:200]}, 422)
    if isinstance(answer, TokenRefused):
        return JSONResponse({"reason": answer.reason}, 403)
    return _told(RenewAnswer(certificate=answer.certificate))


@router.post(SPEED_PATH)
async def measure(request: Request) -> Response:
    """Receive and discard a block: a node measures its line, with its upload token."""
    if await _node_of(request) is None:
        return JSONResponse({"reason": "bad_token"}, 401)
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > SPEED_BYTES:
            raise HTTPException(413)
    return JSONResponse({"bytes": size})


async def _node_of(request: Request) -> str | None:
    """Node of an upload token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return await run_in_threadpool(site_of(request).verify_token, token)


def _answer(site: Site, enrolling: Enrolling, redeemed: Redeemed) -> EnrolAnswer:
    (host, port), *further = enrolling.brokers_of(redeemed.node)
    return EnrolAnswer(
        node=redeemed.node,
        certificate=redeemed.certificate,
        authority=enrolling.authority_pem,
        broker_host=host,
        broker_port=port,
        further_brokers=tuple(broker_address(*one) for one in further),
        time_zone=site.settings.time_zone,
        language="vi",
        cameras=redeemed.cameras,
        utc_us=site.settings.now(),
    )


def _enrolling(site: Site) -> Enrolling:
    enrolling = site.services.find(Enrolling)
    if enrolling is None:
        raise HTTPException(404)
    assert len(enrolling.fingerprint) == FINGERPRINT_BYTES  # noqa: S101 - the hub's own
    return enrolling


async def _body(request: Request, kind: type[Words]) -> dict[str, Any]:
    """JSON of a small body; 413 or 422."""
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > MOST_BYTES:
            raise HTTPException(413)
    try:
        return kind.model_validate_json(raw).model_dump()
    except ValidationError as error:
        raise HTTPException(422) from error


def _told(words: Words) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(words.model_dump_json(), media_type="application/json", headers=headers)
