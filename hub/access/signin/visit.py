"""Authentication: session cookie, form token, signing in and out."""

import hmac
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Header, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from hub.access.signin.accounts import Accounts, AccountShut, Session, TooManyTries
from hub.access.signin.accounts import SignedIn as NewSession
from hub.access.signin.cookies import HOLDS_S
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


def browser_cookie_name(site: Site) -> str:
    """Name of the cookie by which the hub knows a browser that has signed in before."""
    return "__Host-matthan-browser" if site.settings.is_https else "matthan-browser"


def token_of(request: Request) -> str:
    """Token of the session in the request's cookie, whose signature follows after a dot; empty
    without one. Cookies of older hubs have none and are valid too."""
    return request.cookies.get(cookie_name(site_of(request)), "").partition(".")[0]


def own_session(request: Request) -> str:
    """The cookie of a session that the hub signed, for rate limits; empty: there is none."""
    site = site_of(request)
    carried = request.cookies.get(cookie_name(site), "")
    return carried if site.services.use(Accounts).cookies.is_session(carried) else ""


def own_browser(request: Request) -> str:
    """Id of a browser that the hub knows, for rate limits; empty: it knows none."""
    return site_of(request).services.use(Accounts).cookies.browser_in(browser_carried(request))


def browser_carried(request: Request) -> str:
    """The cookie by which the hub may know this browser, as sent; empty: there is none."""
    return request.cookies.get(browser_cookie_name(site_of(request)), "")


def came_from(request: Request) -> str:
    """Network address of the client, for the audit."""
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    """The browser's user agent, for the person's list of sessions."""
    return request.headers.get("user-agent", "")


def session_of(request: Request) -> Session | None:
    """The cookie's session, if it is valid."""
    token = token_of(request)
    if not token:
        return None
    return (
        site_of(request)
        .services.use(Accounts)
        .session_by_token(token, came_from=came_from(request))
    )


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
    token = token_of(request)
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
        login.strip(),
        password,
        came_from=came_from(request),
        agent=agent_of(request),
        browser=browser_carried(request),
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
    hand_over_cookie(request, response, answer)
    return response


def hand_over_cookie(request: Request, response: Response, new: NewSession) -> None:
    """Set the session's cookie, and make the browser delete the pictures of an earlier session. If
    that session's cookie ended by time, no earlier answer could say so. The browser is known from
    now on."""
    site = site_of(request)
    forget_pictures(response)
    value = site.services.use(Accounts).cookies.of_session(new.token)
    _set_cookie(response, site, cookie_name(site), value, max_age_s=new.max_age_s)
    know_browser(request, response, new.asker.person_id)


def know_browser(request: Request, response: Response, person_id: UUID) -> None:
    """Set the cookie by which the hub will know that this person signed in here. It opens
    nothing, names nobody, and stays after signing out."""
    site = site_of(request)
    value = site.services.use(Accounts).browser_cookie(browser_carried(request), person_id)
    _set_cookie(response, site, browser_cookie_name(site), value, max_age_s=HOLDS_S)


def _set_cookie(response: Response, site: Site, name: str, value: str, *, max_age_s: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
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
    _set_cookie(response, site, name, value, max_age_s=YEAR_S)


@router.post("/logout")
def sign_out(request: Request, visit: FormSent) -> Response:
    """End the session, and delete what the browser stored."""
    name = cookie_name(visit.site)
    visit.use(Accounts).sign_out(token_of(request), came_from=came_from(request))
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


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    say = words.say
    return {
        "session.login": say("login %(login)s"),
        "session.passkey": say("passkey"),
    }


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
