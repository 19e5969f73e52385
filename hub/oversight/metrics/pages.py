"""Prometheus metrics, for holders of the token: no footage, no person, so no log line."""

import hmac
from typing import Annotated, Final

from fastapi import APIRouter, Header, HTTPException, Request
from starlette.responses import Response

from hub.web.rendering import Measures, site_of

router = APIRouter()
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics")
def tell_metrics(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """Text format; 404 without metrics, 401 without `Authorization: Bearer TOKEN`."""
    measured = site_of(request).measured
    if measured is None:
        raise HTTPException(404)
    return answer(measured, authorization)


def answer(measured: Measures, authorization: str) -> Response:
    """The metrics; raises HTTPException 401 without `Bearer TOKEN`."""
    wanted = f"Bearer {measured.token}".encode()
    if not hmac.compare_digest(authorization.encode(errors="replace"), wanted):
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    headers = {"Cache-Control": "no-store"}
    return Response(measured.text(), media_type=CONTENT_TYPE, headers=headers)
