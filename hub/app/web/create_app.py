"""The web application: routes, guards, and errors as plain pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from hub.access.signin import reauth_pages, visit
from hub.access.signin.accounts import Session
from hub.access.signin.reauth_pages import ProofWantedError
from hub.access.signin.visit import SignedOutError, session_of, to_login
from hub.access.standing import StandingService
from hub.app.resources import Resources
from hub.base.db import database
from hub.base.storage.blobs import BlobsError
from hub.oversight.log.details import detail_reader
from hub.web.app_shell import VersionedFiles, is_page_wanted
from hub.web.feature import Feature, act_texts
from hub.web.guard import OwnPagesOnly, StrictHeaders
from hub.web.i18n import LANGUAGES
from hub.web.navigation import NavLink
from hub.web.rate_limits import Limits, RateLimited
from hub.web.rendering import Site, WebSettings, environment, render, site_of
from hub.web.services import ServiceProvider, Services
from hub.web.visit import Panel

__all__ = ["WebSettings", "create_app"]


def create_app(
    features: Sequence[Feature], resources: Resources, services: Services, settings: WebSettings
) -> FastAPI:
    """The whole application; LookupError if a page needs a service that nobody makes. Call the
    change signal once the process is stopping: otherwise live pages delay the server's end."""
    services.check(_needed(features))
    app = FastAPI(title="Mắt Thần", docs_url=None, redoc_url=None, openapi_url=None)
    site = Site(
        services=services,
        pack=resources.pack,
        change_signal=resources.change_signal,
        verify_token=resources.verify_token,
        stopping=resources.stopping,
        settings=settings,
        templates=_templates(tuple(features)),
        acts=partial(act_texts, features),
        details=partial(detail_reader, tuple(features)),
        may={name: may for feature in features for name, may in feature.may.items()},
        shown={name: of(services) for one in features for name, of in one.shown.items()},
        panels=_panels(features),
        links=_available(services, (link for one in features for link in one.links)),
        shortcuts=_available(services, (link for one in features for link in one.shortcuts)),
        standing=services.use(StandingService).standing,
        measured=resources.measured,
        sign=resources.sign,
    )
    app.state.site = site
    _set_up(app, site, features)
    return app


def _needed(features: Iterable[Feature]) -> Iterator[type[object]]:
    """Types of the services that routes name in their signatures."""
    for route in (route for one in features for router in one.routers for route in router.routes):
        waiting = [route.dependant] if isinstance(route, APIRoute) else []
        while waiting:
            asked = waiting.pop()
            waiting += asked.dependencies
            if isinstance(asked.call, ServiceProvider):
                yield asked.call.kind


def _panels(features: Sequence[Feature]) -> dict[str, list[Panel]]:
    found: dict[str, list[Panel]] = {}
    for feature in features:
        for page, panel in feature.panels.items():
            found.setdefault(page, []).append(panel)
    return found


def _available(services: Services, links: Iterable[NavLink]) -> tuple[NavLink, ...]:
    """Features whose service the hub has."""
    return tuple(one for one in links if one.needs is None or services.find(one.needs) is not None)


@cache
def _templates(features: tuple[Feature, ...]) -> Mapping[str, Environment]:
    """Shared by all applications of a process with the same features."""
    packages = [package for feature in features for package in feature.templates]
    names = {name: one for feature in features for name, one in feature.globals.items()}
    return {language: environment(language, packages, names) for language in LANGUAGES}


def _set_up(app: FastAPI, site: Site, features: Sequence[Feature]) -> None:
    """Add routers, error pages and middleware."""
    for router in (router for feature in features for router in feature.routers):
        # The routes as they are: `include_router` would read every signature again for each app,
        # a second of work that the first visitor waits for.
        app.router.routes.extend(router.routes)
    app.mount("/static/{version}", VersionedFiles(site.version))
    app.add_exception_handler(SignedOutError, _signed_out)
    app.add_exception_handler(ProofWantedError, reauth_pages.ask)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(BlobsError, _store_away)
    for fault in database.FAULTS:
        app.add_exception_handler(fault, _cannot_write)
    app.add_exception_handler(Exception, _failed)
    app.state.limits = Limits()
    app.add_middleware(
        RateLimited,
        limits=app.state.limits,
        rates=[rate for feature in features for rate in feature.rates],
        own={"session": visit.own_session, "browser": visit.own_browser},
    )
    app.add_middleware(
        OwnPagesOnly,
        public_url=site.settings.public_url,
        bodies=[body for feature in features for body in feature.bodies],
        refused=_refused_unread,
    )
    app.add_middleware(StrictHeaders, is_https=site.settings.is_https)


async def _signed_out(request: Request, _: Exception) -> Response:
    """Pages redirect to the sign-in; a script gets 401. A session that has ended leaves no pictures
    in the browser."""
    answer = _to_sign_in(request)
    if visit.had_session(request):
        visit.forget_pictures(answer)
    return answer


def _to_sign_in(request: Request) -> Response:
    if not is_page_wanted(request.headers):
        return JSONResponse({"reason": "signed_out"}, 401)
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": to_login("/").headers["location"]})
    return to_login(request.url.path if request.method == "GET" else "/")


async def _refused(request: Request, refused: Exception) -> Response:
    status_code = refused.status_code if isinstance(refused, HTTPException) else 500
    headers = getattr(refused, "headers", None)
    response = await run_in_threadpool(_error, request, status_code)
    response.headers.update(headers or {})
    return response


async def _malformed(request: Request, malformed: Exception) -> Response:
    """A malformed address is an unknown one: 404, as for another's data."""
    errors = malformed.errors() if isinstance(malformed, RequestValidationError) else ()
    is_address = any(error["loc"][0] == "path" for error in errors)
    return await run_in_threadpool(_error, request, 404 if is_address else 422)


async def _store_away(request: Request, error: Exception) -> Response:
    """Files in the clip store are unavailable now; everything else works."""
    if isinstance(error, BlobsError):
        site_of(request).storage_notice.lacking(error)
    response = await run_in_threadpool(_error, request, 503)
    response.headers["Retry-After"] = "10"
    return response


async def _cannot_write(request: Request, error: Exception) -> Response:
    """Without its audit line nothing is shown or done: the page says so without using the store. A
    fault of the input and not of the database is a fault of ours."""
    if not isinstance(error, database.DatabaseError) and not database.is_about_storage(error):
        raise error
    site_of(request).storage_notice.no_database(error)
    if not is_page_wanted(request.headers):
        return JSONResponse({"reason": "database_away"}, 503, headers={"Retry-After": "10"})
    page = render(request, "error.html", session=None, status_code=503, code=507)
    page.headers["Retry-After"] = "10"
    return page


async def _failed(request: Request, _: Exception) -> Response:
    """A fault of ours. The server logs it; the page says so without using the store."""
    return _answer(request, 500, None)


def _error(request: Request, status_code: int) -> Response:
    return _answer(request, status_code, session_of(request))


def _refused_unread(request: Request, status_code: int, most_bytes: int) -> Response:
    """A request whose body was not read: the session is not looked up for it either."""
    return _answer(request, status_code, None, most_bytes)


def _answer(
    request: Request, status_code: int, session: Session | None, most_bytes: int = 0
) -> Response:
    if not is_page_wanted(request.headers):
        return JSONResponse({"reason": _REASONS.get(status_code, "refused")}, status_code)
    return render(
        request,
        "error.html",
        session=session,
        status_code=status_code,
        code=status_code,
        most=f"{most_bytes // 10**6} MB" if most_bytes >= 10**6 else f"{most_bytes // 1000} kB",
    )


_REASONS = {
    403: "not_allowed",
    404: "not_found",
    405: "wrong_method",
    413: "too_large",
    422: "malformed",
    500: "failed",
    503: "store_away",
}
