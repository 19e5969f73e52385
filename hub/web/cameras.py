"""Page of one camera: state, place, recent alerts, nearby cameras."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from hub.alerts.neighbours import Near
from hub.store.arrival_door import CameraService
from hub.store.live_door import LiveService, Purpose
from hub.store.search_door import SearchService
from hub.store.views import SeenCamera
from hub.web.auth import SignedIn
from hub.web.services import service
from hub.web.site import render
from hub.web.when import Calendar
from hub.web.words import Words

router = APIRouter()

Cameras = Annotated[CameraService, service(CameraService)]

AT_HAND_M: Final = 5.0
"""A nearer camera is "beside it": rounded to tens of metres it would be 0."""
STATE_TOKENS = {"well": "resolved", "lost": "warning", "offline": "warning", "never": "muted"}


def state_word(camera: SeenCamera, words: Words) -> str:
    """State of the camera as text."""
    return state_word_of(camera.state, words)


def state_word_of(state: str, words: Words) -> str:
    """The same from the state alone."""
    names = {
        "well": words.say("gives pictures"),
        "lost": words.say("no picture"),
        "offline": words.say("its camera box is silent"),
        "never": words.say("its camera box was never heard of"),
    }
    return names[state]


def near_word(near: Near, words: Words) -> str:
    """Distance, or "same area"."""
    if near.distance_m is None:
        return words.say("same area")
    if near.distance_m < AT_HAND_M:
        return words.say("at that very place")
    return words.say("%(n)d m away") % {"n": round(near.distance_m / 10) * 10}


def state_line(camera: SeenCamera, calendar: Calendar) -> str:
    """State, and since when."""
    since = calendar.clock(camera.since_utc_us)
    word = state_word(camera, calendar.words)
    return calendar.words.say("%(state)s since %(time)s") % {"state": word, "time": since}


def map_link(user_agent: str, latitude_deg: float | None, longitude_deg: float | None) -> str:
    """Address for the phone's map; Apple's phones do not know `geo:`. Empty without a position."""
    if latitude_deg is None or longitude_deg is None:
        return ""
    place = f"{latitude_deg:.6f},{longitude_deg:.6f}"
    is_apple = any(device in user_agent for device in ("iPhone", "iPad", "Mac OS X"))
    return f"maps:?q={place}" if is_apple else f"geo:{place}?q={place}"


@router.get("/cameras/{camera_id}")
def show_camera(request: Request, visit: SignedIn, cameras: Cameras, camera_id: UUID) -> Response:
    """One camera; 404 for people who may not see it."""
    page = cameras.camera(visit.asker, camera_id)
    if page is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    camera = page.camera
    agent = request.headers.get("user-agent", "")
    search = visit.use(SearchService)
    return render(
        request,
        "camera.html",
        session=visit.session,
        page=page,
        token=STATE_TOKENS[camera.state],
        state=state_line(camera, calendar),
        near=[(one, near_word(how, calendar.words)) for one, how in page.near],
        map_link=map_link(agent, camera.latitude_deg, camera.longitude_deg),
        may_watch=visit.use(LiveService).may_see_live(visit.asker, camera_id, Purpose.LIVE),
        may_search=search.searches(visit.asker),
        may_find=search.searches_sightings(visit.asker),
    )
