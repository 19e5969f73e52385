"""Pages of people and grants: who may see what until when, granting, revoking, roles."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.grants import listing, wording
from hub.access.grants.faults import GrantError
from hub.access.grants.forms import GrantForm
from hub.access.grants.service import GrantService
from hub.access.rules.roles import Role
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn
from hub.web import table_view
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
    return _form(request, visit, grants, GrantForm(place=place, person=person))


def _form(
    request: Request,
    visit: Visit,
    grants: GrantService,
    entered: GrantForm,
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
        rights=[(str(one.name).lower(), wording.right_name(one, words)) for one in wording.SHOWN],
        usual=wording.usual_rights(words),
        role_name=lambda role: wording.role_name(role, words),
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


@router.post("")
def give(
    request: Request, visit: ProvedForm, grants: Grants, entered: Annotated[GrantForm, Form()]
) -> Response:
    """Create a grant."""
    zone = ZoneInfo(visit.site.settings.time_zone)
    try:
        is_theirs = grants.give(visit.asker, entered.grant(zone, visit.site.settings.now()))
    except GrantError as error:
        return _form(request, visit, grants, entered, error)
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
