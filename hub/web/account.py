"""Own account of a person: password and sessions."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.store.accounts import SessionRow, TooManyTries
from hub.store.passwords import MAX_CHARS, MIN_CHARS
from hub.web.auth import FormSent, SignedIn, Visit
from hub.web.site import render
from hub.web.words import Words

router = APIRouter(prefix="/account")

_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("SamsungBrowser", "Samsung"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One session as shown on the page."""

    row: SessionRow
    device: str


def device_name(agent: str, words: Words) -> str:
    """Readable name of a browser from its user agent: "Android · Chrome"."""
    found = [
        next((name for mark, name in known if mark in agent), "") for known in (_SYSTEMS, _BROWSERS)
    ]
    return " · ".join(filter(None, found)) or words.say("An unknown device")


@router.get("")
def show_account(request: Request, visit: SignedIn, done: str = "") -> Response:
    """Password and sessions."""
    return _page(request, visit, done=done)


def _page(
    request: Request, visit: Visit, *, wrong: str = "", wait_minutes: int = 0, done: str = ""
) -> Response:
    words = visit.site.calendar(visit.asker.language).words
    places = [
        Place(row, device_name(row.agent, words))
        for row in visit.site.accounts.sessions(visit.session)
    ]
    return render(
        request,
        "account.html",
        session=visit.session,
        status_code=429 if wait_minutes else 422 if wrong else 200,
        places=places,
        passkeys=visit.site.accounts.passkeys.of(visit.session),
        identities=visit.site.accounts.identities.of(visit.session),
        has_password=visit.site.accounts.has_password(visit.session),
        wrong=wrong,
        wait_minutes=wait_minutes,
        done=done,
        least_chars=MIN_CHARS,
    )


@router.post("/password")
def change_password(
    request: Request,
    visit: FormSent,
    old: Annotated[str, Form(max_length=MAX_CHARS)] = "",
    new: Annotated[str, Form(max_length=MAX_CHARS)] = "",
    again: Annotated[str, Form(max_length=MAX_CHARS)] = "",
) -> Response:
    """Set a new password; all other sessions end."""
    if len(new) < MIN_CHARS:
        return _page(request, visit, wrong="short")
    if new != again:
        return _page(request, visit, wrong="unlike")
    answer = visit.site.accounts.change_password(visit.session, old=old, new=new)
    if isinstance(answer, TooManyTries):
        return _page(request, visit, wrong="wait", wait_minutes=max(1, -(-answer.wait_s // 60)))
    if not answer:
        return _page(request, visit, wrong="password")
    return RedirectResponse("/account?done=password", 303)


@router.post("/sessions/others/end")
def end_others(visit: FormSent) -> Response:
    """Sign out everywhere else."""
    visit.site.accounts.end_other_sessions(visit.session)
    return RedirectResponse("/account?done=sessions", 303)


@router.post("/sessions/{session_id}/end")
def end_session(visit: FormSent, session_id: UUID) -> Response:
    """Sign out there."""
    if not visit.site.accounts.end_session(visit.session, session_id):
        raise HTTPException(404)
    return RedirectResponse("/account?done=sessions", 303)
