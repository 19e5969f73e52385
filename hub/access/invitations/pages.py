"""Invitations: a keeper creates a one-time link, its person signs in with it."""

from typing import Annotated, Final
from uuid import UUID

import segno
from fastapi import APIRouter, Form, HTTPException, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from hub.access.account_errors import AccountError, AccountFault
from hub.access.grants.wording import role_name
from hub.access.invitations.service import HOLDS_S, ROLES, Invitations, Made, NewPerson
from hub.access.passwords import MAX_CHARS, MIN_CHARS
from hub.access.signin.accounts import Accounts
from hub.access.signin.accounts import SignedIn as NewSession
from hub.access.signin.invitation_rows import TOKEN_CHARS
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.views import Invited
from hub.access.signin.visit import FormSent, SignedIn, agent_of, came_from, hand_over_cookie
from hub.base.errors import RegistryError
from hub.web.i18n import LANGUAGES, Messages
from hub.web.rendering import render
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter()

SignIn = Annotated[Accounts, service(Accounts)]
Invites = Annotated[Invitations, service(Invitations)]

GONE: Final = 410


@router.get("/invitations")
def show_invitations(request: Request, visit: SignedIn, invitations: Invites) -> Response:
    """Open invitations, and the form for another; 404 for all but keepers."""
    _keepers_only(visit, invitations)
    return page(request, visit, invitations)


def _keepers_only(visit: Visit, invitations: Invitations) -> None:
    if not invitations.may_invite(visit.asker):
        raise HTTPException(404)


def page(
    request: Request,
    visit: Visit,
    invitations: Invitations,
    *,
    made: Made | None = None,
    wrong: str = "",
) -> Response:
    """The page of invitations; the link of a new one is shown here only. 422 with `wrong`."""
    words = visit.site.calendar(visit.asker.language).words
    link = f"{visit.site.settings.public_url}/invited/{made.token}" if made else ""
    return render(
        request,
        "invitations.html",
        session=visit.session,
        status_code=422 if wrong else 200,
        rows=invitations.open(visit.asker),
        made=made,
        link=link,
        qr=qr_code(link, words) if link else "",
        wrong=wrong,
        roles=[(role, role_name(role, words)) for role in ROLES],
        days=HOLDS_S // 86_400,
    )


def qr_code(link: str, words: Messages) -> Markup:
    """The link as a QR code."""
    return drawn_qr(link, words.say("The link as a QR code"))


def drawn_qr(text: str, label: str) -> Markup:
    """A text of the hub as a QR code, dark on light in both themes; `label` is for screen
    readers."""
    drawn = segno.make(text, micro=False, error="m").svg_inline(
        scale=5, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    opened = Markup('<svg role="img" aria-label="{}" ').format(label)
    return opened + Markup(drawn.removeprefix("<svg "))  # noqa: S704 drawn from a text of ours


@router.post("/invitations")
def make_invitation(
    request: Request,
    visit: ProvedForm,
    invitations: Invites,
    login: Annotated[str, Form(max_length=200)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    role: Annotated[str, Form(max_length=40)] = "officer",
    language: Annotated[str, Form(max_length=8)] = LANGUAGES[0],
) -> Response:
    """Create an invitation link and show it once."""
    _keepers_only(visit, invitations)
    new = NewPerson(login=login, name=name, language=language, role=role)
    say = visit.site.calendar(visit.asker.language).words.say
    try:
        made = invitations.make(visit.asker, new)
    except AccountError as error:
        closed = say("This account is closed. Reopen it on the page of its person.")
        suspended = say("This account is suspended. Lift the suspension on the page of its person.")
        is_suspended = error.fault is AccountFault.SUSPENDED
        return page(request, visit, invitations, wrong=suspended if is_suspended else closed)
    except RegistryError:
        nameless = say("A person needs a name to sign in with.")
        return page(request, visit, invitations, wrong=nameless)
    if made is None:
        raise HTTPException(404)
    return page(request, visit, invitations, made=made)


@router.post("/invitations/{invitation_id}/withdraw")
def withdraw_invitation(visit: FormSent, invitations: Invites, invitation_id: UUID) -> Response:
    """Cancel an invitation: its link works no more."""
    if not invitations.withdraw(visit.asker, invitation_id):
        raise HTTPException(404)
    return RedirectResponse("/invitations", 303)


@router.post("/invitations/{invitation_id}/correct")
def correct_invitation(
    request: Request,
    visit: ProvedForm,
    invitations: Invites,
    invitation_id: UUID,
    login: Annotated[str, Form(max_length=200)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Correct login and name of an invited person who has not come in yet; the link stays valid."""
    try:
        is_done = invitations.correct(visit.asker, invitation_id, login=login, name=name)
    except AccountError:
        say = visit.site.calendar(visit.asker.language).words.say
        taken = say("Somebody else signs in with this name, or it is empty.")
        return page(request, visit, invitations, wrong=taken)
    if not is_done:
        raise HTTPException(404)
    return RedirectResponse("/invitations", 303)


@router.get("/invited/{token}")
def show_invited(request: Request, accounts: SignIn, token: str) -> Response:
    """The holder of the link can choose a password."""
    if len(token) > TOKEN_CHARS:
        raise HTTPException(404)
    invited = accounts.invited.read(token, came_from=came_from(request))
    return _welcome(request, token, invited)


def _welcome(request: Request, token: str, invited: Invited | None, *, wrong: str = "") -> Response:
    status_code = GONE if invited is None else 422 if wrong else 200
    response = render(
        request,
        "invited.html",
        session=None,
        status_code=status_code,
        invited=invited,
        token=token,
        wrong=wrong,
        least_chars=MIN_CHARS,
        days=HOLDS_S // 86_400,
    )
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@router.post("/invited/{token}")
def accept_invitation(
    request: Request,
    accounts: SignIn,
    token: str,
    new: Annotated[str, Form(max_length=MAX_CHARS)] = "",
    again: Annotated[str, Form(max_length=MAX_CHARS)] = "",
) -> Response:
    """Set the password, sign the person in and use the link up."""
    if len(token) > TOKEN_CHARS:
        raise HTTPException(404)
    links, where = accounts.invited, came_from(request)
    wrong = "short" if len(new) < MIN_CHARS else "unlike" if new != again else ""
    if wrong:
        return _welcome(request, token, links.read(token, came_from=where), wrong=wrong)
    answer = links.accept(token, password=new, came_from=where, agent=agent_of(request))
    if answer is None:
        return _welcome(request, token, None)
    return welcome_in(request, answer)


def welcome_in(request: Request, new: NewSession) -> RedirectResponse:
    """Sign the new person in and redirect to their account."""
    response = RedirectResponse("/account?done=welcome", 303)
    hand_over_cookie(request, response, new)
    return response


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "invitations.count": say("%(n)s invitations"),
        "invitation.no_link": say("no such link"),
        "invitation.corrected": say("login %(login)s to %(login2)s, name %(name)s to %(name2)s"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "invitations.open": say("read who is invited"),
        "invitation.make": say("invited a person"),
        "invitation.correct": say("corrected the name of an invited person"),
        "invitation.accept": say("accepted an invitation"),
        "invitation.refused": say("an invitation was refused"),
        "invitation.withdraw": say("withdrew an invitation"),
    }
