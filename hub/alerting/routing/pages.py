"""Pages of alert rules: shown as sentences, tried on last week before they take effect."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.alerting.oncall import wording as oncall_wording
from hub.alerting.oncall.faults import OnCallError
from hub.alerting.routing import wording as routing_wording
from hub.alerting.routing.forms import EVERY_DAY, RuleForm
from hub.alerting.routing.listing import LISTING, RuleLine
from hub.alerting.routing.rules import KINDS, RuleFault
from hub.alerting.routing.service import AlertRuleService, RuleError
from hub.alerting.routing.views import RuleTrial
from hub.registry.zones import all_called
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/rules")

Rules = Annotated[AlertRuleService, service(AlertRuleService)]


@router.get("")
def show_rules(
    request: Request, visit: SignedIn, rules: Rules, saved: str = "", place: str = ""
) -> Response:
    """Rules of the areas one manages, and the form of a new one; 404 for others."""
    return _page(request, visit, rules, RuleForm(place=place, day=EVERY_DAY), saved=saved)


def _page(
    request: Request,
    visit: Visit,
    rules: AlertRuleService,
    entered: RuleForm,
    *,
    saved: str = "",
    trial: RuleTrial | None = None,
    wrong: str = "",
) -> Response:
    page = rules.alert_rules(visit.asker)
    if not page.places:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    words, teams = calendar.words, page.teams
    sentence = partial(routing_wording.sentence, teams=teams, words=words, zones=page.zones)
    lines = [
        RuleLine(
            one, sentence(one.rule, one.place), routing_wording.warnings(one.rule, teams, words)
        )
        for one in page.rules
    ]
    table = LISTING.view(request.query_params)
    return render(
        request,
        "rules.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        rules=LISTING.rows(lines, table),
        table=table,
        entered=entered,
        weekdays=oncall_wording.weekdays(words),
        kinds=[("", routing_wording.kind_name(None, words))]
        + [(kind, routing_wording.kind_name(kind, words)) for kind in KINDS],
        teams=[(key, teams[key].name) for key in page.callable_teams if key in teams],
        trial=trial,
        trial_sentence=sentence(trial.rule, trial.place) if trial else "",
        zones=all_called(page.zones),
        trial_warnings=routing_wording.warnings(trial.rule, teams, words) if trial else [],
        trial_lines=routing_wording.tried(trial, teams, calendar) if trial else [],
        is_saved=bool(saved),
        wrong=wrong,
    )


@router.post("")
def put_rule(
    request: Request, visit: FormSent, rules: Rules, entered: Annotated[RuleForm, Form()]
) -> Response:
    """Try a rule on last week; stored only after the trial was shown or skipped."""
    words = visit.site.calendar(visit.asker.language).words
    zone = visit.site.settings.time_zone
    try:
        new = entered.rule()
        if entered.act != "save":
            trial = rules.try_alert_rule(visit.asker, new, time_zone=zone)
            if trial is None:
                raise HTTPException(404)
            return _page(request, visit, rules, entered, trial=trial)
        if rules.add_alert_rule(visit.asker, new, time_zone=zone) is None:
            raise HTTPException(404)
    except RuleError as error:
        return _page(
            request, visit, rules, entered, wrong=routing_wording.fault(error.fault, words)
        )
    except OnCallError as error:
        return _page(request, visit, rules, entered, wrong=oncall_wording.fault(error.fault, words))
    return RedirectResponse("/rules?saved=1", 303)


@router.post("/{rule_id}/end")
def end_rule(visit: FormSent, rules: Rules, rule_id: UUID) -> Response:
    """End a rule."""
    if not rules.end_alert_rule(visit.asker, rule_id):
        raise HTTPException(404)
    return RedirectResponse("/rules?saved=1", 303)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "rules.count": say("%(n)s rules"),
        "rule.tells_everybody": say("%(place)s: %(kind)s tells everybody: %(reason)s"),
        "rule.tells_nobody": say("%(place)s: %(kind)s tells nobody: %(reason)s"),
        "rule.tells_team": say("%(place)s: %(kind)s tells team: %(reason)s"),
        **{f"rule.{one}": routing_wording.fault(one, words) for one in RuleFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "rule.add": say("made an alert rule"),
        "rule.end": say("ended an alert rule"),
        "rule.try": say("tried an alert rule on last week"),
        "rules.open": say("read the alert rules"),
    }
