"""Officers' acts on a tip: view its pictures, ask for the sender, answer, open a case.

The tip itself is part of its alert's page (`hub.console.pages`).
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.visit import FormSent, SignedIn
from hub.cases.pages import fault_word
from hub.cases.views import CaseError
from hub.public.tips import forms
from hub.public.tips.rules import TipFault
from hub.public.tips.sealing import UnsealError
from hub.public.tips.service import TipService
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter()

Tips = Annotated[TipService, service(TipService)]


@router.get("/tips/pictures/{picture_id}")
def show_picture(visit: SignedIn, tips: Tips, picture_id: UUID) -> Response:
    """A redrawn picture of a tip."""
    content = tips.picture(visit.asker, picture_id)
    if content is None:
        raise HTTPException(404)
    headers = {"Cache-Control": "private, no-store"}
    return Response(content, media_type="image/jpeg", headers=headers)


@router.get("/tips/pictures/{picture_id}/original")
def download_original(visit: SignedIn, tips: Tips, picture_id: UUID) -> Response:
    """A picture as sent, for members of its case: a download, never shown."""
    try:
        content = tips.original(visit.asker, picture_id)
    except UnsealError as error:
        raise HTTPException(503) from error
    if content is None:
        raise HTTPException(404)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="tip-{picture_id}.bin"',
        "Content-Security-Policy": "sandbox",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.post("/alerts/{alert_id}/tip/reporter")
def ask_reporter(
    request: Request,
    visit: FormSent,
    tips: Tips,
    alert_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Show the sender; the look and its reason are logged."""
    try:
        told = tips.reporter(visit.asker, alert_id, reason=reason)
    except UnsealError as error:
        raise HTTPException(503) from error
    if told is None:
        raise HTTPException(404)
    return render(request, "tip_reporter.html", session=visit.session, told=told, alert_id=alert_id)


@router.post("/alerts/{alert_id}/tip/answer")
def answer(
    visit: FormSent,
    tips: Tips,
    alert_id: UUID,
    answer: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """Send an answer to the sender of a tip."""
    return _back(alert_id, is_done=tips.answer(visit.asker, alert_id, answer))


@router.post("/alerts/{alert_id}/tip/case")
def into_case(
    request: Request,
    visit: FormSent,
    tips: Tips,
    alert_id: UUID,
    case: Annotated[UUID | None, Form()] = None,
    number: Annotated[str, Form(max_length=200)] = "",
    purpose: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Add a tip to a case, or to a new one."""
    if case is not None:
        return _back(alert_id, is_done=tips.add_to_case(visit.asker, alert_id, case))
    try:
        case_id = tips.start_case(visit.asker, alert_id, number=number, purpose=purpose)
    except CaseError as error:
        words = visit.site.calendar(visit.asker.language).words
        return render(
            request,
            "tip_case.html",
            session=visit.session,
            status_code=422,
            wrong=fault_word(error.fault, words),
            alert_id=alert_id,
            number=number,
            purpose=purpose,
        )
    if case_id is None:
        raise HTTPException(404)
    return RedirectResponse(f"/cases/{case_id}", 303)


def _back(alert_id: UUID, *, is_done: bool) -> Response:
    if not is_done:
        raise HTTPException(404)
    return RedirectResponse(f"/alerts/{alert_id}", 303)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    return {
        "tip.sender_forgotten": words.say("who sent it, after %(n)s days"),
        "tip.all_forgotten": words.say("all of it, after %(n)s days: %(m)s pictures, %(k)s bytes"),
        "tip.by_form": words.say("form, %(n)s pictures"),
        "tip.by_app": words.say("%(name)s, %(n)s pictures"),
        **{f"tip.{one}": forms.fault_word(one, words) for one in TipFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "tip.forget_contact": say("deleted who sent a report, kept long enough"),
        "tip.forget": say("deleted a report, kept long enough"),
        "tip.open": say("read reports of the public"),
        "tip.take_in": say("took a report of the public in"),
        "tip.picture": say("looked at a picture of a report"),
        "tip.original": say("fetched the original picture of a report"),
        "tip.reporter": say("read who sent a report"),
        "tip.answer": say("answered a report"),
        "tip.case": say("put a report into a case"),
        "case.tip": say("put a report of the public into a case"),
        "tip_key.add": say("made a key for reports from another service"),
        "tip_key.revoke": say("withdrew a key for reports from another service"),
    }
