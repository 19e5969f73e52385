"""Pages of one's own account: password and sessions."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.account_errors import AccountFault
from hub.access.account_wording import fault_words
from hub.access.passwords import MAX_CHARS, MIN_CHARS
from hub.access.signin.accounts import Accounts, SessionRow, TooManyTries
from hub.access.signin.own_account import OwnAccountService
from hub.access.signin.visit import FormSent, SignedIn, know_browser
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/account")

OwnAccount = Annotated[OwnAccountService, service(OwnAccountService)]

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
class SessionPlace:
    """One session as shown on the page."""

    row: SessionRow
    device: str


def device_name(agent: str, words: Messages) -> str:
    """Readable name of a browser from its user agent: "Android · Chrome"."""
    found = [
        next((name for mark, name in known if mark in agent), "") for known in (_SYSTEMS, _BROWSERS)
    ]
    return " · ".join(filter(None, found)) or words.say("An unknown device")


@router.get("")
def show_account(request: Request, visit: SignedIn, own: OwnAccount, done: str = "") -> Response:
    """The page with password and sessions."""
    return _page(request, visit, own, done=done)


def _page(
    request: Request,
    visit: Visit,
    own: OwnAccountService,
    *,
    wrong: str = "",
    wait_minutes: int = 0,
    done: str = "",
) -> Response:
    words = visit.site.calendar(visit.asker.language).words
    places = [
        SessionPlace(row, device_name(row.agent, words)) for row in own.sessions(visit.session)
    ]
    return render(
        request,
        "account.html",
        session=visit.session,
        status_code=429 if wait_minutes else 422 if wrong else 200,
        places=places,
        passkeys=visit.use(Accounts).passkeys.of(visit.session),
        identities=visit.use(Accounts).identities.of(visit.session),
        has_password=own.has_password(visit.session),
        wrong=wrong,
        wait_minutes=wait_minutes,
        done=done,
        least_chars=MIN_CHARS,
    )


@router.post("/password")
def change_password(
    request: Request,
    visit: FormSent,
    own: OwnAccount,
    old: Annotated[str, Form(max_length=MAX_CHARS)] = "",
    new: Annotated[str, Form(max_length=MAX_CHARS)] = "",
    again: Annotated[str, Form(max_length=MAX_CHARS)] = "",
) -> Response:
    """Set a new password; all other sessions end."""
    if len(new) < MIN_CHARS:
        return _page(request, visit, own, wrong="short")
    if new != again:
        return _page(request, visit, own, wrong="unlike")
    answer = own.change_password(visit.session, old=old, new=new)
    if isinstance(answer, TooManyTries):
        return _page(
            request, visit, own, wrong="wait", wait_minutes=max(1, -(-answer.wait_s // 60))
        )
    if not answer:
        return _page(request, visit, own, wrong="password")
    response = RedirectResponse("/account?done=password", 303)
    know_browser(request, response, visit.asker.person_id)  # what it knew ended with the old one
    return response


@router.post("/sessions/others/end")
def end_others(visit: FormSent, own: OwnAccount) -> Response:
    """End all other sessions of the person."""
    own.end_other_sessions(visit.session)
    return RedirectResponse("/account?done=sessions", 303)


@router.post("/sessions/{session_id}/end")
def end_session(visit: FormSent, own: OwnAccount, session_id: UUID) -> Response:
    """End one session of the person."""
    if not own.end_session(visit.session, session_id):
        raise HTTPException(404)
    return RedirectResponse("/account?done=sessions", 303)


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "sessions.ended": say("%(n)s ended"),
        "person.language": "%(language)s",
        **{f"account.{one}": fault_words(one, words) for one in AccountFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "person.language": say("changed their language"),
        "person.password": say("changed their password"),
        "proof.passkey": say("confirmed their identity by passkey"),
        "proof.password": say("confirmed their identity by password"),
        "proof.provider": say("confirmed their identity by the provider"),
        "proof.refused": say("failed to confirm their identity"),
        "proof.blocked": say("tried too often to confirm their identity"),
    }
