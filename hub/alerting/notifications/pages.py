"""Page of notifications that never reached their phone, for people who look after cameras."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from hub.access.signin.visit import SignedIn
from hub.alerting.notifications.service import NotificationService
from hub.notify.reason_wording import reason_words
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service

router = APIRouter()

Notifications = Annotated[NotificationService, service(NotificationService)]


@router.get("/undelivered")
def show_undelivered(request: Request, visit: SignedIn, notifications: Notifications) -> Response:
    """Notifications that never reached their phone, and lost phones; 404 for people who manage
    nothing."""
    if not visit.may("tend_nodes"):
        raise HTTPException(404)
    found = notifications.undelivered(visit.asker)
    return render(
        request,
        "undelivered.html",
        session=visit.session,
        found=found,
        reason_words=reason_words,
    )


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "undelivered.count": say("%(n)s in a day"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "notification.shown": say("a phone showed an alert"),
        "notification.opened": say("opened an alert on a phone"),
        "undelivered.open": say("read what could not be delivered"),
    }
