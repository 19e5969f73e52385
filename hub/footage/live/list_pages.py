"""Page of the cameras that a person may watch live."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from hub.access.signin.visit import SignedIn
from hub.base.text.order import by_name, by_place
from hub.footage.live.service import LiveCamera, LiveService
from hub.registry import wording
from hub.registry.condition import RANKS
from hub.web.rendering import render
from hub.web.services import service
from hub.web.table_view import Listing

router = APIRouter()

Live = Annotated[LiveService, service(LiveService)]

LISTING: Final = Listing[LiveCamera](
    path="/live",
    columns={
        "camera": lambda one: by_name(one.label),
        "place": lambda one: by_place(one.place),
        "state": lambda one: -RANKS[one.condition.state],
    },
    standard="place",
    text=lambda one: f"{one.label} {one.place}",
)


@router.get("/live")
def show_cameras(request: Request, visit: SignedIn, live: Live) -> Response:
    """Cameras by place; a name or place filters. 404 for people who may watch none."""
    cameras = live.live_cameras(visit.asker)
    if not cameras:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    table = LISTING.view(request.query_params)
    return render(
        request,
        "live_list.html",
        session=visit.session,
        table=table,
        total=len(cameras),
        rows=[
            (
                one,
                wording.LOOKS[one.condition.state],
                wording.camera_line(one.condition, calendar),
            )
            for one in LISTING.rows(cameras, table)
        ],
    )
