"""Middleware for every answer and every change: strict headers, same-origin requests only."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self' blob:",  # the page's own script assembles a growing clip
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

# Not "no-referrer": with it browsers send forms with `Origin: null`, and ours would be refused.
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

MAY_ASK_WHERE: Final = HEADERS["Permissions-Policy"].replace("geolocation=()", "geolocation=(self)")
"""Header for a page that may ask the device for its position when somebody presses a button."""

MAX_FORM_BYTES: Final = 64 * 1024
"""Largest form or JSON body, unless a feature says otherwise; uploads have their own limit."""

APP_TIPS: Final = "/api/tips"
"""Address for apps, with a key and without a cookie."""
UPLOADS: Final = "/upload"
"""Upload address of nodes."""
ENROLMENT: Final = "/enrol"
"""Enrolment address of nodes."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Body:
    """Most bytes that a form or JSON body may have at some addresses."""

    paths: str
    """Regular expression of whole paths."""
    most_bytes: int


def most_bytes(path: str, bodies: Iterable[Body]) -> int:
    """Limit of an address: the limit of the first `Body` that fits, else `MAX_FORM_BYTES`."""
    path = path.removesuffix("\n")  # routes answer with it too
    fits = (body.most_bytes for body in bodies if re.fullmatch(body.paths, path, re.DOTALL))
    return next(fits, MAX_FORM_BYTES)


class StrictHeaders:
    """Sets `HEADERS` on every answer, and Strict-Transport-Security on https."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers = dict(HEADERS)
        if is_https:
            self._headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, adding headers to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_strict)


class OwnPagesOnly:
    """Refuses every change not sent by a page of this site, and bodies that are too large.

    Requests of nodes and apps pass: they have a token and no cookie. Their addresses are listed
    here and not in the features, so that one file shows every address that needs no page.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        public_url: str,
        bodies: Sequence[Body],
        refused: Callable[[Request, int, int], Response],
    ) -> None:
        """`refused` makes the answer from the request, its status and the most bytes allowed."""
        self._app = app
        self._refused = refused
        self._bodies = bodies
        self._public_host = urlsplit(public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 403 or 413."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["method"] in _SAFE_METHODS:
            return None
        if scope["path"] == UPLOADS or scope["path"].startswith(f"{UPLOADS}/"):
            return None
        headers = Headers(scope=scope)
        is_nodes = scope["path"] in (ENROLMENT, f"{ENROLMENT}/renew", f"{ENROLMENT}/speed")
        if not is_nodes and scope["path"] != APP_TIPS and not self._is_own(headers):
            return self._refused(Request(scope), 403, 0)
        most = most_bytes(scope["path"], self._bodies)
        if not _is_small(headers, most):
            return self._refused(Request(scope), 413, most)
        return None

    def _is_own(self, headers: Headers) -> bool:
        """By Origin alone: every browser sends it with a POST, and no page can forge it."""
        try:
            origin = urlsplit(headers.get("origin", ""))
        except ValueError:
            return False
        if origin.scheme not in ("http", "https") or not origin.netloc:
            return False
        return origin.netloc in (self._public_host, headers.get("host", ""))


def _is_small(headers: Headers, at_most_bytes: int) -> bool:
    length = headers.get("content-length", "0")
    is_chunked = "transfer-encoding" in headers
    return not is_chunked and length.isdecimal() and int(length) <= at_most_bytes
