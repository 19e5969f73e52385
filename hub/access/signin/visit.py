"""Authentication: session cookie, form token, signing in and out."""

import hmac
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Header, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.accounts import Accounts, AccountShut, Session, TooManyTries
from hub.access.signin.accounts import SignedIn as NewSession
from hub.web.i18n import LANGUAGES, Messages
from hub.web.rendering import LANGUAGE_COOKIE, Site, render, site_of
from hub.web.visit import Visit

router = APIRouter()

YEAR_S: Final = 365 * 24 * 3600


class SignedOutError(Exception):
    """Nobody is signed in; pages redirect to the sign-in, everything else answers 401."""


def cookie_name(site: Site) -> str:
    """`__Host-` binds the cookie to this host; browsers allow it over https only."""
    return "__Host-matthan" if site.settings.is_https else "matthan"


def came_from(request: Request) -> str:
    """Network address of the client, for the audit."""
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    """The browser's user agent, for the person's list of sessions."""
    return request.headers.get("user-agent", "")


def session_of(request: Request) -> Session | None:
    """The cookie's session, if it is valid."""
    site = site_of(request)
    token = request.cookies.get(cookie_name(site), "")
    if not token:
        return None
    return site.services.use(Accounts).session_by_token(token, came_from=came_from(request))


def signed_in(request: Request) -> Visit:
    """Dependency of requests that only show: a signed-in person."""
    session = session_of(request)
    if session is None:
        raise SignedOutError
    return Visit(site=site_of(request), session=session)


SignedIn = Annotated[Visit, Depends(signed_in)]


def form_sent(visit: SignedIn, csrf: Annotated[str, Form()] = "") -> Visit:
    """Dependency of forms that change something: they must carry the session's form token."""
    return with_token(visit, csrf)


def api_called(visit: SignedIn, x_csrf_token: Annotated[str, Header()] = "") -> Visit:
    """Dependency of scripts that change something: the session's token is in a header."""
    return with_token(visit, x_csrf_token)


def with_token(visit: Visit, token: str) -> Visit:
    """The visit, if the token belongs to its session; else 403."""
    if not hmac.compare_digest(token.encode(), visit.session.csrf.encode()):
        raise HTTPException(403)
    return visit


FormSent = Annotated[Visit, Depends(form_sent)]
ApiCalled = Annotated[Visit, Depends(api_called)]


def own_path(wanted: str) -> str:
    """A path of this site to continue with; the inbox for anything else."""
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_own and all(ord(letter) >= 32 for letter in wanted) else "/"


def to_login(path: str) -> RedirectResponse:
    """Redirect to the sign-in page, which leads back to `path` afterwards."""
    back = own_path(path)
    return RedirectResponse("/login" if back == "/" else f"/login?next={quote(back)}", 303)


@router.get("/login")
def show_login(request: Request, next: str = "/") -> Response:
    """The sign-in page; a signed-in person continues."""
    if session_of(request) is not None:
        return RedirectResponse(own_path(next), 303)
    token = request.cookies.get(cookie_name(site_of(request)), "")
    shut = site_of(request).services.use(Accounts).shut_account(token)
    page = render(
        request,
        "login.html",
        session=None,
        next=own_path(next),
        wrong="shut" if shut else "",
        shut=shut,
        login="",
    )
    if had_session(request):  # which has ended: closed, elsewhere, or by time
        forget_pictures(page)
    return page


@router.post("/login")
def sign_in(
    request: Request,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Sign in, or say why not; a wrong name and a wrong password give the same answer."""
    site = site_of(request)
    answer = site.services.use(Accounts).sign_in(
        login.strip(), password, came_from=came_from(request), agent=agent_of(request)
    )
    if isinstance(answer, AccountShut):
        return render(
            request,
            "login.html",
            session=None,
            status_code=403,
            next=own_path(next),
            wrong="shut",
            shut=answer,
            login=login,
        )
    if answer is None or isinstance(answer, TooManyTries):
        return render(
            request,
            "login.html",
            session=None,
            status_code=401 if answer is None else 429,
            next=own_path(next),
            wrong="password" if answer is None else "wait",
            wait_minutes=0 if answer is None else max(1, -(-answer.wait_s // 60)),
            login=login,
        )
    response = RedirectResponse(own_path(next), 303)
    hand_over_cookie(response, site, answer)
    return response


def hand_over_cookie(response: Response, site: Site, new: NewSession) -> None:
    """Set the session's cookie, and make the browser delete the pictures of an earlier session. If
    that session's cookie ended by time, no earlier answer could say so."""
    forget_pictures(response)
    response.set_cookie(
        cookie_name(site),
        new.token,
        max_age=new.max_age_s,
        path="/",
        secure=site.settings.is_https,
        httponly=True,
        samesite="lax",
    )


@router.post("/login/language")
def choose_login_language(
    request: Request,
    language: Annotated[str, Form()] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Store the language of the pages before sign-in."""
    response = to_login(next)
    if language in LANGUAGES:
        remember(response, site_of(request), LANGUAGE_COOKIE, language)
    return response


def remember(response: Response, site: Site, name: str, value: str) -> None:
    """Store a choice that is not secret on this device, for a year."""
    response.set_cookie(
        name,
        value,
        max_age=YEAR_S,
        path="/",
        secure=site.settings.is_https,
        httponly=True,
        samesite="lax",
    )


@router.post("/logout")
def sign_out(request: Request, visit: FormSent) -> Response:
    """End the session, and delete what the browser stored."""
    name = cookie_name(visit.site)
    token = request.cookies.get(name, "")
    visit.use(Accounts).sign_out(token, came_from=came_from(request))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(
        name, path="/", secure=visit.site.settings.is_https, httponly=True, samesite="lax"
    )
    # The phone's own inbox and its notifications too, if its script was not there to do so.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def forget_pictures(response: Response) -> None:
    """Make the browser delete the pictures it stored."""
    response.headers["Clear-Site-Data"] = '"cache"'


def had_session(request: Request) -> bool:
    """True if the browser sent the cookie of a session, valid or not."""
    return cookie_name(site_of(request)) in request.cookies


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    say = words.say
    return {
        "session.begin": say("signed in"),
        "session.end": say("signed out"),
        "session.refused": say("failed to sign in"),
        "session.blocked": say("tried too often to sign in"),
        "session.end_others": say("signed out on all other devices"),
    }
