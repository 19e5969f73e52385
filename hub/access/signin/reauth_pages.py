"""Re-authentication before irreversible acts: the password again, or a passkey.

A route that gives rights away or exports footage depends on `ProvedForm` instead of `FormSent`; a
page that only shows, on `Proved` instead of `SignedIn`. Within `SessionLimits.proof_s` of signing
in or of the last re-authentication nothing is asked. After that the submitted form comes back with
a password field, and is carried out when it is sent again: no script, no lost input.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.access.signin.accounts import Accounts, TooManyTries
from hub.access.signin.own_account import OwnAccountService
from hub.access.signin.provider_port import provider_in
from hub.access.signin.visit import FormSent, SignedIn, own_path
from hub.web.app_shell import is_page_wanted
from hub.web.rendering import render
from hub.web.visit import Visit

router = APIRouter()

FIELD: Final = "proof_password"
"""Name of the password field."""
EXPORT: Final = re.compile(r"/cases/[0-9a-f-]{36}/export")


@dataclass(frozen=True, slots=True)
class ReauthFault:
    """Why a re-authentication failed; if neither field is set, none was attempted."""

    is_password: bool = False
    wait_minutes: int = 0


class ProofWantedError(Exception):
    """The last re-authentication is too old: the answer is a page that asks for it."""

    def __init__(self, visit: Visit, wrong: ReauthFault) -> None:
        super().__init__("a second proof is wanted")
        self.visit = visit
        self.wrong = wrong


def proved(visit: SignedIn) -> Visit:
    """Dependency of pages that only show: requires a recent re-authentication."""
    if not visit.session.is_proved:
        raise ProofWantedError(visit, ReauthFault())
    return visit


def form_proved(
    visit: FormSent, proof_password: Annotated[str, Form(max_length=1000)] = ""
) -> Visit:
    """Dependency of forms: requires a recent re-authentication, or the password in the form."""
    if visit.session.is_proved:
        return visit
    wrong = try_password(visit, proof_password)
    if wrong is not None:
        raise ProofWantedError(visit, wrong)
    return visit


Proved = Annotated[Visit, Depends(proved)]
ProvedForm = Annotated[Visit, Depends(form_proved)]


def try_password(visit: Visit, password: str) -> ReauthFault | None:
    """Try a password: None if it was right. An empty one was not given and does not count as a
    guess."""
    if not password:
        return ReauthFault()
    answer = visit.use(OwnAccountService).prove(visit.session, password)
    if isinstance(answer, TooManyTries):
        return ReauthFault(wait_minutes=max(1, -(-answer.wait_s // 60)))
    return None if answer else ReauthFault(is_password=True)


@router.get("/proof")
def show_proof(request: Request, visit: SignedIn, next: str = "/") -> Response:
    """Ask for re-authentication; after a recent one, continue."""
    if visit.session.is_proved:
        return RedirectResponse(own_path(next), 303)
    return page(request, visit, ReauthFault(), action="/proof", fields=[("next", own_path(next))])


@router.post("/proof")
def take_proof(
    request: Request,
    visit: FormSent,
    proof_password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Check the password, and continue."""
    wrong = None if visit.session.is_proved else try_password(visit, proof_password)
    if wrong is not None:
        return page(request, visit, wrong, action="/proof", fields=[("next", own_path(next))])
    return RedirectResponse(own_path(next), 303)


async def ask(request: Request, error: Exception) -> Response:
    """Answer to `ProofWantedError`: the page that asks, with the submitted form in it."""
    if not isinstance(error, ProofWantedError):
        raise error
    if not is_page_wanted(request.headers):
        return JSONResponse({"reason": "proof_wanted"}, 403)
    if request.method == "GET":
        action, fields = "/proof", [("next", own_path(_whole_path(request)))]
    else:
        form = await request.form()
        action = request.url.path
        # All values of a field: a form of checked rights must come back with each of them.
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return await run_in_threadpool(
        page, request, error.visit, error.wrong, action=action, fields=fields
    )


def _whole_path(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def page(
    request: Request,
    visit: Visit,
    wrong: ReauthFault,
    *,
    action: str,
    fields: Iterable[tuple[str, str]],
) -> Response:
    """The page that asks for re-authentication; it carries the form's `fields`."""
    has_provider = provider_in(visit.site.services) is not None
    has_identity = has_provider and visit.use(Accounts).identities.of(visit.session)
    return render(
        request,
        "proof.html",
        session=visit.session,
        status_code=429 if wrong.wait_minutes else 403,
        has_identity=bool(has_identity),
        action=action,
        fields=[(name, value) for name, value in fields if name not in ("csrf", FIELD)],
        wrong=wrong,
        # What is downloaded leaves this page where it is: somebody must be led on.
        case_path=action.removesuffix("/export") if EXPORT.fullmatch(action) else "",
    )
