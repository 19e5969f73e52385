"""Pages of rosters and escalation plans: on call, coverage gaps, recipients of alerts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.alerting.oncall import forms as oncall_forms
from hub.alerting.oncall import wording
from hub.alerting.oncall.faults import OnCallError, OnCallFault
from hub.alerting.oncall.rules.escalation import MOST_STEPS
from hub.alerting.oncall.service import OnCallService
from hub.base.audit.asker import Asker
from hub.base.moment import Moment
from hub.web import forms
from hub.web.forms import Fields
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/duty")

OnCall = Annotated[OnCallService, service(OnCallService)]


@router.get("")
def show_on_call(request: Request, visit: SignedIn, on_call: OnCall) -> Response:
    """All teams of areas one manages, and their plans; 404 for others."""
    return _on_call_page(request, visit, on_call)


def _on_call_page(
    request: Request, visit: Visit, on_call: OnCallService, wrong: OnCallError | None = None
) -> Response:
    page = on_call.duty(visit.asker)
    if not page.areas:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    places = {one.area_id: one.place for one in page.areas}
    return render(
        request,
        "duty.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        teams=[
            (
                wording.on_call_line(one, page.names, words, now_utc_us=page.seen_utc_us),
                places.get(one.area_id, ""),
            )
            for one in page.teams
        ],
        plans=[
            (
                one.area,
                wording.steps(one.plan, page.team_names, words),
                wording.plan_gaps(one.plan, page.called, words),
            )
            for one in page.plans
        ],
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


@router.post("/teams")
def add_team(
    request: Request,
    visit: FormSent,
    on_call: OnCall,
    area: Annotated[UUID, Form()],
    name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Add a team to an area."""
    zone = visit.site.settings.time_zone
    try:
        team_id = on_call.add_team(visit.asker, area, name=name, time_zone=zone)
    except OnCallError as error:
        return _on_call_page(request, visit, on_call, error)
    if team_id is None:
        raise HTTPException(404)
    return RedirectResponse(f"/duty/teams/{team_id}", 303)


@router.get("/teams/{team_id}")
def show_team(
    request: Request, visit: SignedIn, on_call: OnCall, team_id: UUID, saved: str = ""
) -> Response:
    """One team: its week, exceptions and swaps, and coverage gaps."""
    return _team(request, visit, on_call, team_id, is_saved=bool(saved))


def _team(
    request: Request,
    visit: Visit,
    on_call: OnCallService,
    team_id: UUID,
    *,
    is_saved: bool = False,
    wrong: OnCallError | None = None,
) -> Response:
    page = on_call.team(visit.asker, team_id)
    if page is None:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    names = wording.with_suspended(page.names, page.team.roster.absent, words)
    page = replace(page, names=names)
    today = page.team.local(Moment(page.seen_utc_us)).date()
    return render(
        request,
        "team.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        duty_words=wording,
        forms=oncall_forms,
        state=wording.on_call_line(page.team, page.names, words, now_utc_us=page.seen_utc_us),
        weekdays=wording.weekdays(words),
        exceptions=wording.exceptions(page.team, today),
        stand_ins=[one for one in page.team.roster.stand_ins if one.day >= today],
        shift_names={one.shift_id: one.name for one in page.team.roster.shifts},
        today=today.isoformat(),
        is_saved=is_saved,
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


@router.post("/teams/{team_id}/{what}")
def change_team(
    request: Request, visit: FormSent, on_call: OnCall, team_id: UUID, what: str, form: Fields
) -> Response:
    """Change one property of a team; the page then shows coverage gaps."""
    change = CHANGES.get(what)
    if change is None:
        raise HTTPException(404)
    try:
        is_theirs = change(on_call, visit.asker, team_id, form)
    except OnCallError as error:
        return _team(request, visit, on_call, team_id, wrong=error)
    if not is_theirs:
        raise HTTPException(404)
    return RedirectResponse("/duty" if what == "end" else f"/duty/teams/{team_id}?saved=1", 303)


def _people(on_call: OnCallService, asker: Asker, team_id: UUID, form: FormData) -> bool:
    name, members = forms.field(form, "name"), oncall_forms.ids(form, "member")
    return on_call.change_team(asker, team_id, name=name, members=members)


def _end(on_call: OnCallService, asker: Asker, team_id: UUID, _form: FormData) -> bool:
    return on_call.end_team(asker, team_id)


def _shift(on_call: OnCallService, asker: Asker, team_id: UUID, form: FormData) -> bool:
    chosen = forms.field(form, "shift")
    shift_id = oncall_forms.key(chosen) if chosen else None
    return on_call.put_shift(asker, team_id, oncall_forms.shift(form), shift_id)


def _drop_shift(on_call: OnCallService, asker: Asker, team_id: UUID, form: FormData) -> bool:
    shift_id = oncall_forms.key(forms.field(form, "shift"))
    return on_call.drop_shift(asker, team_id, shift_id)


def _exception(on_call: OnCallService, asker: Asker, team_id: UUID, form: FormData) -> bool:
    crew, reason = oncall_forms.crew(form, "p"), forms.field(form, "reason")
    on = oncall_forms.duty(form)
    return on_call.put_exception(asker, team_id, on, crew=crew, reason=reason)


def _drop_exception(on_call: OnCallService, asker: Asker, team_id: UUID, form: FormData) -> bool:
    return on_call.drop_exception(asker, team_id, oncall_forms.duty(form))


def _swap(on_call: OnCallService, asker: Asker, team_id: UUID, form: FormData) -> bool:
    on, new = oncall_forms.duty(form), oncall_forms.swap(form)
    return on_call.swap(asker, team_id, on, new)


def _drop_swap(on_call: OnCallService, asker: Asker, team_id: UUID, form: FormData) -> bool:
    whom = oncall_forms.key(forms.field(form, "instead_of"))
    return on_call.drop_substitute(asker, team_id, oncall_forms.duty(form), whom)


CHANGES: Final[Mapping[str, Callable[[OnCallService, Asker, UUID, FormData], bool]]] = {
    "people": _people,
    "end": _end,
    "shift": _shift,
    "drop-shift": _drop_shift,
    "day": _exception,
    "drop-day": _drop_exception,
    "swap": _swap,
    "drop-swap": _drop_swap,
}
"""Last part of the address → change."""


@router.get("/plan")
def choose_plan(request: Request, visit: SignedIn, on_call: OnCall, area: UUID) -> Response:
    """Redirect to the plan of the chosen area."""
    return _plan(request, visit, on_call, area)


@router.get("/plans/{area_id}")
def show_plan(request: Request, visit: SignedIn, on_call: OnCall, area_id: UUID) -> Response:
    """The page of an area's plan: who is told of its alerts, in order."""
    return _plan(request, visit, on_call, area_id)


def _plan(
    request: Request,
    visit: Visit,
    on_call: OnCallService,
    area_id: UUID,
    wrong: OnCallError | None = None,
) -> Response:
    page = on_call.plan(visit.asker, area_id)
    if page is None:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    steps = [] if page.plan is None else list(page.plan.steps)
    return render(
        request,
        "plan.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        rows=[
            (
                number,
                oncall_forms.chosen(steps[number]) if number < len(steps) else "",
                steps[number].wait_s if number < len(steps) else 60,
            )
            for number in range(min(MOST_STEPS, max(4, len(steps) + 1)))
        ],
        repeats=0 if page.plan is None else page.plan.repeats,
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


@router.post("/plans/{area_id}")
def put_plan(
    request: Request, visit: FormSent, on_call: OnCall, area_id: UUID, form: Fields
) -> Response:
    """Store the plan; without any step the area has no plan of its own."""
    is_ended = bool(forms.field(form, "end"))
    try:
        plan = None if is_ended else oncall_forms.plan(form)
        is_theirs = on_call.put_plan(visit.asker, area_id, plan)
    except OnCallError as error:
        return _plan(request, visit, on_call, area_id, error)
    if not is_theirs:
        raise HTTPException(404)
    return RedirectResponse("/duty", 303)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "oncall.count": say("%(n)s teams, %(m)s plans"),
        "plan.steps": say("%(n)s steps, %(m)s repeats"),
        "team.people": say("%(name)s, %(n)s people"),
        "roster.day": "%(day)s",
        "roster.changed": "%(name)s, %(day)s: %(reason)s",
        **{f"oncall.{one}": wording.fault(one, words) for one in OnCallFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "duty.open": say("read the rosters"),
        "plan.open": say("read an escalation plan"),
        "plan.set": say("changed an escalation plan"),
        "plan.end": say("removed an escalation plan"),
        "team.open": say("read the roster of a team"),
        "team.add": say("made a team"),
        "team.change": say("changed a team"),
        "team.end": say("ended a team"),
        "roster.shift": say("set a shift"),
        "roster.shift.drop": say("removed a shift"),
        "roster.odd_day": say("set an exceptional day of a roster"),
        "roster.odd_day.drop": say("removed an exceptional day of a roster"),
        "roster.swap": say("set a substitute"),
        "roster.swap.drop": say("removed a substitute"),
    }
