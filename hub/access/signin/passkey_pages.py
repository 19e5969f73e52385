"""Passkeys beside passwords: the pages' own script uses them, and they are never the only way to
sign in."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.access.signin.account_pages import device_name
from hub.access.signin.accounts import Accounts
from hub.access.signin.invitation_rows import TOKEN_CHARS
from hub.access.signin.reauth_pages import ProofWantedError, ProvedForm, ReauthFault
from hub.access.signin.visit import ApiCalled, agent_of, came_from, hand_over_cookie, own_path
from hub.web.i18n import Messages, words
from hub.web.origin import Party, party_of
from hub.web.rendering import language_of, site_of
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter()

SignIn = Annotated[Accounts, service(Accounts)]

_REFUSED = {"reason": "not_proved"}


class Answer(BaseModel):
    """Answer of the browser's passkey; the store parses and checks it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    credential: dict[str, Any]
    next: Annotated[str, Field(max_length=2000)] = "/"


def party(request: Request) -> Party:
    """The site as relying party of passkeys; 404 if this site can have none."""
    found = party_of(site_of(request).settings.public_url)
    if found is None:
        raise HTTPException(404)
    return found


def api_proved(visit: ApiCalled) -> Visit:
    """For scripts: the session's re-authentication must be recent."""
    if not visit.session.is_proved:
        raise ProofWantedError(visit, ReauthFault())
    return visit


OwnParty = Annotated[Party, Depends(party)]
ApiProved = Annotated[Visit, Depends(api_proved)]


def _told(value: object, status_code: int = 200) -> JSONResponse:
    return JSONResponse(value, status_code, headers={"Cache-Control": "no-store"})


@router.post("/passkeys/options")
def begin_sign_in(accounts: SignIn, party: OwnParty) -> Response:
    """Options for signing in with a passkey."""
    return _told(accounts.passkeys.begin_sign_in(party))


@router.post("/passkeys/sign-in")
def sign_in(request: Request, accounts: SignIn, party: OwnParty, answer: Answer) -> Response:
    """Sign in; the answer has the next address for the script."""
    new = accounts.passkeys.sign_in(
        party, answer.credential, came_from=came_from(request), agent=agent_of(request)
    )
    if new is None:
        return _told(_REFUSED, 401)
    response = _told({"next": own_path(answer.next)})
    hand_over_cookie(request, response, new)
    return response


@router.post("/account/passkeys/options")
def begin_registration(visit: ApiProved, accounts: SignIn, party: OwnParty) -> Response:
    """Options for creating another passkey."""
    return _told(accounts.passkeys.begin_registration(visit.session, party))


@router.post("/account/passkeys")
def register(
    request: Request, visit: ApiProved, accounts: SignIn, party: OwnParty, answer: Answer
) -> Response:
    """Store the new passkey."""
    label = _device(request)
    if not accounts.passkeys.register(visit.session, party, answer.credential, label):
        return _told(_REFUSED, 422)
    return _told({"next": "/account?done=passkey"}, 201)


def _device(request: Request) -> str:
    return device_name(agent_of(request), words(language_of(request, None)))


@router.post("/account/passkeys/{passkey_id}/remove")
def remove(visit: ProvedForm, accounts: SignIn, passkey_id: UUID) -> Response:
    """Remove a passkey."""
    if not accounts.passkeys.remove(visit.session, passkey_id):
        raise HTTPException(404)
    return RedirectResponse("/account?done=passkey-gone", 303)


@router.post("/proof/passkey/options")
def begin_proof(visit: ApiCalled, accounts: SignIn, party: OwnParty) -> Response:
    """Options for the browser to re-authenticate with a passkey."""
    return _told(accounts.passkeys.begin_proof(visit.session, party))


@router.post("/proof/passkey")
def prove(visit: ApiCalled, accounts: SignIn, party: OwnParty, answer: Answer) -> Response:
    """Re-authenticate; the script sends its form again."""
    if not accounts.passkeys.prove(visit.session, party, answer.credential):
        return _told(_REFUSED, 403)
    return _told({"next": own_path(answer.next)})


@router.post("/invited/{token}/passkey/options")
def begin_by_invitation(
    request: Request, accounts: SignIn, party: OwnParty, token: str
) -> Response:
    """Options for an invited person's first passkey."""
    invited = None
    if len(token) <= TOKEN_CHARS:
        invited = accounts.invited.read(token, came_from=came_from(request))
    if invited is None:
        raise HTTPException(410)
    return _told(accounts.passkeys.begin_by_invitation(party, invited))


@router.post("/invited/{token}/passkey")
def accept(
    request: Request, accounts: SignIn, party: OwnParty, token: str, answer: Answer
) -> Response:
    """Accept an invitation with a passkey and no password."""
    if len(token) > TOKEN_CHARS:
        raise HTTPException(410)
    new = accounts.passkeys.accept(
        party,
        token,
        answer.credential,
        label=_device(request),
        came_from=came_from(request),
        agent=agent_of(request),
    )
    if new is None:
        return _told(_REFUSED, 410)
    response = _told({"next": "/account?done=welcome"}, 201)
    hand_over_cookie(request, response, new)
    return response


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "passkey.add": say("added a passkey"),
        "passkey.remove": say("removed a passkey"),
    }
