"""Part of the technician's page: a test alert to their own phone, and its result."""

import time
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

import anyio
from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.footage.live import pages
from hub.footage.live.service import Purpose
from hub.nodes.commissioning.alert_test_rows import SentTest, TooManyTestsError
from hub.nodes.commissioning.alert_test_service import PhoneTestService
from hub.notify.channels.listing import entry_of
from hub.notify.reason_wording import reason_words
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/cameras/{camera_id}/aim/test")

Tests = Annotated[PhoneTestService, service(PhoneTestService)]

FRESH_S: Final = 5.0
"""Required freshness of the picture, and the longest wait for it."""
UNSEEN_AFTER_S: Final = 30.0
"""An online phone shows a push sooner; after this the page suggests causes."""


@dataclass(frozen=True, slots=True)
class TestLine:
    """One phone as text; `token` and `icon` show its state."""

    __test__ = False  # not a test class for pytest

    label: str
    token: str
    icon: str
    words: str


@dataclass(frozen=True, slots=True)
class TestWords:
    """The last test of one person and camera, as text."""

    __test__ = False

    sent_utc_us: int
    picture: str
    lines: tuple[TestLine, ...]


@router.post("")
async def send_test(
    visit: FormSent, tests: Tests, pictures: pages.Pictures, camera_id: UUID
) -> Response:
    """Send a test to each of the person's own phones; the page then shows the result."""
    age_ms = await _picture_age_ms(visit, pictures, camera_id)
    place = f"/cameras/{camera_id}/aim"
    try:
        owed = await run_in_threadpool(
            lambda: tests.send_test(visit.asker, camera_id, picture_age_ms=age_ms)
        )
    except TooManyTestsError:
        return RedirectResponse(f"{place}?tested=too-many#test", 303)
    if owed is None:
        raise HTTPException(404)
    said = "sent" if owed else "no-phone"
    return RedirectResponse(f"{place}?tested={said}#test", 303)


@router.get("")
def show_test(
    request: Request, visit: SignedIn, tests: Tests, live: pages.Live, camera_id: UUID
) -> Response:
    """The part of the page with the result, for its script; 404 for people who do not manage the
    camera."""
    camera = live.live_camera(visit.asker, camera_id, Purpose.AIM)
    if camera is None:
        raise HTTPException(404)
    return render(
        request,
        "aim_test.html",
        session=visit.session,
        camera=camera,
        test=last_words(visit, tests, camera_id),
    )


def last_words(visit: Visit, tests: PhoneTestService, camera_id: UUID) -> TestWords | None:
    """The last test that this person sent for the camera, or None."""
    sent = tests.last_test(visit.asker, camera_id)
    if not sent:
        return None
    calendar = visit.site.calendar(visit.asker.language)
    say = calendar.words.say
    age_ms = sent[0].picture_age_ms
    picture = say("No picture came from the camera: look at its cable and at its box first.")
    if age_ms is not None:
        picture = say("The camera's picture was %(n).1f s old.") % {"n": age_ms / 1000}
    lines = tuple(_line(one, calendar.words, calendar.now_utc_us) for one in sent)
    return TestWords(sent[0].owed_utc_us, picture, lines)


def _line(sent: SentTest, words: Messages, now_utc_us: int) -> TestLine:
    token, icon, said = _fate(sent, words, now_utc_us)
    return TestLine(sent.label or sent.channel, token, icon, said)


def _fate(sent: SentTest, words: Messages, now_utc_us: int) -> tuple[str, str, str]:
    """CSS class, icon and text of one phone."""
    say = words.say
    if sent.opened_utc_us is not None:
        return "resolved", "resolved", say("Opened on the phone: alerts arrive here.")
    if sent.shown_utc_us is not None:
        return "resolved", "resolved", say("The phone shows it: alerts arrive here.")
    if sent.state == "accepted":
        return _accepted(sent, words, now_utc_us)
    if sent.state == "queued" and not sent.attempts:
        return "taken", "phone", say("On its way.")
    refused = say("Not delivered: its push service refused it (%(reason)s).")
    why = {"dropped": say("Not sent: %(reason)s."), "dead": refused}.get(
        sent.state, say("Its push service did not take it yet (%(reason)s); tried again.")
    )
    return "open", "warning", why % {"reason": reason_words(sent.reason, words)}


def _accepted(sent: SentTest, words: Messages, now_utc_us: int) -> tuple[str, str, str]:
    """For a phone whose service accepted it and which has not reported."""
    say = words.say
    if not entry_of(sent.channel).reports_shown:
        told = say("Its service took it. This way never says whether it is shown: look.")
        return "taken", "taken", told
    if now_utc_us - sent.owed_utc_us < UNSEEN_AFTER_S * 1e6:
        return "taken", "phone", say("Its push service took it; the phone shows it soon.")
    told = say(
        "Its push service took it, but the phone does not show it: is it on, with a line,"
        " and are notifications of the browser allowed in the phone's own settings?"
    )
    return "open", "warning", told


async def _picture_age_ms(
    visit: Visit, pictures: pages.LivePictures, camera_id: UUID
) -> int | None:
    """Age of the camera's newest picture, if a fresh one is here or comes soon."""
    watching, until_s = pictures.views, time.monotonic() + FRESH_S
    _, key = await run_in_threadpool(pictures.ask, camera_id, Purpose.AIM)
    while not visit.site.stopping():
        shot = watching.newest(key)
        if shot is not None and watching.age_s(shot) <= FRESH_S:
            return max(0, round(watching.age_s(shot) * 1000))
        if time.monotonic() >= until_s:
            break
        await anyio.sleep(pages.LOOK_EVERY_S)
        # The page left for this one may have ended the view.
        await run_in_threadpool(pictures.ask, camera_id, Purpose.AIM)
    return None
