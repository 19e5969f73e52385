"""Prometheus metrics, for holders of the token: no footage, no person, so no log line."""

import hmac
from typing import Annotated, Final

from fastapi import APIRouter, Header, HTTPException, Request
from starlette.responses import Response

from hub.web.rendering import site_of

router = APIRouter()
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics")
def tell_metrics(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """Text format; 404 without metrics, 401 without `Authorization: Bearer TOKEN`."""
    measured = site_of(request).measured
    if measured is None:
        raise HTTPException(404)
    wanted = f"Bearer {measured.token}".encode()
    if not hmac.compare_digest(authorization.encode(errors="replace"), wanted):
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    answer = Response(measured.text(), media_type=CONTENT_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    return answer
