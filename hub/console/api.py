"""JSON endpoints for scripts and the service worker: push key, phones, receipts of
notifications."""

import ipaddress
import json
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from hub.access.account_errors import AccountError
from hub.access.signin.visit import ApiCalled, SignedIn, SignedOutError
from hub.alerting.alerts import wording
from hub.alerting.alerts.views import ShownAlert
from hub.alerting.notifications.service import NotificationService
from hub.console.service import InboxService
from hub.nodes.commissioning.alert_test_service import PhoneTestService
from hub.notify.channels import webpush
from hub.notify.phones.service import PhoneService
from hub.web.i18n import Messages
from hub.web.rendering import WebSettings
from hub.web.services import service

router = APIRouter(prefix="/api")

Inbox = Annotated[InboxService, service(InboxService)]
Notifications = Annotated[NotificationService, service(NotificationService)]
Phones = Annotated[PhoneService, service(PhoneService)]
Tests = Annotated[PhoneTestService, service(PhoneTestService)]

MOST_CHANGES: Final = 5_000
"""A phone with more changes, or ahead of a restored hub, gets its whole inbox."""

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,200}={0,2}$")]


class PushKeys(BaseModel):
    """The browser's own keys: only it can decrypt its pushes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    p256dh: Key
    auth: Key


class NewPhone(BaseModel):
    """A browser's push subscription, and the name of the phone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    endpoint: Annotated[str, Field(max_length=2000)]
    keys: PushKeys
    label: Annotated[str, Field(max_length=100)] = ""


class GonePhone(BaseModel):
    """Request to remove a phone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    phone_id: UUID


@router.get("/session")
def tell_session(visit: SignedIn) -> Response:
    """Form token and owner of the session, for the service worker, which has no page."""
    told = {"csrf": visit.session.csrf, "whose": str(visit.asker.person_id)}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


@router.get("/inbox")
def tell_inbox(visit: SignedIn, inbox: Inbox, since: Annotated[int, Query(ge=0)] = 0) -> Response:
    """The inbox as text, for storage on a phone: all its ids, and alerts changed after the cursor
    `since`. "words_only": alerts that this person is told of but may not see."""
    site, asker = visit.site, visit.asker
    whole = inbox.inbox(asker)
    rows = [*whole.all_open, *whole.all_handled]
    changed = {row.alert_id for row in rows}
    if whole.cursor - MOST_CHANGES <= since <= whole.cursor:
        changes, _ = inbox.changes_since(asker, since)
        changed = {change.alert_id for change in changes}
    speech = site.calendar(asker.language).words
    told = {
        "alerts": [str(row.alert_id) for row in rows],
        "words_only": [str(row.alert_id) for row in rows if row.is_in_words],
        "rows": [row_for_phone(row, speech) for row in rows if row.alert_id in changed],
        "cursor": whole.cursor,
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


def row_for_phone(row: ShownAlert, words: Messages) -> dict[str, object]:
    """One alert without picture, for storage on a phone."""
    state = wording.status(row, words)
    return {
        "id": str(row.alert_id),
        "state": row.state,
        "token": state.token,
        "status": state.label,
        "place": row.place or words.say("All places"),
        "words_only": row.is_in_words,
        "what": wording.headline(row, words) + wording.about(row),
        "began_ms": row.began_utc_us // 1000,
        "raised_ms": row.raised_utc_us // 1000,
    }


@router.get("/push-key")
def tell_push_key(visit: SignedIn) -> Response:
    """The hub's public key; a browser accepts only pushes signed by it."""
    return JSONResponse({"key": visit.site.settings.push_public_key})


@router.post("/phones")
def add_phone(visit: ApiCalled, phones: Phones, phone: NewPhone) -> Response:
    """Send notifications to this phone from now on."""
    if not is_push_service(phone.endpoint, visit.site.settings):
        raise HTTPException(422)
    try:
        phone_id = phones.add_phone(
            visit.asker,
            channel=webpush.NAME,
            address=phone.endpoint,
            secrets=json.dumps({"p256dh": phone.keys.p256dh, "auth": phone.keys.auth}),
            label=phone.label,
        )
    except AccountError as error:  # closed during the request
        raise SignedOutError from error
    return JSONResponse({"phone_id": str(phone_id)}, 201)


def is_push_service(endpoint: str, settings: WebSettings) -> bool:
    """True if the hub may send to this address: nobody may make the hub send to its own network."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    if parts.hostname is None or parts.username is not None:
        return False
    if settings.allows_local_push:
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and not _is_local(parts.hostname)


_INSIDE: Final = (".local", ".internal", ".localhost", ".lan", ".home.arpa")
"""Whatever a name leads to is judged again when it is connected to."""


def _is_local(host: str) -> bool:
    host = host.rstrip(".")  # "hub.internal." is the same name
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        # A resolver reads "127.1" and "0x7f.1" as addresses. No top-level domain begins so.
        is_number = host.rpartition(".")[2][:1].isdigit()
        is_inside = host.endswith(_INSIDE)
        return "." not in host or is_number or is_inside


@router.post("/phones/remove")
def remove_phone(visit: ApiCalled, phones: Phones, phone: GonePhone) -> Response:
    """Send no more notifications to this phone."""
    if not phones.remove_phone(visit.asker, phone.phone_id):
        raise HTTPException(404)
    return Response(status_code=204)


@router.post("/notifications/{notification_id}/shown")
def note_shown(visit: ApiCalled, notifications: Notifications, notification_id: UUID) -> Response:
    """Note that the phone showed the notification."""
    if not notifications.shown(visit.asker, notification_id):
        raise HTTPException(404)
    return Response(status_code=204)


@router.post("/checks/{check_id}/shown")
def note_check(visit: ApiCalled, phones: Phones, check_id: UUID) -> Response:
    """Note that the phone showed its daily check, so it is alive."""
    if not phones.check_shown(visit.asker, check_id):
        raise HTTPException(404)
    return Response(status_code=204)


@router.post("/tests/{test_id}/{what}")
def note_test(
    visit: ApiCalled, tests: Tests, test_id: UUID, what: Literal["shown", "opened"]
) -> Response:
    """Note that the phone showed a test alert, or that its owner opened it."""
    if not tests.mark_test(visit.asker, what, test_id):
        raise HTTPException(404)
    return Response(status_code=204)


@router.post("/notifications/{notification_id}/opened")
def note_opened(visit: ApiCalled, notifications: Notifications, notification_id: UUID) -> Response:
    """Note that the owner opened the notification."""
    if not notifications.opened(visit.asker, notification_id):
        raise HTTPException(404)
    return Response(status_code=204)
