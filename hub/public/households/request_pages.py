"""Requests to households from a case, and their uploaded films; for members of the case."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from hub.access.invitations.pages import qr_code
from hub.access.signin.visit import FormSent, SignedIn
from hub.footage.playback import pages
from hub.notify.channels.listing import label_of
from hub.public.households.pages import fault_word, households_of, point_said
from hub.public.households.request_service import HouseholdRequestService
from hub.public.households.rules import (
    MOST_ASKED,
    MOST_HOURS,
    RADIUS_M,
    WHY_CHARS,
    HouseholdError,
    HouseholdFault,
    RequestedFootage,
)
from hub.public.households.views import MadeRequest
from hub.public.tips.sealing import UnsealError
from hub.web.calendar import Calendar
from hub.web.forms import TypedForm
from hub.web.i18n import words as words_of
from hub.web.rendering import PublicWords, render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/cases")

PLAYED: Final = "video/mp4"
"""Pages play this type; every other film is a download."""

Requests = Annotated[HouseholdRequestService, service(HouseholdRequestService)]
Word = Annotated[str, Field(max_length=2000)]


class AskForm(TypedForm):
    """A request to households: what is asked for, and near what they were looked for."""

    household: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    since: Word = ""
    until: Word = ""
    why: Word = ""
    hours: Word = ""
    point: Word = ""
    radius: Word = ""

    def footage(self, calendar: Calendar) -> RequestedFootage:
        """What is asked for; raises HouseholdError for an invalid time."""
        return RequestedFootage(
            household_ids=self.household,
            since_utc_us=_moment(self.since, calendar),
            until_utc_us=_moment(self.until, calendar),
            why=self.why[:WHY_CHARS],
            hours=int(self.hours) if self.hours.isdecimal() and len(self.hours) < 6 else 0,
        )


@router.get("/{case_id}/ask")
def show_ask(
    request: Request,
    visit: SignedIn,
    requests: Requests,
    case_id: UUID,
    point: str = "",
    radius: str = "",
) -> Response:
    """Households near a place, and the form for a request."""
    return _ask_page(request, visit, requests, case_id, AskForm(point=point, radius=radius))


def _ask_page(
    request: Request,
    visit: Visit,
    requests: HouseholdRequestService,
    case_id: UUID,
    entered: AskForm,
    wrong: HouseholdFault | None = None,
) -> Response:
    services, words = households_of(visit.site), visit.site.calendar(visit.asker.language).words
    radius_m = _radius_m(entered.radius)
    try:
        point = point_said(entered.point[:100])
    except HouseholdError as error:
        point, wrong = None, error.fault
    near = requests.near(visit.asker, case_id, point, radius_m)
    if near is None:
        raise HTTPException(404)
    return render(
        request,
        "case_ask.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        case_id=case_id,
        near=near,
        has_point=point is not None,
        wrong=fault_word(wrong, words) if wrong else "",
        typed=entered,
        radius_m=radius_m,
        hours=entered.hours or services.terms.link_hours,
        most={"why": WHY_CHARS, "hours": MOST_HOURS, "asked": MOST_ASKED},
    )


@router.post("/{case_id}/ask")
async def ask(
    request: Request,
    visit: FormSent,
    requests: Requests,
    case_id: UUID,
    entered: Annotated[AskForm, Form()],
) -> Response:
    """One link per household, sent by a channel if possible, and shown once."""
    try:
        wanted = entered.footage(visit.site.calendar(visit.asker.language))
        asked = await run_in_threadpool(requests.ask, visit.asker, case_id, wanted)
    except HouseholdError as error:
        return await run_in_threadpool(
            _ask_page, request, visit, requests, case_id, entered, error.fault
        )
    except UnsealError as error:
        raise HTTPException(503) from error
    if asked is None:
        raise HTTPException(404)
    outcomes = [await _tell(visit, requests, one) for one in asked]
    shown = list(zip(asked, outcomes, strict=True))
    return await run_in_threadpool(_asked_page, request, visit, case_id, shown)


async def _tell(visit: Visit, requests: HouseholdRequestService, one: MadeRequest) -> str:
    """Send by its channel; the log has the result in the channel's own words."""
    if not one.address:
        return ""
    services, words = households_of(visit.site), words_of(one.language)
    calendar, by = visit.site.calendar(one.language), visit.site.settings.public_words
    who = by.get(one.language, PublicWords()).watched_by or words.say("those who watch here")
    title = words.say("Mắt Thần asks for a film of your camera")
    body = words.say("Asked by %(by)s. The link holds until %(time)s.")
    body %= {"by": who, "time": calendar.full(one.expires_utc_us)}
    outcome = await services.tell(one.channel, one.address, title, body, f"/give/{one.token}")
    said = outcome or "sent"
    await run_in_threadpool(requests.told, visit.asker, one.request_id, one.channel, said)
    return said


def _asked_page(
    request: Request, visit: Visit, case_id: UUID, shown: list[tuple[MadeRequest, str]]
) -> Response:
    words, url = visit.site.calendar(visit.asker.language).words, visit.site.settings.public_url
    links = []
    for one, outcome in shown:
        link = f"{url}/give/{one.token}"
        name = label_of(one.channel, words) if one.channel else ""
        links.append((one, link, qr_code(link, words), outcome, name))
    return render(request, "case_asked.html", session=visit.session, case_id=case_id, links=links)


@router.post("/{case_id}/ask/{request_id}/end")
def end_request(visit: FormSent, requests: Requests, case_id: UUID, request_id: UUID) -> Response:
    """End a request: its link no longer works."""
    if not requests.end_request(visit.asker, case_id, request_id):
        raise HTTPException(404)
    return RedirectResponse(f"/cases/{case_id}#asked", 303)


@router.get("/{case_id}/given/{clip_id}")
@router.head("/{case_id}/given/{clip_id}")
def show_given(
    request: Request, visit: SignedIn, requests: Requests, case_id: UUID, clip_id: UUID
) -> Response:
    """A film of a household, whole or in part; for the browser only bytes."""
    media = requests.open_clip(visit.asker, case_id, clip_id)
    response = pages.answer(request, media)
    response.headers["Content-Security-Policy"] = "sandbox"
    if media is not None and media.media_type != PLAYED:
        name = response.headers.get("content-disposition", "").replace("inline", "attachment")
        response.headers["Content-Disposition"] = name
    return response


@router.post("/{case_id}/given/{clip_id}")
def change_given(
    visit: FormSent,
    requests: Requests,
    case_id: UUID,
    clip_id: UUID,
    note: Annotated[Word, Form()] = "",
    marked: Annotated[bool, Form()] = False,
    out: Annotated[bool, Form()] = False,
) -> Response:
    """Change note or mark, or remove it from the case."""
    asker = visit.asker
    done = (
        requests.remove_clip(asker, case_id, clip_id)
        if out
        else requests.change_clip(asker, case_id, clip_id, note=note, is_marked=marked)
    )
    if not done:
        raise HTTPException(404)
    return RedirectResponse(f"/cases/{case_id}", 303)


def _moment(said: str, calendar: Calendar) -> int:
    """`2026-11-25T02:10` in local time."""
    day, _, clock = said.strip().replace(" ", "T").partition("T")
    try:
        return round(calendar.typed(day, clock).timestamp() * 1e6)
    except (ValueError, OverflowError) as error:
        raise HouseholdError(HouseholdFault.SPAN) from error


def _radius_m(said: str) -> int:
    return int(said) if said.isdecimal() and 0 < len(said) < 6 else RADIUS_M
