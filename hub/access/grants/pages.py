"""Pages of people and grants: who may see what until when, granting, revoking, roles."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from hub.access.grants import listing, wording
from hub.access.grants.faults import GrantError, GrantFault
from hub.access.grants.service import GrantService
from hub.access.grants.views import NewGrant
from hub.access.rules.grants import Grant, Right
from hub.access.rules.roles import Role
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn
from hub.web import table_view
from hub.web.forms import Fields, field
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/grants")

Grants = Annotated[GrantService, service(GrantService)]


@router.get("")
def show_grants(request: Request, visit: SignedIn, grants: Grants, saved: str = "") -> Response:
    """The tree of areas one manages, with their grants; 404 for others."""
    return _page(request, visit, grants, is_saved=bool(saved))


def _page(
    request: Request,
    visit: Visit,
    grants: GrantService,
    *,
    is_saved: bool = False,
    wrong: GrantError | None = None,
) -> Response:
    page = grants.grants(visit.asker)
    if not page.tree:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    words = calendar.words
    table, people = listing.LISTING.view(request.query_params), listing.lines(page, words)
    chosen = table_view.chosen(people, request.query_params, lambda one: one.person.person_id)
    theirs = listing.grants_of(page, chosen.person.person_id) if chosen else ()
    return render(
        request,
        "grants.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        tree=[(area, [wording.line(one, calendar) for one in area.grants]) for area in page.tree],
        above=[wording.line(one, calendar, with_place=True) for one in page.above],
        roles=[(role.value, wording.role_name(role, words)) for role in Role],
        states=[(state, wording.state_name(state, words)) for state in listing.STATES],
        table=table,
        people=listing.LISTING.rows(people, table),
        total=len(people),
        chosen=chosen,
        theirs=[wording.line(one, calendar, with_place=True) for one in theirs],
        usual=wording.usual_rights(words),
        state_name=lambda state: wording.state_name(state, words),
        is_saved=is_saved,
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


@router.get("/new")
def show_form(
    request: Request,
    visit: SignedIn,
    grants: Grants,
    area: str = "",
    camera: str = "",
    person: str = "",
) -> Response:
    """Form of a grant; 404 for people who may give none."""
    place = f"camera:{camera}" if camera else f"area:{area}"
    return _form(request, visit, grants, {"place": place, "person": person})


def _form(
    request: Request,
    visit: Visit,
    grants: GrantService,
    entered: dict[str, str],
    wrong: GrantError | None = None,
) -> Response:
    form = grants.grant_form(visit.asker)
    if form is None:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    return render(
        request,
        "grant.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        form=form,
        entered=entered,
        ticked=entered.get("rights", "").split(","),
        rights=[(str(one.name).lower(), wording.right_name(one, words)) for one in wording.SHOWN],
        usual=wording.usual_rights(words),
        role_name=lambda role: wording.role_name(role, words),
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


@router.post("")
def give(request: Request, visit: ProvedForm, grants: Grants, form: Fields) -> Response:
    """Create a grant."""
    zone = ZoneInfo(visit.site.settings.time_zone)
    try:
        new = _new_grant(form, zone, visit.site.settings.now())
        is_theirs = grants.give(visit.asker, new)
    except GrantError as error:
        return _form(request, visit, grants, _entered(form), error)
    if not is_theirs:
        raise HTTPException(404)
    return RedirectResponse("/grants?saved=1", 303)


@router.post("/{grant_id}/revoke")
def revoke(visit: FormSent, grants: Grants, grant_id: UUID) -> Response:
    """End a grant now, with the grants delegated from it."""
    if not grants.revoke(visit.asker, grant_id):
        raise HTTPException(404)
    return RedirectResponse("/grants?saved=1", 303)


@router.post("/people/{person_id}/role")
def set_role(
    request: Request,
    visit: ProvedForm,
    grants: Grants,
    person_id: UUID,
    role: Annotated[str, Form()] = "",
) -> Response:
    """Change a person's role."""
    try:
        is_theirs = grants.set_role(visit.asker, person_id, role)
    except GrantError as error:
        return _page(request, visit, grants, wrong=error)
    if not is_theirs:
        raise HTTPException(404)
    return RedirectResponse(f"/grants/people/{person_id}?done=role", 303)


def _new_grant(form: FormData, zone: ZoneInfo, now_utc_us: int) -> NewGrant:
    starts = _day(field(form, "from"), zone)
    until = _date(field(form, "until"))
    grant = Grant(
        *_place(field(form, "place")),
        _rights(form),
        starts_utc_us=now_utc_us if starts is None else max(starts, now_utc_us),
        ends_utc_us=None if until is None else _midnight(until + timedelta(days=1), zone),
        history_from_utc_us=_day(field(form, "history"), zone),
    )
    return NewGrant(
        person_id=_key(field(form, "person"), GrantFault.PERSON),
        grant=grant,
        reason=field(form, "reason"),
        ends_with_mine=bool(field(form, "with_mine")),
    )


def _rights(form: FormData) -> Right:
    rights = Right(0)
    for name in form.getlist("right"):
        if not isinstance(name, str) or name.upper() not in Right.__members__:
            raise GrantError(GrantFault.RIGHTS)
        rights |= Right[name.upper()]
    return rights


def _place(text: str) -> tuple[UUID | None, UUID | None]:
    kind, _, key = text.partition(":")
    if kind not in ("area", "camera"):
        raise GrantError(GrantFault.PLACE)
    place = _key(key, GrantFault.PLACE)
    return (place, None) if kind == "area" else (None, place)


def _key(text: str, fault: GrantFault) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise GrantError(fault) from error


def _date(text: str) -> date | None:
    """A date between 1970 and 9000; None for an empty field."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise GrantError(GrantFault.DAY) from error
    if not 1970 < day.year < 9000:
        raise GrantError(GrantFault.DAY)
    return day


def _day(text: str, zone: ZoneInfo) -> int | None:
    """First moment of a day, UTC microseconds."""
    day = _date(text)
    return None if day is None else _midnight(day, zone)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000


def _entered(form: FormData) -> dict[str, str]:
    names = ("person", "place", "from", "until", "history", "reason", "with_mine")
    rights = ",".join(one for one in form.getlist("right") if isinstance(one, str))
    return {name: field(form, name) for name in names} | {"rights": rights}
