"""Sign-in by an OpenID provider, beside passwords and passkeys: redirect, return, result.

A redirected browser has a cookie, signed by the hub, with the purpose of the redirect: the answer
is valid in that browser only, once, and for that purpose. A form cannot redirect to another site
under this site's policy (`form-action`), so such a form answers with a page that continues by
itself.
"""

import hmac
import secrets
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, HTTPException, Request
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.responses import RedirectResponse, Response

from hub.access.invitations.pages import GONE
from hub.access.rules.oidc import ProviderAwayError, ProviderError, ProviderPerson, SignInAttempt
from hub.access.signin.accounts import Accounts
from hub.access.signin.accounts import SignedIn as NewSession
from hub.access.signin.identities import WAY_HOLDS_S
from hub.access.signin.invitation_rows import TOKEN_CHARS
from hub.access.signin.provider_port import OpenIdProvider, provider_in
from hub.access.signin.reauth_pages import ProvedForm
from hub.access.signin.visit import (
    SignedIn,
    agent_of,
    came_from,
    hand_over_cookie,
    own_path,
    session_of,
)
from hub.base.audit.detail import Detail, plain
from hub.web.i18n import Messages
from hub.web.rendering import Site, render, site_of
from hub.web.services import service

router = APIRouter()
log = structlog.get_logger()

NEXT_CHARS: Final = 1000
"""A longer target address is dropped: it must fit into a cookie."""
DONE: Final = "/proof/done"


@dataclass(frozen=True, slots=True)
class Redirect:
    """State of a redirect to the provider, with its purpose."""

    purpose: str
    """`sign-in`, `link`, `proof`, `invited`."""
    whose: str
    """Session or invitation it is for; empty for signing in."""
    next: str
    question: SignInAttempt
    asked_utc_s: float


class Redirects:
    """Signs the cookie with the hub's key, so that any process of the hub takes the person back."""

    def __init__(self, key: bytes) -> None:
        self._seal = URLSafeTimedSerializer(key, salt="matthan.oidc")

    def close(self, redirect: Redirect) -> str:
        """Value of the cookie for this redirect."""
        return str(self._seal.dumps(asdict(redirect)))

    def open(self, carried: str) -> Redirect | None:
        """The redirect in a cookie, while it is valid; else None."""
        try:
            said: dict[str, Any] = self._seal.loads(carried, max_age=WAY_HOLDS_S)
            return Redirect(**said | {"question": SignInAttempt(**said["question"])})
        except (BadData, KeyError, TypeError):
            return None  # not ours, too old, or of another version of the hub


def provider_of(request: Request) -> OpenIdProvider:
    """The provider; 404 if the hub has none."""
    found = provider_in(site_of(request).services)
    if found is None:
        raise HTTPException(404)
    return found


def cookie_name(site: Site) -> str:
    """Name of the cookie of a sign-in; the session has a cookie of its own."""
    return "__Host-matthan-way" if site.settings.is_https else "matthan-way"


@router.get("/login/provider")
def begin_sign_in(request: Request, next: str = "/") -> Response:
    """Redirect to the provider; a signed-in person continues."""
    if session_of(request) is not None:
        return RedirectResponse(own_path(next), 303)
    return _lead(request, "sign-in", whose="", next=next)


@router.get("/proof/provider")
def begin_proof(request: Request, visit: SignedIn, next: str = DONE) -> Response:
    """Ask the provider to authenticate the person again."""
    whose = str(visit.session.session_id)
    return _lead(request, "proof", whose=whose, next=next, is_fresh=True)


@router.get(DONE)
def show_proof_done(request: Request, visit: SignedIn) -> Response:
    """Page shown in a separate tab after re-authentication, while the form waits in the previous
    one."""
    return _word(request, "proved" if visit.session.is_proved else "stale")


@router.post("/account/provider")
def begin_link(request: Request, visit: ProvedForm) -> Response:
    """Redirect to the provider, to link an account there to this person."""
    whose = str(visit.session.session_id)
    return _lead(request, "link", whose=whose, next="/account?done=linked", by_page=True)


@router.post("/account/provider/{identity_id}/unlink")
def unlink(
    request: Request,
    visit: ProvedForm,
    accounts: Annotated[Accounts, service(Accounts)],
    identity_id: UUID,
) -> Response:
    """Remove the link to an account of the provider."""
    done = accounts.identities.unlink(visit.session, identity_id)
    if done is None:
        raise HTTPException(404)
    if not done:
        return _word(request, "last", 409)
    return RedirectResponse("/account?done=unlinked", 303)


@router.post("/invited/{token}/provider")
def begin_by_invitation(request: Request, token: str) -> Response:
    """Redirect to the provider, to link an account there to the invited person."""
    accounts, where = site_of(request).services.use(Accounts), came_from(request)
    is_short = len(token) <= TOKEN_CHARS
    invited = accounts.invited.read(token, came_from=where) if is_short else None
    if invited is None or not invited.is_by_provider:
        return RedirectResponse(f"/invited/{token[:TOKEN_CHARS]}", 303)
    return _lead(request, "invited", whose=token, next="/account?done=welcome", by_page=True)


def _lead(
    request: Request,
    purpose: str,
    *,
    whose: str,
    next: str,
    is_fresh: bool = False,
    by_page: bool = False,
) -> Response:
    provider, site = provider_of(request), site_of(request)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    question = SignInAttempt(state, nonce, verifier, is_fresh=is_fresh)
    back = own_path(next) if len(next) <= NEXT_CHARS else "/"
    asked_utc_s = site.settings.now() / 1e6
    redirect = Redirect(purpose, whose, back, question, asked_utc_s)
    try:
        address = provider.address(question)
    except ProviderAwayError:
        return _wrong(request, redirect, "away", 503)
    response: Response = RedirectResponse(address, 303)
    if by_page:
        response = _word(request, "go", address=address)
    response.set_cookie(
        cookie_name(site),
        Redirects(provider.redirect_key).close(redirect),
        max_age=WAY_HOLDS_S,
        path="/",
        secure=site.settings.is_https,
        httponly=True,
        samesite="lax",  # the way back comes from another site
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get("/login/provider/back")
def come_back(
    request: Request,
    state: str = "",
    code: str = "",
    iss: str = "",
    error: str = "",
) -> Response:
    """Handle the return from the provider: sign in, link, or re-authenticate."""
    provider, site = provider_of(request), site_of(request)
    redirect = Redirects(provider.redirect_key).open(request.cookies.get(cookie_name(site), ""))
    response = _answer(request, provider, redirect, state=state, code=code, iss=iss, error=error)
    response.delete_cookie(
        cookie_name(site), path="/", secure=site.settings.is_https, httponly=True, samesite="lax"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _answer(
    request: Request,
    provider: OpenIdProvider,
    redirect: Redirect | None,
    *,
    state: str,
    code: str,
    iss: str,
    error: str,
) -> Response:
    identities, where = site_of(request).services.use(Accounts).identities, came_from(request)
    if redirect is None or not hmac.compare_digest(
        state.encode("utf-8", "replace"), redirect.question.state.encode()
    ):
        identities.refuse(where, Detail("provider.unasked"))
        return _wrong(request, redirect, "stale", 400)
    if not identities.spend(redirect.question.state):
        identities.refuse(where, Detail("provider.repeated"))
        return _wrong(request, redirect, "stale", 400)
    if error:
        identities.refuse(where, Detail("provider.refused", reason=error[:60]))
        return _wrong(request, redirect, "refused", 401)
    try:
        known = provider.redeem(
            redirect.question, code, issuer=iss, asked_utc_s=redirect.asked_utc_s
        )
    except ProviderAwayError:
        return _wrong(request, redirect, "away", 503)
    except ProviderError as fault:
        log.warning("oidc.refused", why=str(fault))
        identities.refuse(where, plain(str(fault)))
        return _wrong(request, redirect, "unbelieved", 401)
    return _done(request, redirect, known)


def _done(request: Request, redirect: Redirect, known: ProviderPerson) -> Response:
    if redirect.purpose in ("link", "proof"):
        return _of_session(request, redirect, known)
    site = site_of(request)
    ask = {"came_from": came_from(request), "agent": agent_of(request)}
    new: NewSession | None
    if redirect.purpose == "invited":
        new = site.services.use(Accounts).identities.accept(redirect.whose, known, **ask)
        wrong, code = "taken", GONE
    else:
        new = site.services.use(Accounts).identities.sign_in(known, **ask)
        wrong, code = "unknown", 401
    if new is None:
        return _wrong(request, redirect, wrong, code)
    response = RedirectResponse(redirect.next, 303)
    hand_over_cookie(request, response, new)
    return response


def _of_session(request: Request, redirect: Redirect, known: ProviderPerson) -> Response:
    """For the session that started it, if it is still active in this browser."""
    session = session_of(request)
    if session is None or str(session.session_id) != redirect.whose:
        return _wrong(request, None, "stale", 400)
    identities = site_of(request).services.use(Accounts).identities
    if redirect.purpose == "link":
        is_done, wrong = identities.link(session, known), "taken"
    else:
        is_done, wrong = identities.prove(session, known), "another"
    return (
        RedirectResponse(redirect.next, 303) if is_done else _wrong(request, redirect, wrong, 403)
    )


def _wrong(request: Request, redirect: Redirect | None, wrong: str, status_code: int) -> Response:
    """Why it failed, beside the other ways to sign in."""
    if redirect is not None and redirect.purpose != "sign-in":
        return _word(request, wrong, status_code)
    return render(
        request,
        "login.html",
        session=None,
        status_code=status_code,
        next=redirect.next if redirect else "/",
        wrong=f"provider-{wrong}",
        login="",
    )


def _word(request: Request, word: str, status_code: int = 200, *, address: str = "") -> Response:
    session = session_of(request)
    return render(
        request,
        "provider.html",
        session=session,
        status_code=status_code,
        word=word,
        address=address,
    )


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "provider.unasked": say("an answer of the provider that this browser did not ask for"),
        "provider.repeated": say("an answer of the provider that came before"),
        "provider.refused": say("the provider refused: %(reason)s"),
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "identity.link": say("linked an account of the provider"),
        "identity.unlink": say("unlinked an account of the provider"),
    }
