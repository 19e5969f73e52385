"""Endpoint for tips from other apps: JSON with a key, one tip per id of the app.

The key is checked before the body: a body without a valid key is discarded, never stored.
"""

import base64
import binascii
from typing import Annotated, Final

from fastapi import APIRouter, Header, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from hub.public.tips import forms
from hub.public.tips.public_service import PublicTipService
from hub.public.tips.rules import (
    CONTACT_CHARS,
    MOST_PICTURE_BYTES,
    MOST_PICTURES,
    NAME_CHARS,
    PLACE_CHARS,
    WHAT_CHARS,
    TipError,
    TipFault,
    TipTexts,
)
from hub.public.tips.views import NewTip, TipPicture
from hub.registry.shapes import Point
from hub.web.rate_limits import APP_TIPS, BAD_TOKENS, Limits, network, too_many
from hub.web.resumable import drained
from hub.web.services import service

router = APIRouter()

Service = Annotated[PublicTipService, service(PublicTipService)]

BUSY: Final = frozenset({TipFault.BUSY, TipFault.FULL})


class TipBody(BaseModel):
    """A tip from an app."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=200, description="The app's own; once for each tip.")
    what: str = Field(min_length=1, max_length=WHAT_CHARS)
    place: str = Field("", max_length=PLACE_CHARS, description="Where, in the sender's words.")
    latitude_deg: float = Field(ge=-90, le=90)
    longitude_deg: float = Field(ge=-180, le=180)
    happened: AwareDatetime | None = Field(None, description="With its zone; null: now.")
    name: str = Field("", max_length=NAME_CHARS)
    contact: str = Field("", max_length=CONTACT_CHARS)
    has_consent: bool = Field(description="The sender agreed to what /tips asks for.")
    language: str = Field("vi", pattern=r"^(vi|en)$")
    pictures: list[str] = Field(default=[], max_length=MOST_PICTURES, description="Base64.")


@router.post("/api/tips")
async def take_in(
    request: Request, service: Service, authorization: Annotated[str, Header(max_length=300)] = ""
) -> Response:
    """201 and the sender's code; the same id again changes nothing and gets the same answer."""
    app = await run_in_threadpool(_app, request, service, authorization)
    if isinstance(app, Response):
        return await drained(request, app)
    try:
        content = await request.body()
    except ClientDisconnect:
        return Response(status_code=400)  # the client has gone
    return await run_in_threadpool(_taken, service, app, content)


def _app(request: Request, service: PublicTipService, authorization: str) -> str | Response:
    """The app of the key, or why the tip is refused."""
    limits: Limits = request.app.state.limits
    app = service.app_of(authorization.removeprefix("Bearer ").strip())
    rule, knocker = (BAD_TOKENS, network(request)) if app is None else (APP_TIPS, app)
    wait_s = limits.wait_s(rule, knocker)
    if wait_s > 0:
        return too_many(request, wait_s)
    return JSONResponse({"reason": "no_such_key"}, 401) if app is None else app


def _taken(service: PublicTipService, app: str, content: bytes) -> Response:
    try:
        body = TipBody.model_validate_json(content)
    except ValidationError as error:
        raise HTTPException(422) from error
    try:
        code = service.receive(_tip(body, app), submission=f"{app}\0{body.id}", is_named=True)
    except TipError as error:
        status_code = 503 if error.fault in BUSY else 422
        return JSONResponse({"reason": error.fault.value}, status_code)
    return JSONResponse({"code": code}, 201)


def _tip(body: TipBody, app: str) -> NewTip:
    try:
        happened = None if body.happened is None else round(body.happened.timestamp() * 1e6)
    except (OverflowError, ValueError) as error:
        raise TipError(TipFault.WHEN) from error
    return NewTip(
        words=TipTexts(
            what=body.what.strip(),
            place=body.place.strip(),
            area_id=None,
            point=Point(body.latitude_deg, body.longitude_deg),
            happened_utc_us=happened,
            has_consent=body.has_consent,
        ),
        pictures=tuple(_picture(one) for one in body.pictures),
        reporter=forms.reporter_of(body.name, body.contact),
        language=body.language,
        source=app,
    )


def _picture(text: str) -> TipPicture:
    if len(text) > MOST_PICTURE_BYTES * 4 // 3 + 4:
        raise TipError(TipFault.LARGE)
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TipError(TipFault.PICTURE) from error
    return forms.picture_of(content)
