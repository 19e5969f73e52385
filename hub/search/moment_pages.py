"""Several cameras at one instant, side by side; and nearby cameras in order of passing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.cases.service import CaseService
from hub.footage.wording import ClipAtNode, clip_at_node_line
from hub.registry.areas import camera_at
from hub.search.find_wording import ROUND_US, doubt_sentence
from hub.search.moment_queries import MOST_CAMERAS, CameraMoment, SideBySide
from hub.search.pages import address_of
from hub.search.passing_wording import Next, follow, leaving_words, next_of, order_sentence
from hub.search.rules.time_words import FIRST_YEAR, LAST_YEAR
from hub.search.service import SearchService
from hub.web.calendar import Calendar
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter(prefix="/moment")

Search = Annotated[SearchService, service(SearchService)]
Cases = Annotated[CaseService, service(CaseService)]

US_PER_S: Final = 1_000_000
STEPS_S: Final = (-60, -10, 10, 60)
LEAST_ERROR_MS: Final = 1000
"""A smaller clock error is not mentioned."""


@dataclass(frozen=True, slots=True)
class CameraPane:
    """One camera as shown on the page."""

    moment: CameraMoment
    play: str
    """Address of its clip, from the instant on; empty if there is none at the hub."""
    start_s: float
    beside: str
    """Distance of the nearest frame from the instant; empty if the clip shows it."""
    doubt: str
    waiting: ClipAtNode | None
    footage: str
    without: str
    """Address of the page without this camera; empty for the only one."""


@router.get("")
def show_moment(
    request: Request,
    visit: SignedIn,
    search: Search,
    cases: Cases,
    camera: Annotated[list[UUID], Query(max_length=MOST_CAMERAS)] = [],  # noqa: B006 - read only
    at: Annotated[str, Query(max_length=30)] = "",
    sighting: UUID | None = None,
) -> Response:
    """`at` is microseconds UTC or local time, `sighting` is the person followed out of the first
    camera's picture; 404 for a camera without the right.

    Without both it redirects to the search.
    """
    if not camera and not at:
        return RedirectResponse("/find", 303)
    calendar = visit.site.calendar(visit.asker.language)
    at_utc_us = instant_of(at, calendar)
    if at_utc_us is None or not camera:
        raise HTTPException(422)
    found = search.side_by_side(visit.asker, camera, at_utc_us=at_utc_us, follow=sighting)
    if found is None:
        raise HTTPException(404)
    shown = [one.camera.camera_id for one in found.moments]
    return render(
        request,
        "moment.html",
        session=visit.session,
        at_utc_us=at_utc_us,
        at_local=f"{calendar.local(at_utc_us):%Y-%m-%dT%H:%M:%S}",
        shown=shown,
        panes=[_pane(one, found, at_utc_us, calendar, sighting) for one in found.moments],
        steps=[(step, _address(shown, at_utc_us + step * US_PER_S, sighting)) for step in STEPS_S],
        near=_near(found, shown, at_utc_us, sighting, calendar),
        order=order_sentence(found, calendar),
        leavers=[
            (leaving_words(one, calendar), _address(shown, at_utc_us, one.sighting_id))
            for one in found.leavers
            if one != found.followed
        ],
        followed=sighting,
        is_near_shown=bool(found.near),
        first=camera_at(found.moments[0].camera.label, found.moments[0].camera.place),
        is_full=len(shown) == MOST_CAMERAS,
        all_near=_all_near(found, shown, at_utc_us, sighting),
        cases=cases.open_cases(visit.asker),
    )


def _near(
    found: SideBySide, shown: list[UUID], at_utc_us: int, sighting: UUID | None, calendar: Calendar
) -> list[tuple[Next, str]]:
    """Cameras not shown yet: the likely next ones, each with the page's address including it."""
    return [
        (next_of(one, passing, calendar), _address([*shown, one.camera_id], at_utc_us, sighting))
        for one, passing in found.near
        if one.camera_id not in shown
    ]


@router.post("/clips/{media_id}/ask")
def ask_for_found(
    visit: FormSent,
    search: Search,
    media_id: UUID,
    back: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Request a clip that is still at its node."""
    if not search.ask_for_found(visit.asker, media_id):
        raise HTTPException(404)
    return RedirectResponse(f"/moment?{back}", 303)


def instant_of(said: str, calendar: Calendar) -> int | None:
    """The instant in microseconds UTC; None if it is not a valid instant."""
    if said.isascii() and said.isdigit():
        utc_us = int(said)
        return utc_us if utc_us < (LAST_YEAR - FIRST_YEAR) * 365 * 86_400 * US_PER_S else None
    try:
        found = datetime.fromisoformat(said[:19]).replace(tzinfo=calendar.zone)
    except ValueError:
        return None
    if not FIRST_YEAR < found.year <= LAST_YEAR:
        return None
    return round(found.timestamp() * US_PER_S)


def _pane(
    one: CameraMoment,
    found: SideBySide,
    at_utc_us: int,
    calendar: Calendar,
    sighting: UUID | None,
) -> CameraPane:
    clip, words = one.clip, calendar.words
    is_here = clip is not None and clip.is_stored
    length_s = one.length_us / US_PER_S
    start_s = min(max(0.0, one.begins_us / US_PER_S), max(0.0, length_s - 0.5))
    others = [
        other.camera.camera_id
        for other in found.moments
        if other.camera.camera_id != one.camera.camera_id
    ]
    there = clip if clip is not None and not clip.is_stored else None
    return CameraPane(
        moment=one,
        play=_play(clip.media_id, clip.codec, start_s) if clip and is_here else "",
        start_s=start_s,
        beside=_beside(one, words),
        doubt=_doubt(one, words),
        waiting=clip_at_node_line(there, calendar, is_node_here=one.camera.is_node_here)
        if there
        else None,
        footage=address_of(
            one.camera.camera_id, at_utc_us - ROUND_US, at_utc_us + ROUND_US, calendar
        ),
        without=_address(others, at_utc_us, sighting) if others else "",
    )


def _play(media_id: UUID, codec: str, start_s: float) -> str:
    tail = "/h264" if codec in ("hevc", "h265") else ""
    return f"/media/{media_id}{tail}#t={start_s:.2f}"


def _beside(one: CameraMoment, words: Messages) -> str:
    if one.clip is None:
        return words.say("Nothing is known of it within 10 minutes of this instant.")
    seconds = max(1, round(abs(one.beside_us) / US_PER_S))
    if one.beside_us < 0:
        said = words.count("Begins %(n)d second later", "Begins %(n)d seconds later", seconds)
        return said % {"n": seconds}
    if one.beside_us > 0:
        said = words.count("Ended %(n)d second before", "Ended %(n)d seconds before", seconds)
        return said % {"n": seconds}
    return ""


def _doubt(one: CameraMoment, words: Messages) -> str:
    if one.clip is None:
        return ""
    error_ms = one.clip.error_ms
    if error_ms is None or error_ms >= LEAST_ERROR_MS:
        return doubt_sentence(error_ms, words)
    return words.say("its clock ± %(n)d ms") % {"n": error_ms}


def _all_near(found: SideBySide, shown: list[UUID], at_utc_us: int, sighting: UUID | None) -> str:
    """The first camera with the most likely others; empty if these are shown already."""
    near = [one.camera_id for one, _ in found.near][: MOST_CAMERAS - 1]
    wanted = [shown[0], *near]
    return _address(wanted, at_utc_us, sighting) if set(wanted) - set(shown) else ""


def _address(camera_ids: list[UUID], at_utc_us: int, sighting: UUID | None) -> str:
    said = [("camera", str(one)) for one in camera_ids[:MOST_CAMERAS]]
    return f"/moment?{urlencode([*said, ('at', str(at_utc_us)), *follow(sighting)])}"
