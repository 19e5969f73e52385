"""Page of one camera: state, place, recent alerts, nearby cameras."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from hub.access.signin.visit import SignedIn
from hub.alerting.alerts.camera_wording import map_link, near_word
from hub.footage.live.service import LiveService, Purpose
from hub.places.cameras.service import CameraService
from hub.registry import wording
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter()

Cameras = Annotated[CameraService, service(CameraService)]
Live = Annotated[LiveService, service(LiveService)]


@router.get("/cameras/{camera_id}")
def show_camera(
    request: Request, visit: SignedIn, cameras: Cameras, live: Live, camera_id: UUID
) -> Response:
    """One camera; 404 for people who may not see it."""
    page = cameras.camera(visit.asker, camera_id)
    if page is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    camera = page.camera
    agent = request.headers.get("user-agent", "")
    return render(
        request,
        "camera.html",
        session=visit.session,
        page=page,
        look=wording.LOOKS[camera.condition.state],
        state=wording.camera_line(camera.condition, calendar),
        faults=[wording.fault_line(one, calendar.words) for one in camera.condition.faults],
        near=[(one, near_word(how, calendar.words)) for one, how in page.near],
        map_link=map_link(agent, camera.latitude_deg, camera.longitude_deg),
        may_watch=live.may_see_live(visit.asker, camera_id, Purpose.LIVE),
        may_search=visit.may("search"),
        may_find=visit.may("find"),
    )


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "camera.open": say("opened the page of a camera"),
        "cameras.open": say("opened the map of cameras"),
        "cameras.glance": say("an open map asked for the cameras again"),
    }
