"""Live page of a camera: one small picture per second while it is open.

With script it requests the next picture again and again; without, it reloads itself. Both keep the
view alive.
"""

import time
from typing import Annotated, Final
from uuid import UUID

import anyio
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.footage.live.leases import LiveLeases
from hub.footage.live.service import LiveCamera, LiveService, Purpose
from hub.footage.live.views import Key, LivePicture, LiveViews, TooManyError
from hub.registry import wording
from hub.registry.condition import Condition
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter(prefix="/cameras/{camera_id}/live")

Live = Annotated[LiveService, service(LiveService)]
Leases = Annotated[LiveLeases, service(LiveLeases)]

WAIT_S: Final = 1.0
"""Wait for the next picture per request; then the right is checked again."""
LOOK_EVERY_S: Final = 0.05
LOST_AFTER_S: Final = 5.0
"""Pictures come once a second: one this old should have been replaced."""
REFRESH_S: Final = 2
"""Reload interval without script."""


class LivePictures:
    """The live pictures that one request is about."""

    def __init__(self, visit: SignedIn, live: Live, leases: Leases) -> None:
        self._visit = visit
        self._live = live
        self._leases = leases

    @property
    def views(self) -> LiveViews:
        """All live views."""
        return self._leases.views

    def ask(self, camera_id: UUID, purpose: Purpose) -> tuple[LiveCamera, Key]:
        """Start or continue a view: scope check first, log line before any picture.

        Raises 404 without the right, 503 with too many viewers.
        """
        asker, session_id = self._visit.asker, self._visit.session.session_id
        camera = self._live.live_camera(asker, camera_id, purpose)
        if camera is None:
            raise HTTPException(404)
        key = (session_id, camera.camera_id, purpose)
        try:
            begun = self.views.come(session_id, asker, camera, purpose)
        except TooManyError:
            raise HTTPException(503, headers={"Retry-After": "10"}) from None
        if begun is not None:
            try:
                self._live.begin_live(asker, camera_id, purpose)
            except BaseException:
                self.views.leave(key)
                raise
            begun.is_noted = True
            self.views.tell_nodes()
        return camera, key

    def leave(self, camera_id: UUID, purpose: Purpose) -> None:
        """End the view; does nothing without one."""
        self._leases.close((self._visit.session.session_id, camera_id, purpose))

    async def next(self, camera: LiveCamera, key: Key, after: int | None) -> Response:
        """The next picture; with `after`, waits for one that is newer than that number."""
        views = self.views
        until_s = time.monotonic() + (0.0 if after is None else WAIT_S)
        picture = views.newest(key, after=after or 0)
        while picture is None and time.monotonic() < until_s and not self._visit.site.stopping():
            await anyio.sleep(LOOK_EVERY_S)
            picture = views.newest(key, after=after or 0)
        headers = {
            "Cache-Control": "no-store",
            "Watchers": str(views.watchers(camera)),
            "Camera-State": camera.condition.state,
        }
        if picture is None:
            return Response(status_code=204, headers=headers)
        views.handed_out(key)
        about = self._about(picture)
        return Response(picture.jpeg, headers=headers | about, media_type="image/jpeg")

    def _about(self, picture: LivePicture) -> dict[str, str]:
        age_ms = max(0, round(self.views.age_s(picture) * 1000))
        return {"Picture-Number": str(picture.number), "Picture-Age-Ms": str(age_ms)}


Pictures = Annotated[LivePictures, Depends()]


@router.get("")
def show_live(request: Request, visit: SignedIn, pictures: Pictures, camera_id: UUID) -> Response:
    """The page, with the newest picture; 404 for people without the right."""
    camera, key = pictures.ask(camera_id, Purpose.LIVE)
    picture = pictures.views.newest(key)
    calendar = visit.site.calendar(visit.asker.language)
    condition = camera.condition
    is_well = condition.state is Condition.WELL
    age_s = pictures.views.age_s(picture) if picture else 0.0
    return render(
        request,
        "live.html",
        session=visit.session,
        camera=camera,
        look=wording.LOOKS[condition.state],
        state=None if is_well else wording.camera_line(condition, calendar),
        picture=picture,
        age_s=round(age_s),
        taken_utc_us=calendar.now_utc_us - round(age_s * 1e6),
        is_lost=age_s > LOST_AFTER_S,
        watchers=pictures.views.watchers(camera),
        refresh_s=REFRESH_S,
    )


@router.get("/picture")
async def show_picture(
    pictures: Pictures,
    camera_id: UUID,
    after: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
) -> Response:
    """The newest picture; with `after` one newer than that number, as soon as it is here.

    204 without a picture; 404 without the right.
    """
    camera, key = await run_in_threadpool(pictures.ask, camera_id, Purpose.LIVE)
    return await pictures.next(camera, key, after)


@router.post("/end", status_code=204)
def end_live(_: FormSent, pictures: Pictures, camera_id: UUID) -> Response:
    """End the view, because its page was closed: no more pictures are requested from the camera."""
    pictures.leave(camera_id, Purpose.LIVE)
    return Response(status_code=204)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "live.closed": say("%(n)s s, %(m)s pictures; closed"),
        "live.left": say("%(n)s s, %(m)s pictures; the page was left"),
        "live.not_granted": say("%(n)s s, %(m)s pictures; no longer granted"),
        "live.stopped": say("%(n)s s, %(m)s pictures; the hub stopped"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "live.choose": say("saw the list of cameras to watch live"),
        "live.begin": say("began to watch a camera live"),
        "live.end": say("stopped watching a camera live"),
    }
