"""The page of one account: suspend, close and reopen it, sign it out, rename it, give its cases."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.account_errors import AccountError
from hub.access.account_state import CLOSED, REOPENED, SUSPENDED
from hub.access.account_wording import fault_words
from hub.access.grants import wording
from hub.access.invitations import pages
from hub.access.rules.roles import Role
from hub.access.signin.account_pages import device_name
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import SignedIn
from hub.base.audit.asker import Asker
from hub.console.accounts.service import AccountService
from hub.web.i18n import Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter(prefix="/grants/people/{person_id}")

Accounts = Annotated[AccountService, service(AccountService)]
Entered = Annotated[str, Form(max_length=2000)]


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
        roles=[(one.value, wording.role_name(one, calendar.words)) for one in Role],
        grants=[wording.line(one, calendar, with_place=True) for one in page.grants],
        is_closed=page.state == CLOSED,
        is_reopened=page.state == REOPENED,
        is_suspended=page.state == SUSPENDED,
        places=[(one, device_name(one.agent, calendar.words)) for one in page.sessions],
        done=done,
        wrong=fault_words(wrong.fault, calendar.words) if wrong else "",
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """A keeper's request to change an account."""

    request: Request
    visit: ProvedForm
    accounts: Accounts
    person_id: UUID

    def made(self, done: str, act: Callable[[Asker, UUID], bool], reason: str = "") -> Response:
        """Do it and say that it is `done`, or why not; a refused reason is kept."""
        try:
            is_done = act(self.visit.asker, self.person_id)
        except AccountError as error:
            return self.refused(error, reason)
        if not is_done:
            raise HTTPException(404)
        return RedirectResponse(f"/grants/people/{self.person_id}?done={done}", 303)

    def refused(self, error: AccountError, reason: str) -> Response:
        """The page with the reason of the refusal."""
        who = self.person_id
        return _page(self.request, self.visit, self.accounts, who, wrong=error, reason=reason)


Change = Annotated[_Change, Depends()]


@router.post("/close")
def close_account(change: Change, reason: Entered = "") -> Response:
    """Close the account from this moment on."""
    close = change.accounts.close_account
    return change.made("closed", lambda by, who: close(by, who, reason), reason)


@router.post("/reopen")
def reopen_account(change: Change, invitations: pages.Invites, reason: Entered = "") -> Response:
    """Reopen the account, and show once the link with which its person signs in."""
    try:
        made = change.accounts.reopen_account(change.visit.asker, change.person_id, reason)
    except AccountError as error:
        return change.refused(error, reason)
    if made is None:
        raise HTTPException(404)
    return pages.page(change.request, change.visit, invitations, made=made)


@router.post("/suspend")
def suspend_account(change: Change, reason: Entered = "") -> Response:
    """Suspend the account until the suspension is lifted."""
    suspend = change.accounts.suspend
    return change.made("suspended", lambda by, who: suspend(by, who, reason), reason)


@router.post("/resume")
def resume_account(change: Change, reason: Entered = "") -> Response:
    """Lift the suspension of the account."""
    resume = change.accounts.resume
    return change.made("resumed", lambda by, who: resume(by, who, reason), reason)


@router.post("/name")
def rename(change: Change, name: Entered = "") -> Response:
    """Change the name that colleagues see."""
    return change.made("renamed", lambda by, who: change.accounts.rename(by, who, name))


@router.post("/sessions/end")
def sign_out(change: Change, session: Entered = "") -> Response:
    """End one session of the person, or all."""
    try:
        session_id = UUID(session) if session else None
    except ValueError as error:
        raise HTTPException(404) from error
    sign_out = change.accounts.sign_out
    return change.made("signed_out", lambda by, who: sign_out(by, who, session_id))


@router.post("/phones/{phone_id}/remove")
def drop_phone(change: Change, phone_id: UUID) -> Response:
    """Send no more messages to a phone of the person."""
    return change.made("phone", lambda by, who: change.accounts.drop_phone(by, who, phone_id))


@router.post("/cases/{case_id}")
def give_case(change: Change, case_id: UUID, login: Entered = "") -> Response:
    """Make another person the owner of the case."""
    give = change.accounts.give_case
    return change.made("given", lambda by, who: give(by, who, case_id, login))


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "person.renamed": say("%(name)s to %(name2)s"),
        "person.sessions": say("%(n)s sessions"),
        "person.phone": say("phone %(id)s"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "person.suspend": say("suspended an account"),
        "person.resume": say("lifted the suspension of an account"),
        "person.rename": say("renamed a person"),
        "person.sign_out": say("ended sessions of a person"),
        "person.drop_phone": say("removed a phone of a person"),
    }
