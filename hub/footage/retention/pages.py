"""Page of legal holds and retention rules."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import FormSent, SignedIn
from hub.footage.retention.forms import EndedRuleForm, HoldForm, RetentionRuleForm
from hub.footage.retention.rules import FootageClass
from hub.footage.retention.service import RetentionService
from hub.footage.retention.views import (
    HeldRow,
    RetentionFault,
    RetentionPage,
    RetentionRuleRow,
)
from hub.footage.transcoding.ahead import CopyQueue
from hub.web.calendar import Calendar
from hub.web.forms import TypedForm
from hub.web.i18n import Messages, one_decimal
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/keeping")

Retention = Annotated[RetentionService, service(RetentionService)]

MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One hold as text."""

    hold_id: UUID
    what: str
    alert_id: UUID | None
    why: str
    covers: str


@dataclass(frozen=True, slots=True)
class Case:
    """All visible holds of one case number."""

    number: str
    lines: tuple[HoldLine, ...]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule as text."""

    row: RetentionRuleRow
    where: str
    what: str
    how_long: str


@router.get("")
def show_retention(
    request: Request, visit: SignedIn, retention: Retention, alert: UUID | None = None
) -> Response:
    """Visible holds and rules; 404 for people who may hold nothing. `alert`: to be held."""
    return _page(request, visit, retention, alert_id=alert)


def _page(
    request: Request,
    visit: Visit,
    retention: RetentionService,
    *,
    alert_id: UUID | None = None,
    fault: RetentionFault | None = None,
    entered: TypedForm | None = None,
) -> Response:
    if not retention.may_hold(visit.asker):
        raise HTTPException(404)
    if alert_id is not None and not retention.may_hold_alert(visit.asker, alert_id):
        raise HTTPException(404)
    page, calendar = retention.page(visit.asker), visit.site.calendar(visit.asker.language)
    today = f"{calendar.local(calendar.now_utc_us):%Y-%m-%d}"
    return render(
        request,
        "keeping.html",
        session=visit.session,
        status_code=422 if fault else 200,
        cases=cases(page, calendar),
        rules=[_rule(row, calendar.words) for row in page.rules],
        cameras=page.cameras,
        areas=page.areas,
        classes=[(one.value, class_name(one, calendar.words)) for one in FootageClass],
        alert_id=alert_id,
        hold=entered if isinstance(entered, HoldForm) else HoldForm(from_day=today),
        rule=entered if isinstance(entered, RetentionRuleForm) else None,
        copies=_copies(visit, calendar.words),
        wrong=fault_sentence(fault, calendar.words) if fault else "",
    )


def _copies(visit: Visit, words: Messages) -> str:
    """Sentence about the number of small copies."""
    queue = visit.use(CopyQueue)
    sentence = words.say(
        "Since the hub's start: %(made)d made, %(waiting)d waiting, %(dropped)d left out as too"
        " many came at once (made when somebody plays the clip), %(failed)d not possible (the"
        " original plays)."
    )
    return sentence % {**queue.counts, "waiting": queue.waiting}


def cases(page: RetentionPage, calendar: Calendar) -> list[Case]:
    """Holds by case number."""
    by_number: dict[str, list[HoldLine]] = {}
    for row in page.holds:
        by_number.setdefault(row.case_number, []).append(_hold(row, calendar))
    return [Case(number, tuple(lines)) for number, lines in by_number.items()]


def _hold(row: HeldRow, calendar: Calendar) -> HoldLine:
    say = calendar.words.say
    told = {
        "camera": f"{row.camera_label} · {row.place}",
        "since": calendar.full(row.from_utc_us),
        "until": "" if row.until_utc_us is None else calendar.full(row.until_utc_us),
        "name": row.placed_by_name or say("the hub's shell"),
        "date": calendar.day(row.placed_utc_us),
        "reason": row.reason,
    }
    match row.of:
        case "alert":
            what = say("All footage of the alert of %(since)s (%(camera)s)")
        case "media":
            what = say("One file of %(since)s (%(camera)s)")
        case _ if row.until_utc_us is None:
            what = say("%(camera)s, from %(since)s on")
        case _:
            what = say("%(camera)s, %(since)s to %(until)s")
    return HoldLine(
        hold_id=row.hold_id,
        what=what % told,
        alert_id=row.alert_id,
        why=say("%(reason)s (%(name)s, %(date)s)") % told,
        covers=_covers(row, calendar.words),
    )


def _covers(row: HeldRow, words: Messages) -> str:
    told = {"n": row.files, "mb": one_decimal(row.size_bytes / MB, words)}
    here = (
        words.count(
            "%(n)d file at the hub (%(mb)s MB)", "%(n)d files at the hub (%(mb)s MB)", row.files
        )
        % told
    )
    if row.node_files is None:
        return f"{here}; {words.say('the camera box has not answered yet')}"
    there = words.count("%(n)d at the camera box", "%(n)d at the camera box", row.node_files)
    return f"{here}; {there % {'n': row.node_files}}"


def _rule(row: RetentionRuleRow, words: Messages) -> RuleLine:
    days = row.keep_days
    return RuleLine(
        row=row,
        where=row.place or words.say("Everywhere else"),
        what=class_name(row.footage_class, words),
        how_long=words.say("for good")
        if days is None
        else words.count("%(n)d day", "%(n)d days", days) % {"n": days},
    )


def class_name(footage_class: FootageClass, words: Messages) -> str:
    """Readable name of a class of footage."""
    match footage_class:
        case FootageClass.ALERT:
            return words.say("Footage of alerts")
        case FootageClass.SIGHTING:
            return words.say("All other footage")


def fault_sentence(fault: RetentionFault, words: Messages) -> str:
    """The fault and the cure."""
    match fault:
        case RetentionFault.CASE:
            return words.say("A hold needs the number of its case.")
        case RetentionFault.REASON:
            return words.say("It needs a reason: somebody will ask one day.")
        case RetentionFault.SPAN:
            return words.say("The span ends before it begins, or is no time: look at its dates.")
        case RetentionFault.DAYS:
            return words.say("Days are a whole number from 1 to 36500; none means for good.")


def _ended(
    request: Request,
    visit: Visit,
    retention: RetentionService,
    answer: RetentionFault | bool,
    entered: TypedForm | None = None,
) -> Response:
    """The page again, with the fault or the new state."""
    if isinstance(answer, RetentionFault):
        alert_id = entered.alert if isinstance(entered, HoldForm) else None
        return _page(request, visit, retention, alert_id=alert_id, fault=answer, entered=entered)
    if not answer:
        raise HTTPException(404)
    return RedirectResponse("/keeping", 303)


@router.post("/holds")
def place_hold(
    request: Request, visit: FormSent, retention: Retention, entered: Annotated[HoldForm, Form()]
) -> Response:
    """Hold an alert's footage for a case, or a time span of a camera."""
    if entered.alert is None and entered.camera is None:
        raise HTTPException(422)
    try:
        new = entered.hold(visit.site.calendar(visit.asker.language))
    except ValueError:
        answer: RetentionFault | bool = RetentionFault.SPAN
    else:
        answer = retention.place_hold(visit.asker, new)
    return _ended(request, visit, retention, answer, entered)


@router.post("/holds/{hold_id}/end")
def end_hold(
    request: Request,
    visit: ProvedForm,
    retention: Retention,
    hold_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """End the hold: retention rules apply again."""
    return _ended(
        request, visit, retention, retention.end_hold(visit.asker, hold_id, reason=reason)
    )


@router.post("/rules")
def set_rule(
    request: Request,
    visit: ProvedForm,
    retention: Retention,
    entered: Annotated[RetentionRuleForm, Form()],
) -> Response:
    """Set the retention of an area."""
    try:
        new = entered.rule()
    except ValueError:
        answer: RetentionFault | bool = RetentionFault.DAYS
    else:
        answer = retention.set_rule(visit.asker, new)
    return _ended(request, visit, retention, answer, entered)


@router.post("/rules/end")
def end_rule(
    request: Request,
    visit: ProvedForm,
    retention: Retention,
    entered: Annotated[EndedRuleForm, Form()],
) -> Response:
    """End the rule: the rule above applies again."""
    answer = retention.end_rule(
        visit.asker, entered.area, entered.footage_class, reason=entered.reason
    )
    return _ended(request, visit, retention, answer)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "retention.count": say("%(n)s holds, %(m)s rules"),
        "retention.for_good": say("%(footage)s for good: %(reason)s"),
        "retention.days": say("%(footage)s for %(n)s days: %(reason)s"),
        "hold.needs_reason": say("a hold needs a case number and a reason"),
        "hold.dates": say("the dates of a hold must lie between 1970 and 2199"),
        "hold.ends_before": say("the hold ends before it begins"),
        "hold.nothing_there": say("this id does not exist, or is not visible to them"),
        "case.reason": say("case %(number)s: %(reason)s"),
        "media.was_here": say("it was here already: sha256 %(sha)s"),
        "media.not_in_store": say("not in the store: sha256 %(sha)s"),
        "media.removed_by_rule": say("rule %(id)s; %(n)s bytes, sha256 %(sha)s"),
        "media.removed_full_disk": say("the disk is full; %(n)s bytes, sha256 %(sha)s"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "media.remove": say("footage was removed"),
        "media.lost": say("a stored file was missing"),
        "media.adopt": say("a file without an entry was entered"),
        "keeping.open": say("read how long footage is kept"),
        "retention.set": say("set how long footage is kept"),
        "retention.end": say("removed a rule of how long footage is kept"),
        "hold.add": say("held footage for a case"),
        "hold.end": say("ended a hold on footage"),
    }
