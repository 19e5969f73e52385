"""Middleware for every answer and every change: strict headers, same-origin requests only."""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.wire.programs import MOST_BUNDLE_BYTES
from hub.alerts.households import FORM_BYTES, MOST_CHUNK_BYTES
from hub.alerts.tips import MOST_PICTURE_BYTES, MOST_PICTURES

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

MAX_FORM_BYTES: Final = 64 * 1024
"""Largest form or JSON body; uploads have their own limit."""

MAX_NOTICE_FILE_BYTES: Final = 6 * 1024 * 1024
"""Largest picture or voice recording of a public notice."""

MAX_TABLE_BYTES: Final = 4 * 1024 * 1024
"""Largest table in a form."""

MAX_PLANS_BYTES: Final = 4 * 1024 * 1024
"""Redaction plans of one package: about 20,000 boxes."""

MAX_TIP_BYTES: Final = MOST_PICTURES * MOST_PICTURE_BYTES + MAX_FORM_BYTES
"""Largest tip with its pictures."""

MAX_APP_TIP_BYTES: Final = 12 * 2**20
"""Largest tip of an app: all pictures in base64, in memory at once."""

APP_TIPS: Final = "/api/tips"
"""Address for apps, with a key and without a cookie."""
TIPS: Final = "/tips"
"""Address for everybody."""

BUNDLES: Final = "/configuration/programs/"
"""Upload address of release bundles."""

GIVING: Final = "/give/"
"""Upload address of households, by their links."""

TABLES: Final = frozenset({"/areas/import", "/areas/import/do"})
"""Upload addresses of tables."""

_MOST_BYTES: Final = {
    APP_TIPS: MAX_APP_TIP_BYTES,
    TIPS: MAX_TIP_BYTES,
    **dict.fromkeys(TABLES, MAX_TABLE_BYTES),
}

UPLOADS: Final = "/upload"
"""Upload address of nodes."""
ENROLMENT: Final = "/enrol"
"""Enrolment address of nodes."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


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
    """Refuses every change not sent by a page of this site.

    Requests of nodes pass: they have a token and no cookie.
    """

    def __init__(self, app: ASGIApp, *, public_url: str) -> None:
        self._app = app
        self._public_host = urlsplit(public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 403 or 413."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        if scope["method"] in _SAFE_METHODS:
            return None
        if scope["path"] == UPLOADS or scope["path"].startswith(f"{UPLOADS}/"):
            return None
        headers = Headers(scope=scope)
        is_nodes = scope["path"] in (ENROLMENT, f"{ENROLMENT}/renew", f"{ENROLMENT}/speed")
        if not is_nodes and scope["path"] != APP_TIPS and not self._is_own(headers):
            return PlainTextResponse("This did not come from a page of this site.\n", 403)
        if not _is_small(headers, _most_bytes(scope["path"])):
            return PlainTextResponse("Too large.\n", 413)
        return None

    def _is_own(self, headers: Headers) -> bool:
        """By Origin alone: every browser sends it with a POST, and no page can forge it."""
        origin = urlsplit(headers.get("origin", ""))
        if origin.scheme not in ("http", "https") or not origin.netloc:
            return False
        return origin.netloc in (self._public_host, headers.get("host", ""))


def _most_bytes(path: str) -> int:
    if path.startswith("/notices/") and path.endswith("/file"):
        return MAX_NOTICE_FILE_BYTES
    if path.startswith("/cases/") and path.endswith("/export"):
        return MAX_PLANS_BYTES
    if path.startswith(GIVING):
        return _most_given_bytes(path)
    if path.startswith(BUNDLES):
        return _most_bundle_bytes(path)
    return _MOST_BYTES.get(path, MAX_FORM_BYTES)


def _most_given_bytes(path: str) -> int:
    """For a household's page: a chunk, or the form with a small film."""
    if "/upload/" in path:
        return MOST_CHUNK_BYTES
    is_form = path.count("/") == GIVING.count("/")
    return FORM_BYTES + MAX_FORM_BYTES if is_form else MAX_FORM_BYTES


def _most_bundle_bytes(path: str) -> int:
    """A chunk; or the form with the bundle, where the page itself reports what is too large."""
    if path.startswith(f"{BUNDLES}upload/"):
        return MOST_CHUNK_BYTES
    return 2 * MOST_BUNDLE_BYTES if path == f"{BUNDLES}add" else MAX_FORM_BYTES


def _is_small(headers: Headers, at_most_bytes: int) -> bool:
    length = headers.get("content-length", "0")
    is_chunked = "transfer-encoding" in headers
    return not is_chunked and length.isdecimal() and int(length) <= at_most_bytes
