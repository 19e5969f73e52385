"""Pages of household cameras: registered with consent by officers, and the household's own page."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from hub.access.invitations.pages import qr_code
from hub.access.signin.visit import FormSent, SignedIn
from hub.notify.channels.descriptor import Address
from hub.notify.channels.listing import entry_of, label_of
from hub.public.households.listing import LISTING, STATES, state
from hub.public.households.port import HouseholdServices
from hub.public.households.rules import (
    CONTACT_CHARS,
    NAME_CHARS,
    PLACE_CHARS,
    VIEW_CHARS,
    HouseholdError,
    HouseholdFault,
    NewHousehold,
)
from hub.public.households.service import HouseholdService
from hub.public.tips.rules import read_point
from hub.public.tips.sealing import UnsealError
from hub.registry.shapes import Point
from hub.web.forms import TypedForm, id_of
from hub.web.i18n import LANGUAGES, Messages
from hub.web.rendering import PublicWords, Site, language_of, render, site_of
from hub.web.services import service
from hub.web.table_view import chosen
from hub.web.visit import Visit

router = APIRouter()

GONE: Final = 410
TOKEN_CHARS: Final = 100

Households = Annotated[HouseholdService, service(HouseholdService)]
Word = Annotated[str, Field(max_length=2000)]


class HouseholdForm(TypedForm):
    """A household as an officer typed it."""

    area: Word = ""
    place: Word = ""
    point: Word = ""
    view: Word = ""
    """What the camera sees."""
    name: Word = ""
    contact: Word = ""
    channel: Word = ""
    language: Word = LANGUAGES[0]
    consent: Word = ""


@router.get("/households")
def show_households(request: Request, visit: SignedIn, households: Households) -> Response:
    """Households in one's areas, and the form for another."""
    return _list(request, visit, households)


@router.post("/households")
def register(
    request: Request,
    visit: FormSent,
    households: Households,
    entered: Annotated[HouseholdForm, Form()],
) -> Response:
    """Register a household, and show its own link once."""
    try:
        made = households.register(visit.asker, _new(visit, entered))
    except HouseholdError as error:
        return _list(request, visit, households, wrong=error.fault, entered=entered)
    if made is None:
        raise HTTPException(404)
    household_id, token = made
    return _one(request, visit, households, household_id, token=token)


def _new(visit: Visit, entered: HouseholdForm) -> NewHousehold:
    terms = households_of(visit.site).terms
    language = entered.language if entered.language in LANGUAGES else LANGUAGES[0]
    if entered.channel and entered.channel not in visit.site.settings.notice_channels:
        raise HouseholdError(HouseholdFault.CHANNEL)
    return NewHousehold(
        area_id=id_of(entered.area),
        place=entered.place[:PLACE_CHARS],
        point=point_said(entered.point),
        view=entered.view[:VIEW_CHARS],
        name=entered.name[:NAME_CHARS],
        contact=entered.contact[:CONTACT_CHARS],
        channel=entered.channel,
        language=language,
        consent_version=terms.version,
        consent_text=terms.texts[language],
        has_consent=bool(entered.consent),
    )


def point_said(text: str) -> Point | None:
    """The point typed in the form; HouseholdError if invalid."""
    try:
        return read_point(text)
    except ValueError as error:
        raise HouseholdError(HouseholdFault.POINT) from error


def _list(
    request: Request,
    visit: Visit,
    households: HouseholdService,
    *,
    wrong: HouseholdFault | None = None,
    entered: HouseholdForm | None = None,
) -> Response:
    areas = households.areas(visit.asker)
    if not areas:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    channels = [
        one
        for one in visit.site.settings.notice_channels
        if entry_of(one).address is Address.PERSON
    ]
    rows, table = households.households(visit.asker), LISTING.view(request.query_params)
    look = partial(households.household, visit.asker)
    return render(
        request,
        "households.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        table=table,
        rows=LISTING.rows(rows, table),
        total=len(rows),
        states=sorted({state(row) for row in rows}, key=STATES.index),
        chosen=chosen(rows, request.query_params, lambda row: row.household_id, look),
        areas=areas,
        wrong=fault_word(wrong, words) if wrong else "",
        typed=entered or HouseholdForm(),
        channels=[(one, label_of(one, words)) for one in channels],
        terms=households_of(visit.site).terms,
    )


@router.get("/households/{household_id}")
def show_household(
    request: Request, visit: SignedIn, households: Households, household_id: UUID
) -> Response:
    """The page of one household."""
    return _one(request, visit, households, household_id)


def _one(
    request: Request,
    visit: Visit,
    households: HouseholdService,
    household_id: UUID,
    *,
    token: str = "",
    contact: object = None,
) -> Response:
    row = households.household(visit.asker, household_id)
    if row is None:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    link = f"{visit.site.settings.public_url}/household/{token}" if token else ""
    return render(
        request,
        "household.html",
        session=visit.session,
        row=row,
        link=link,
        qr=qr_code(link, words) if link else "",
        contact=contact,
        channel=label_of(row.channel, words) if row.channel else "",
    )


@router.post("/households/{household_id}/link")
def renew_link(
    request: Request, visit: FormSent, households: Households, household_id: UUID
) -> Response:
    """New link for the household, shown once."""
    token = households.renew_link(visit.asker, household_id)
    if token is None:
        raise HTTPException(404)
    return _one(request, visit, households, household_id, token=token)


@router.post("/households/{household_id}/withdraw")
def withdraw(visit: FormSent, households: Households, household_id: UUID) -> Response:
    """Record that the household withdrew its consent."""
    if not households.withdraw(visit.asker, household_id):
        raise HTTPException(404)
    return RedirectResponse(f"/households/{household_id}", 303)


@router.post("/households/{household_id}/contact")
def ask_contact(
    request: Request,
    visit: FormSent,
    households: Households,
    household_id: UUID,
    reason: Annotated[Word, Form()] = "",
) -> Response:
    """Show the contact; the look and its reason are logged."""
    try:
        contact = households.contact(visit.asker, household_id, reason=reason[:500])
    except UnsealError as error:
        raise HTTPException(503) from error
    if contact is None:
        raise HTTPException(404)
    return _one(request, visit, households, household_id, contact=contact)


@router.get("/household/{token}")
def show_own(request: Request, token: str) -> Response:
    """The household's data, for the holder of its link."""
    return _own(request, token)


@router.post("/household/{token}/withdraw")
def withdraw_own(request: Request, token: str) -> Response:
    """Withdraw the consent, by the household itself."""
    if not households_of(site_of(request)).uploads.withdraw_own(token[:TOKEN_CHARS]):
        raise HTTPException(404)
    return RedirectResponse(f"/household/{token[:TOKEN_CHARS]}", 303)


def _own(request: Request, token: str) -> Response:
    site = site_of(request)
    households = households_of(site)
    if len(token) > TOKEN_CHARS:
        raise HTTPException(404)
    row, language = households.uploads.own(token), language_of(request, None)
    return render(
        request,
        "household_own.html",
        session=None,
        status_code=GONE if row is None else 200,
        row=row,
        token=token,
        said=site.settings.public_words.get(language, PublicWords()),
    )


def households_of(site: Site) -> HouseholdServices:
    """The household services; 404 if the hub has none."""
    found = site.services.find(HouseholdServices)
    if found is None:
        raise HTTPException(404)
    return found


def fault_word(fault: HouseholdFault, words: Messages) -> str:
    """Sentence that says what is missing or invalid, and the cure."""
    say = words.say
    return {
        HouseholdFault.AREA: say("Choose the area that the camera is in."),
        HouseholdFault.PLACE: say("Write where the camera is."),
        HouseholdFault.POINT: say("A point is two numbers, such as 11.5352, 106.6217."),
        HouseholdFault.VIEW: say("Write what the camera sees."),
        HouseholdFault.CONTACT: say("Write how the household is reached."),
        HouseholdFault.CHANNEL: say("This hub has no such channel."),
        HouseholdFault.CONSENT: say("Without the household's consent nothing is written down."),
        HouseholdFault.SPAN: say("The span must end after it begins, within a day."),
        HouseholdFault.AHEAD: say("That time has not come yet."),
        HouseholdFault.OLD: say("That is more than a year ago: no camera still has it."),
        HouseholdFault.WHY: say("Write for the household why you ask."),
        HouseholdFault.HOURS: say("A link holds from 1 hour to 14 days."),
        HouseholdFault.NOBODY: say("Choose at least one household, and at most 50."),
        HouseholdFault.CLOSED: say("The case is closed: open it again first."),
    }[fault]


def why_ended(why: str, words: Messages) -> str:
    """Why a request of a household ended; KeyError for a reason without a text."""
    say = words.say
    return {"consent": say("consent"), "withdrawn": say("withdrawn"), "done": say("done")}[why]


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    return {
        "households.count": words.say("%(n)s households"),
        "household.agreed": words.say("consent %(name)s (%(language)s)"),
        "household.withdrawn": words.say(
            "%(n)s open requests ended; contact forgotten; %(m)s films given before stay under"
            " the rules of their cases"
        ),
        "household.request_ended": "%(ended)s",
        "household.told": words.say("%(name)s: sent"),
        "household.not_told": "%(name)s: %(reason)s",
        "household.upload_bytes": words.say("%(n)s bytes"),
        "household.sent_whole": words.say("%(n)s bytes, whole"),
        "household.sent_cut": words.say("%(n)s bytes, cut %(m)s–%(k)s ms"),
        "household_upload.sealed": words.say("request %(id)s, sha256 %(sha)s, %(n)s bytes"),
        "household_upload.sealed_cut": words.say(
            "request %(id)s, sha256 %(sha)s, %(n)s bytes, cut from sha256 %(sha2)s, %(m)s bytes"
        ),
        "household_upload.removed": words.say("let go %(n)s days ago; %(m)s bytes, sha256 %(sha)s"),
        **{f"household.{one}": fault_word(one, words) for one in HouseholdFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "households.open": say("read the list of households"),
        "household.open": say("opened a household"),
        "household.register": say("entered a household"),
        "household.contact": say("read how to reach a household"),
        "household.link": say("made a link for a household"),
        "household.withdraw": say("a household withdrew its consent"),
        "household.request.tell": say("sent a household a request"),
        "household.request.end": say("a request to a household ended"),
        "household.send.begin": say("a household began to send footage"),
        "household.send": say("a household sent footage"),
        "case.households": say("read which households may be asked"),
        "case.ask": say("asked a household for footage"),
        "case.ask.end": say("withdrew a request to a household"),
        "case.given": say("a household gave footage"),
        "given.open": say("opened footage of a household"),
        "given.remove": say("footage of a household was removed"),
        "given.seal": say("footage of a household was sealed on arrival"),
    }
