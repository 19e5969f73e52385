"""Page of an alert in words, for people who are told of it but may not see it, and "I go"."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.response.going import GoingService
from hub.console import in_words_wording as wording
from hub.console.in_words_service import AlertInWordsService
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter()

Goings = Annotated[GoingService, service(GoingService)]
AlertsInWords = Annotated[AlertInWordsService, service(AlertInWordsService)]


def page(
    request: Request,
    visit: Visit,
    in_words: AlertInWordsService,
    alert_id: UUID,
    *,
    is_late: bool = False,
) -> Response:
    """The alert in words; `is_late`: it was closed before the person said that they go."""
    shown = in_words.alert(visit.asker, alert_id)
    if shown is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    mine = wording.own_going(shown.going, visit.asker, calendar)
    return render(
        request,
        "alert_in_words.html",
        session=visit.session,
        status_code=409 if is_late else 200,
        row=shown.row,
        who=wording.who_has_it(shown.row, calendar),
        why=wording.why_words(shown.row, calendar),
        going=wording.going_sentence(shown.going, calendar),
        mine=mine,
        is_running=AlertState(shown.row.state).is_running,
        is_late=is_late,
    )


@router.post("/alerts/{alert_id}/go")
def go(
    request: Request, visit: FormSent, goings: Goings, in_words: AlertsInWords, alert_id: UUID
) -> Response:
    """Note that the person goes to the place; the alert stays with its holder."""
    return _said(request, visit, goings, in_words, alert_id, goes=True)


@router.post("/alerts/{alert_id}/not-go")
def not_go(
    request: Request, visit: FormSent, goings: Goings, in_words: AlertsInWords, alert_id: UUID
) -> Response:
    """Note that the person does not go after all."""
    return _said(request, visit, goings, in_words, alert_id, goes=False)


def _said(
    request: Request,
    visit: Visit,
    goings: GoingService,
    in_words: AlertInWordsService,
    alert_id: UUID,
    *,
    goes: bool,
) -> Response:
    is_noted = goings.say(visit.asker, alert_id, goes=goes)
    if is_noted is None:
        raise HTTPException(404)
    if not is_noted and in_words.tells(visit.asker, alert_id):
        return page(request, visit, in_words, alert_id, is_late=True)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "alert.words": say("read an alert in words"),
        "alert.go": say("said that they go to an alert"),
        "alert.not_go": say("said that they do not go to an alert after all"),
    }
