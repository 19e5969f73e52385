"""The page of one account: suspend, close and reopen it, sign it out, rename it, give its cases."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_state import CLOSED, REOPENED, SUSPENDED
from hub.access.grants import wording
from hub.access.invitations import pages
from hub.access.signin.account_pages import device_name
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import SignedIn
from hub.console.accounts.service import AccountService
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/grants/people/{person_id}")

Accounts = Annotated[AccountService, service(AccountService)]
Entered = Annotated[str, Form(max_length=2000)]


def fault_words(what: AccountFault, words: Messages) -> str:
    """Why a change of an account is refused."""
    say = words.say
    return {
        AccountFault.NOBODY: say("There is no such account."),
        AccountFault.SELF: say("Nobody decides about themselves: ask another keeper."),
        AccountFault.REASON: say("It needs a reason: somebody will ask one day."),
        AccountFault.LAST: say(
            "This is the last account that may manage. Let in another keeper first, with grants on "
            "the whole town."
        ),
        AccountFault.CLOSED: say("This account is closed. Reopen it on the page of its person."),
        AccountFault.SUSPENDED: say(
            "This account is suspended. Lift the suspension on the page of its person."
        ),
        AccountFault.NOT_CLOSED: say("This account is not closed."),
        AccountFault.OWNER: say("Enter the login of somebody whose account is open."),
        AccountFault.NOT_OPEN: say("Only an open account can be suspended."),
        AccountFault.NOT_SUSPENDED: say("This account is not suspended."),
        AccountFault.NAME: say("A person needs a name."),
        AccountFault.LOGIN: say("Somebody else signs in with this name, or it is empty."),
    }[what]


@router.get("")
def show_account(
    request: Request, visit: SignedIn, accounts: Accounts, person_id: UUID, done: str = ""
) -> Response:
    """The account and what ends with it; 404 for all but keepers of the whole town."""
    return _page(request, visit, accounts, person_id, done=done)


def _page(
    request: Request,
    visit: Visit,
    accounts: AccountService,
    person_id: UUID,
    *,
    done: str = "",
    wrong: AccountError | None = None,
    reason: str = "",
) -> Response:
    page = accounts.account(visit.asker, person_id)
    if page is None:
        raise HTTPException(404)
    calendar = visit.site.calendar(visit.asker.language)
    return render(
        request,
        "person.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        page=page,
        role=wording.role_name(page.role, calendar.words),
        grants=[wording.line(one, calendar, with_place=True) for one in page.grants],
        is_closed=page.state == CLOSED,
        is_reopened=page.state == REOPENED,
        is_suspended=page.state == SUSPENDED,
        places=[(one, device_name(one.agent, calendar.words)) for one in page.sessions],
        done=done,
        wrong=fault_words(wrong.fault, calendar.words) if wrong else "",
        reason=reason,
    )


@router.post("/close")
def close_account(
    request: Request, visit: ProvedForm, accounts: Accounts, person_id: UUID, reason: Entered = ""
) -> Response:
    """Close it from this moment on."""
    try:
        is_done = accounts.close_account(visit.asker, person_id, reason)
    except AccountError as error:
        return _page(request, visit, accounts, person_id, wrong=error, reason=reason)
    return _back(person_id, "closed", is_done=is_done)


@router.post("/reopen")
def reopen_account(
    request: Request, visit: ProvedForm, accounts: Accounts, person_id: UUID, reason: Entered = ""
) -> Response:
    """Reopen it, and show the link by which its person comes in, this once."""
    try:
        made = accounts.reopen_account(visit.asker, person_id, reason)
    except AccountError as error:
        return _page(request, visit, accounts, person_id, wrong=error, reason=reason)
    if made is None:
        raise HTTPException(404)
    return pages.page(request, visit, made=made)


@router.post("/suspend")
def suspend_account(
    request: Request, visit: ProvedForm, accounts: Accounts, person_id: UUID, reason: Entered = ""
) -> Response:
    """Shut it until this is lifted."""
    try:
        is_done = accounts.suspend(visit.asker, person_id, reason)
    except AccountError as error:
        return _page(request, visit, accounts, person_id, wrong=error, reason=reason)
    return _back(person_id, "suspended", is_done=is_done)


@router.post("/resume")
def resume_account(
    request: Request, visit: ProvedForm, accounts: Accounts, person_id: UUID, reason: Entered = ""
) -> Response:
    """Lift the suspension."""
    try:
        is_done = accounts.resume(visit.asker, person_id, reason)
    except AccountError as error:
        return _page(request, visit, accounts, person_id, wrong=error, reason=reason)
    return _back(person_id, "resumed", is_done=is_done)


@router.post("/name")
def rename(
    request: Request, visit: ProvedForm, accounts: Accounts, person_id: UUID, name: Entered = ""
) -> Response:
    """Another name for colleagues to see."""
    try:
        is_done = accounts.rename(visit.asker, person_id, name)
    except AccountError as error:
        return _page(request, visit, accounts, person_id, wrong=error)
    return _back(person_id, "renamed", is_done=is_done)


@router.post("/sessions/end")
def sign_out(
    visit: ProvedForm, accounts: Accounts, person_id: UUID, session: Entered = ""
) -> Response:
    """End one session of theirs, or all."""
    try:
        session_id = UUID(session) if session else None
    except ValueError as error:
        raise HTTPException(404) from error
    is_done = accounts.sign_out(visit.asker, person_id, session_id)
    return _back(person_id, "signed_out", is_done=is_done)


@router.post("/phones/{phone_id}/remove")
def drop_phone(visit: ProvedForm, accounts: Accounts, person_id: UUID, phone_id: UUID) -> Response:
    """Send nothing more to a phone of theirs."""
    is_done = accounts.drop_phone(visit.asker, person_id, phone_id)
    return _back(person_id, "phone", is_done=is_done)


@router.post("/cases/{case_id}")
def give_case(
    request: Request,
    visit: ProvedForm,
    accounts: Accounts,
    person_id: UUID,
    case_id: UUID,
    login: Entered = "",
) -> Response:
    """Another owns the case from now on."""
    try:
        is_done = accounts.give_case(visit.asker, person_id, case_id, login)
    except AccountError as error:
        return _page(request, visit, accounts, person_id, wrong=error)
    return _back(person_id, "given", is_done=is_done)


def _back(person_id: UUID, done: str, *, is_done: bool) -> Response:
    if not is_done:
        raise HTTPException(404)
    return RedirectResponse(f"/grants/people/{person_id}?done={done}", 303)


def acts(words: Messages) -> dict[str, str]:
    """Texts of its acts in the log."""
    say = words.say
    return {
        "person.suspend": say("suspended an account"),
        "person.resume": say("lifted the suspension of an account"),
        "person.rename": say("renamed a person"),
        "person.sign_out": say("ended sessions of a person"),
        "person.drop_phone": say("removed a phone of a person"),
    }
