"""The cameras that one may watch live."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from hub.access.signin.visit import SignedIn
from hub.base.text.normalize import fold
from hub.footage.live.service import LiveService
from hub.registry import wording
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter()

Live = Annotated[LiveService, service(LiveService)]


@router.get("/live")
def show_cameras(
    request: Request, visit: SignedIn, live: Live, find: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Cameras by place; a name or place filters. 404 for people who may watch none."""
    cameras = live.live_cameras(visit.asker)
    if not cameras:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    shown = [one for one in cameras if fold(find) in fold(f"{one.label} {one.place}")]
    return render(
        request,
        "live_list.html",
        session=visit.session,
        find=find,
        rows=[
            (
                one,
                wording.LOOKS[one.condition.state],
                wording.camera_line(one.condition, calendar),
            )
            for one in shown
        ],
    )
