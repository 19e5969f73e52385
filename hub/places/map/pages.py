"""Map of cameras with state and open alerts, and the same as a table without script."""

import json
from itertools import chain
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response, StreamingResponse

from hub.access.signin.visit import SignedIn
from hub.alerting.alerts.views import SeenCamera
from hub.base.text.normalize import fold
from hub.places.cameras.service import CameraService
from hub.places.map.ground import MapFiles
from hub.registry import wording
from hub.registry.condition import RANKS, Condition
from hub.web.guard import MAY_ASK_WHERE
from hub.web.ranges import ByteRange, UnsatisfiableError, wanted_span
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter(prefix="/map")

Cameras = Annotated[CameraService, service(CameraService)]
Grounds = Annotated[MapFiles, service(MapFiles)]

ROWS: Final = 50
"""Cameras per page of the table."""


@router.get("")
def show_map(
    request: Request,
    visit: SignedIn,
    cameras: Cameras,
    files: Grounds,
    find: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Cameras with open alerts first, then the worst; a name or place filters."""
    seen = cameras.seen_cameras(visit.asker)
    wanted = fold(find)
    found = [one for one in seen if wanted in fold(f"{one.label} {one.place}")]
    found.sort(key=lambda one: (-one.open_alerts, -RANKS[one.condition.state]))
    calendar = visit.site.calendar(visit.asker.language)
    shown = found[(page - 1) * ROWS : page * ROWS]
    ground = files.ground()
    answer = render(
        request,
        "map.html",
        session=visit.session,
        rows=[
            (one, wording.LOOKS[one.condition.state], wording.camera_line(one.condition, calendar))
            for one in shown
        ],
        dark=sum(not one.condition.has_picture for one in seen),
        faulty=sum(one.condition.state is Condition.FAULTY for one in seen),
        seen=seen,
        found=len(found),
        find=find,
        page=page,
        pages=max(1, -(-len(found) // ROWS)),
        placed=sum(one.latitude_deg is not None for one in seen),
        ground=ground.kind if ground else "",
    )
    answer.headers["Permissions-Policy"] = MAY_ASK_WHERE
    return answer


@router.get("/cameras.json")
def tell_cameras(visit: SignedIn, cameras: Cameras) -> Response:
    """Positions of the cameras this person may see."""
    seen = cameras.seen_cameras(visit.asker, is_refresh=True)
    placed = [one for one in seen if one.latitude_deg is not None and one.longitude_deg is not None]
    told = {
        "cameras": [
            [
                str(one.camera_id),
                one.label,
                round(one.longitude_deg or 0.0, 6),
                round(one.latitude_deg or 0.0, 6),
                *_state(one),
            ]
            for one in placed
        ]
    }
    return _fresh(told)


@router.get("/states.json")
def tell_states(visit: SignedIn, cameras: Cameras) -> Response:
    """Cameras that are not well: a live map asks for them after a change."""
    seen = cameras.seen_cameras(visit.asker, is_refresh=True)
    odd = {str(one.camera_id): _state(one) for one in seen if any(_state(one))}
    return _fresh({"states": odd})


@router.get("/ground.json")
def tell_ground(_: SignedIn, files: Grounds) -> Response:
    """Background of the map."""
    ground = files.ground()
    if ground is None:
        return _fresh({"kind": ""})
    where = ground.corners
    corners = [where.west, where.north, where.east, where.south] if where else None
    return _fresh({"kind": ground.kind, "corners": corners})


@router.get("/ground")
def send_ground(request: Request, _: SignedIn, files: Grounds) -> Response:
    """The archive or image, whole or in a range; for everybody signed in."""
    ground = files.ground()
    if ground is None:
        raise HTTPException(404)
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=3600"}
    headers["ETag"] = ground.etag
    try:
        span = wanted_span(request.headers.get("range", ""), ground.size_bytes)
    except UnsatisfiableError:
        total = {"Content-Range": f"bytes */{ground.size_bytes}"}
        return Response(status_code=416, headers=total)
    status_code = 200 if span is None else 206
    if span is not None:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{ground.size_bytes}"
    span = span or ByteRange(0, ground.size_bytes - 1)
    headers["Content-Length"] = str(span.size_bytes)
    pieces = ground.read(span.first, span.size_bytes)
    try:
        head = next(pieces, b"")  # before anything is sent: a bucket may be away or have lost it
    except FileNotFoundError as error:
        raise HTTPException(404) from error
    return StreamingResponse(
        chain([head], pieces),
        status_code=status_code,
        headers=headers,
        media_type=ground.media_type,
    )


def _state(camera: SeenCamera) -> list[int]:
    """Whether it has no picture, the number of open alerts, whether its box has a fault."""
    condition = camera.condition
    is_faulty = condition.state is Condition.FAULTY
    return [int(not condition.has_picture), camera.open_alerts, int(is_faulty)]


def _fresh(told: object) -> Response:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})
