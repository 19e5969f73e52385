"""Pages of rosters and escalation plans: on call, coverage gaps, recipients of alerts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.alerting.oncall import forms, wording
from hub.alerting.oncall.faults import OnCallError, OnCallFault
from hub.alerting.oncall.forms import (
    ChosenShiftForm,
    ExceptionForm,
    PlanForm,
    ShiftDateForm,
    ShiftForm,
    SubstituteForm,
    SwapForm,
    TeamForm,
)
from hub.alerting.oncall.roster_rows import Team
from hub.alerting.oncall.service import OnCallService
from hub.base.audit.asker import Asker
from hub.base.moment import Moment
from hub.web.forms import TypedForm
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
    entered: TypedForm | None = None,
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
        choices=forms.choices,
        shift_form_of=ShiftForm.of,
        new_shift=ShiftForm(),
        entered=_entered(entered, page.team),
        state=wording.on_call_line(page.team, page.names, words, now_utc_us=page.seen_utc_us),
        weekdays=wording.weekdays(words),
        exceptions=wording.exceptions(page.team, today),
        stand_ins=[one for one in page.team.roster.stand_ins if one.day >= today],
        shift_names={one.shift_id: one.name for one in page.team.roster.shifts},
        today=today.isoformat(),
        is_saved=is_saved,
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


def _entered(typed: TypedForm | None, team: Team) -> dict[str, TypedForm | None]:
    """The forms of a team's page by name: as it was typed, if it was this one, else as it begins.

    `shift` is the shift with a fault.
    """
    members = tuple(map(str, team.members))
    return {
        "shift": typed if isinstance(typed, ShiftForm) else None,
        "swap": typed if isinstance(typed, SwapForm) else SwapForm(),
        "exception": typed if isinstance(typed, ExceptionForm) else ExceptionForm(),
        "team": typed if isinstance(typed, TeamForm) else TeamForm(name=team.name, member=members),
    }


@dataclass(frozen=True, slots=True)
class ChangedTeam:
    """A form of one team that was sent."""

    request: Request
    visit: Visit
    on_call: OnCallService
    team_id: UUID

    def answer(
        self,
        entered: TypedForm,
        change: Callable[[OnCallService, Asker, UUID], bool],
        then: str = "",
    ) -> Response:
        """Make a change; the page then shows coverage gaps, or the fault and what was typed."""
        try:
            is_theirs = change(self.on_call, self.visit.asker, self.team_id)
        except OnCallError as error:
            return _team(
                self.request, self.visit, self.on_call, self.team_id, wrong=error, entered=entered
            )
        if not is_theirs:
            raise HTTPException(404)
        return RedirectResponse(then or f"/duty/teams/{self.team_id}?saved=1", 303)


def changed_team(request: Request, visit: FormSent, on_call: OnCall, team_id: UUID) -> ChangedTeam:
    """Dependency of the forms of one team."""
    return ChangedTeam(request, visit, on_call, team_id)


TeamSent = Annotated[ChangedTeam, Depends(changed_team)]


@router.post("/teams/{team_id}/people")
def change_people(sent: TeamSent, entered: Annotated[TeamForm, Form()]) -> Response:
    """Change name and members of a team."""
    return sent.answer(
        entered,
        lambda on_call, asker, team_id: on_call.change_team(
            asker, team_id, name=entered.name, members=entered.members()
        ),
    )


@router.post("/teams/{team_id}/end")
def end_team(sent: TeamSent) -> Response:
    """Remove a team."""
    return sent.answer(
        TypedForm(), lambda on_call, asker, team_id: on_call.end_team(asker, team_id), "/duty"
    )


@router.post("/teams/{team_id}/shift")
def put_shift(sent: TeamSent, entered: Annotated[ShiftForm, Form()]) -> Response:
    """Add or change a shift."""
    return sent.answer(
        entered,
        lambda on_call, asker, team_id: on_call.put_shift(
            asker, team_id, entered.new_shift(), entered.shift_id()
        ),
    )


@router.post("/teams/{team_id}/drop-shift")
def drop_shift(sent: TeamSent, entered: Annotated[ChosenShiftForm, Form()]) -> Response:
    """Remove a shift."""
    return sent.answer(
        entered,
        lambda on_call, asker, team_id: on_call.drop_shift(
            asker, team_id, forms.id_of(entered.shift)
        ),
    )


@router.post("/teams/{team_id}/day")
def put_exception(sent: TeamSent, entered: Annotated[ExceptionForm, Form()]) -> Response:
    """Set other people for a shift on a date."""
    return sent.answer(
        entered,
        lambda on_call, asker, team_id: on_call.put_exception(
            asker,
            team_id,
            entered.on(),
            crew=forms.crew_of(entered.person),
            reason=entered.reason,
        ),
    )


@router.post("/teams/{team_id}/drop-day")
def drop_exception(sent: TeamSent, entered: Annotated[ShiftDateForm, Form()]) -> Response:
    """Remove an exception."""
    return sent.answer(
        entered,
        lambda on_call, asker, team_id: on_call.drop_exception(asker, team_id, entered.on()),
    )


@router.post("/teams/{team_id}/swap")
def swap(sent: TeamSent, entered: Annotated[SwapForm, Form()]) -> Response:
    """Set a substitute, with or without a duty in return."""
    return sent.answer(
        entered,
        lambda on_call, asker, team_id: on_call.swap(asker, team_id, entered.on(), entered.swap()),
    )


@router.post("/teams/{team_id}/drop-swap")
def drop_swap(sent: TeamSent, entered: Annotated[SubstituteForm, Form()]) -> Response:
    """Remove a substitute."""
    return sent.answer(
        entered,
        lambda on_call, asker, team_id: on_call.drop_substitute(
            asker, team_id, entered.on(), forms.id_of(entered.instead_of)
        ),
    )


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
    entered: PlanForm | None = None,
) -> Response:
    page = on_call.plan(visit.asker, area_id)
    if page is None:
        raise HTTPException(404)
    words = visit.site.calendar(visit.asker.language).words
    return render(
        request,
        "plan.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        entered=entered or PlanForm.of(page.plan),
        wrong=wording.fault(wrong.fault, words) if wrong else "",
    )


@router.post("/plans/{area_id}")
def put_plan(
    request: Request,
    visit: FormSent,
    on_call: OnCall,
    area_id: UUID,
    entered: Annotated[PlanForm, Form()],
) -> Response:
    """Store the plan, or end it: the area then has none of its own."""
    try:
        plan = None if entered.end else entered.plan()
        is_theirs = on_call.put_plan(visit.asker, area_id, plan)
    except OnCallError as error:
        return _plan(request, visit, on_call, area_id, error, entered)
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
