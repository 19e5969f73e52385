"""What the scripts and the service worker ask for: push key, phones, receipts of notifications."""

import ipaddress
import json
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from hub.web.auth import ApiCalled, SignedIn
from hub.web.site import WebSettings

router = APIRouter(prefix="/api")

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,200}={0,2}$")]


class PushKeys(BaseModel):
    """The browser's own keys: only it can read what is sent to it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    p256dh: Key
    auth: Key


class NewPhone(BaseModel):
    """A push subscription as the browser gives it, and what to call the phone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    endpoint: Annotated[str, Field(max_length=2000)]
    keys: PushKeys
    label: Annotated[str, Field(max_length=100)] = ""


class GonePhone(BaseModel):
    """The phone to tell nothing more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    phone_id: UUID


@router.get("/session")
def tell_session(visit: SignedIn) -> Response:
    """The form token, for the service worker, which sees no page."""
    return JSONResponse({"csrf": visit.session.csrf}, headers={"Cache-Control": "no-store"})


@router.get("/inbox")
def tell_inbox(visit: SignedIn) -> Response:
    """The alerts an inbox holds, for a page whose reader may see less than before."""
    inbox = visit.site.door.inbox(visit.asker)
    seen = [str(row.alert_id) for row in (*inbox.open, *inbox.handled)]
    return JSONResponse({"alerts": seen}, headers={"Cache-Control": "no-store"})


@router.get("/push-key")
def tell_push_key(visit: SignedIn) -> Response:
    """The hub's public key; a browser takes pushes signed by it alone."""
    return JSONResponse({"key": visit.site.settings.push_public_key})


@router.post("/phones")
def add_phone(visit: ApiCalled, phone: NewPhone) -> Response:
    """Tell this phone from now on."""
    if not is_push_service(phone.endpoint, visit.site.settings):
        raise HTTPException(422)
    phone_id = visit.site.door.add_phone(
        visit.asker,
        channel="webpush",
        address=phone.endpoint,
        secrets=json.dumps({"p256dh": phone.keys.p256dh, "auth": phone.keys.auth}),
        label=phone.label,
    )
    return JSONResponse({"phone_id": str(phone_id)}, 201)


def is_push_service(endpoint: str, settings: WebSettings) -> bool:
    """Whether the hub may send there: a person must not aim it at its own network."""
    parts = urlsplit(endpoint)
    if parts.hostname is None or parts.username is not None:
        return False
    if settings.allows_local_push:
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and not _is_local(parts.hostname)


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))


@router.post("/phones/remove")
def remove_phone(visit: ApiCalled, phone: GonePhone) -> Response:
    """Tell it nothing more."""
    if not visit.site.door.remove_phone(visit.asker, phone.phone_id):
        raise HTTPException(404)
    return Response(status_code=204)


@router.post("/notifications/{notification_id}/shown")
def note_shown(visit: ApiCalled, notification_id: UUID) -> Response:
    """The phone showed it."""
    if not visit.site.door.shown(visit.asker, notification_id):
        raise HTTPException(404)
    return Response(status_code=204)


@router.post("/notifications/{notification_id}/opened")
def note_opened(visit: ApiCalled, notification_id: UUID) -> Response:
    """The person opened it."""
    if not visit.site.door.opened(visit.asker, notification_id):
        raise HTTPException(404)
    return Response(status_code=204)
