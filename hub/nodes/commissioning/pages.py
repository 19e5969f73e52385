"""Technician's page of a camera: live picture for aiming, drawn zones and masks, test alert
(`hub.nodes.commissioning.alert_test_pages`).

The drawing becomes a desired setting of the node (`hub.nodes.desired_state.service`); the node
checks it and reports the result.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from agent.wire.settings import SettingsFault
from hub.access.signin.visit import FormSent, SignedIn
from hub.base.errors import RegistryError
from hub.footage.live import pages
from hub.footage.live.service import Purpose
from hub.nodes.commissioning import alert_test_pages
from hub.nodes.commissioning.alert_test_service import PhoneTestService
from hub.nodes.desired_state.fault_wording import fault_words
from hub.nodes.desired_state.rules.layers import SettingsState
from hub.nodes.desired_state.rules.outlines import OutlineFault, keys, read, written
from hub.nodes.desired_state.service import SettingsService
from hub.nodes.desired_state.views import CameraNow
from hub.nodes.desired_state.wording import waiting_line
from hub.notify.phones.service import PhoneService
from hub.web.compass import facing_words
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/cameras/{camera_id}/aim")

Settings = Annotated[SettingsService, service(SettingsService)]
Phones = Annotated[PhoneService, service(PhoneService)]
Tests = Annotated[PhoneTestService, service(PhoneTestService)]

MOST_CHARS: Final = 40_000
MAST_M: Final = (2.0, 30.0)
HORIZON_PERCENT: Final = (-100.0, 90.0)
"""Least and most horizon in percent of the picture's height, from the top."""


class AimPage:
    """The page of one request."""

    def __init__(
        self,
        request: Request,
        visit: SignedIn,
        pictures: pages.Pictures,
        settings: Settings,
        tests: Tests,
        phones: Phones,
        camera_id: UUID,
    ) -> None:
        self._request = request
        self._visit = visit
        self._pictures = pictures
        self._settings = settings
        self._tests = tests
        self._phones = phones
        self._camera_id = camera_id

    def shown(
        self,
        *,
        wrong: str = "",
        typed: Mapping[str, str] | None = None,
        saved: str = "",
        tested: str = "",
    ) -> Response:
        """The page; 404 for people who do not manage the camera, 422 with `wrong`."""
        visit, camera_id = self._visit, self._camera_id
        camera, key = self._pictures.ask(camera_id, Purpose.AIM)
        now = self._settings.of_camera(visit.asker, camera_id)
        shot = self._pictures.views.newest(key)
        words = visit.site.calendar(visit.asker.language).words
        outlines = written(_value(now, "private"), _zones(now)) if now else ""
        fields = {"outlines": outlines, "reason": "", **_measures(now), **(typed or {})}
        phones = self._phones.phones(visit.asker)
        return render(
            self._request,
            "aim.html",
            session=visit.session,
            status_code=422 if wrong else 200,
            camera=camera,
            shot=shot,
            now=now,
            state=_state(visit, now) if now else "",
            fields=fields,
            waiting=waiting_line(now.waiting, words) if now else "",
            wrong=wrong,
            saved=saved,
            points=[(index * 45, name) for index, name in enumerate(facing_words(words).values())],
            tested=tested,
            test=alert_test_pages.last_words(visit, self._tests, camera_id),
            has_phones=any(one.gone_utc_us is None for one in phones),
            refresh_s=pages.REFRESH_S,
        )


Page = Annotated[AimPage, Depends()]


@router.get("")
def show_aim(page: Page, saved: str = "", tested: str = "") -> Response:
    """The page; 404 for people who do not manage the camera."""
    return page.shown(saved=saved, tested=tested)


@router.get("/picture")
async def show_picture(
    pictures: pages.Pictures,
    camera_id: UUID,
    after: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
) -> Response:
    """The newest picture, as on the live page, for people who manage the camera."""
    camera, key = await run_in_threadpool(pictures.ask, camera_id, Purpose.AIM)
    return await pictures.next(camera, key, after)


@router.post("/end", status_code=204)
def end_aim(_: FormSent, pictures: pages.Pictures, camera_id: UUID) -> Response:
    """End the live pictures, because the page was closed."""
    pictures.leave(camera_id, Purpose.AIM)
    return Response(status_code=204)


@router.post("")
def save_outlines(
    visit: FormSent,
    page: Page,
    settings: Settings,
    camera_id: UUID,
    outlines: Annotated[str, Form(max_length=MOST_CHARS)] = "",
    reason: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Desire these zones and masks for the camera; if they are invalid, the page again with the
    reason."""
    now = settings.of_camera(visit.asker, camera_id)
    if now is None:
        raise HTTPException(404)
    say = visit.site.calendar(visit.asker.language).words.say
    try:
        wanted = keys(read(outlines), _zones(now))
        settings.want_of_camera(visit.asker, camera_id, wanted, reason=reason.strip())
    except OutlineFault as fault:
        wrong = say("Line %(n)d is no outline.") % {"n": fault.line}
    except SettingsFault as fault:
        wrong = fault_words(str(fault), visit.site.calendar(visit.asker.language).words)
    except RegistryError:
        wrong = say("Say why: it stands beside the change.")
    else:
        return RedirectResponse(f"/cameras/{camera_id}/aim?saved=1", 303)
    return page.shown(wrong=wrong, typed={"outlines": outlines, "reason": reason})


@router.post("/bearing")
def save_bearing(
    visit: FormSent,
    page: Page,
    live: pages.Live,
    camera_id: UUID,
    bearing: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Store the camera's direction of view, in degrees from north over east; empty: unknown."""
    said = bearing.strip().replace(",", ".")
    try:
        degrees = float(said) if said else None
        is_theirs = live.set_bearing(visit.asker, camera_id, degrees)
    except (ValueError, RegistryError):
        words = visit.site.calendar(visit.asker.language).words
        wrong = words.say("It looks to 0 to 360 degrees: 0 is north, 90 east.")
        return page.shown(wrong=wrong)
    if not is_theirs:
        raise HTTPException(404)
    return RedirectResponse(f"/cameras/{camera_id}/aim?saved=bearing", 303)


@router.post("/measures")
def save_measures(
    visit: FormSent,
    page: Page,
    settings: Settings,
    camera_id: UUID,
    mast_height_m: Annotated[str, Form(max_length=10)] = "",
    horizon: Annotated[str, Form(max_length=10)] = "",
    reason: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Store the camera's height in metres, and its horizon in percent of the picture's height from
    its top, as desired settings; empty: the node's own value applies."""
    say = visit.site.calendar(visit.asker.language).words.say
    typed = {"mast_height_m": mast_height_m, "horizon": horizon, "reason": reason}
    try:
        percent = _typed(horizon, HORIZON_PERCENT)
        keys = {
            "mast_height_m": _typed(mast_height_m, MAST_M),
            "horizon": None if percent is None else percent / 100,
        }
    except ValueError:
        wrong = say(
            "The camera hangs 2 to 30 metres high, and its horizon is from −100 to 90 percent."
        )
        return page.shown(wrong=wrong, typed=typed)
    try:
        is_theirs = settings.want_of_camera(visit.asker, camera_id, keys, reason=reason.strip())
    except SettingsFault as fault:
        wrong = fault_words(str(fault), visit.site.calendar(visit.asker.language).words)
    except RegistryError:
        wrong = say("Say why: it stands beside the change.")
    else:
        if not is_theirs:
            raise HTTPException(404)
        return RedirectResponse(f"/cameras/{camera_id}/aim?saved=1", 303)
    return page.shown(wrong=wrong, typed=typed)


def _typed(said: str, allowed: tuple[float, float]) -> float | None:
    """A number as typed, with a point or a comma; None: nothing. ValueError out of bounds."""
    text = said.strip().replace(",", ".").replace("−", "-")
    if not text:
        return None
    least, most = allowed
    value = float(text)
    if not least <= value <= most:
        raise ValueError(said)
    return value


def _value(now: CameraNow, key: str) -> list[Any]:
    """Desired value of the camera, or the effective one if none is desired."""
    return list(now.wanted.get(key, now.works_by.get(key)) or [])


def _measures(now: CameraNow | None) -> dict[str, str]:
    """Mast height in metres and horizon in percent, as in the fields; empty: not known."""
    found = {"mast_height_m": "", "horizon": ""}
    for key, unknown, scale in (("mast_height_m", 0, 1), ("horizon", 1, 100)):
        value = now.wanted.get(key, now.works_by.get(key)) if now else None
        if isinstance(value, int | float) and value != unknown:
            found[key] = f"{round(value * scale, 2):g}"
    return found


def _zones(now: CameraNow) -> list[dict[str, Any]]:
    return [zone for zone in _value(now, "zone") if isinstance(zone, dict)]


def _state(visit: Visit, now: CameraNow) -> str:
    """Progress of the node with the desired settings."""
    words = visit.site.calendar(visit.asker.language).words
    say = words.say
    match now.state:
        case SettingsState.IN_FORCE:
            return say("The camera box works by them.")
        case SettingsState.REFUSED | SettingsState.FELL_BACK:
            why = fault_words(now.reason, words)
            return say("The camera box did not take them: %(reason)s") % {"reason": why}
        case SettingsState.UNASKED:
            return say("Nothing was ever wanted of this camera box.")
        case _:
            return say("The camera box has not taken them yet.")


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "phone.too_many_tests": say("%(n)s tests in the last hour"),
        "phones.count": say("%(n)s phones"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "aim.begin": say("began to aim a camera"),
        "aim.end": say("stopped aiming a camera"),
        "phone.test": say("sent a test alert to their phones"),
    }
