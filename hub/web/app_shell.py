"""App shell: manifest, service worker, offline page, static files."""

import gzip
import json
import mimetypes
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from hub.web.i18n import words
from hub.web.rendering import STATIC_FOLDER, language_of, render, site_of
from hub.web.styles.stylesheet import NAME, stylesheet

router = APIRouter()

SERVICE: Final = "matthan-hub"
"""Identifies a hub's health answer among other programs on the port."""

WORKER_FILES: Final = tuple(
    STATIC_FOLDER / "worker" / name for name in ("store.js", "inbox.js", "push.js")
)
"""One script, in this order: not every phone supports modules in a service worker."""

_PACKED: Final = frozenset({".js", ".css", ".svg"})
_VARIES: Final = {"Vary": "Accept-Encoding"}

KEPT_FOR_GOOD: Final = "public, max-age=31536000, immutable"


@router.get("/app.webmanifest")
def tell_manifest(request: Request) -> Response:
    """Web app manifest."""
    site = site_of(request)
    static = f"/static/{site.version}/icons"
    say = words(language_of(request, None)).say
    manifest = {
        "id": "/",
        "name": "Mắt Thần",
        "short_name": "Mắt Thần",
        "description": say("Alerts of the street cameras, for the officers on duty"),
        "lang": language_of(request, None),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#0c1015",
        "theme_color": "#0c1015",
        "icons": [
            {"src": f"{static}/eye.svg", "sizes": "any", "type": "image/svg+xml"},
            {"src": f"{static}/eye-192.png", "sizes": "192x192", "type": "image/png"},
            {"src": f"{static}/eye-512.png", "sizes": "512x512", "type": "image/png"},
            {
                "src": f"{static}/eye-maskable-512.png",
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
    }
    return JSONResponse(manifest, media_type="application/manifest+json")


@router.get("/sw.js")
def tell_worker(request: Request) -> Response:
    """Service worker; at the top level, so that its scope is the whole site."""
    site = site_of(request)
    told = json.dumps({"version": site.version})
    parts = "\n".join(file.read_text() for file in WORKER_FILES)
    script = f"const told = {told};\n{parts}".encode()
    headers = {"Cache-Control": "no-cache"} | _VARIES
    if takes_gzip(request.headers):
        script = _zipped(script)
        headers["Content-Encoding"] = "gzip"
    return Response(script, media_type="text/javascript", headers=headers)


@router.get("/offline")
def show_offline(request: Request) -> Response:
    """Page stored by the service worker for offline use; it has no personal data."""
    return render(request, "offline.html", session=None)


@router.get("/health")
def tell_health() -> Response:
    """Health check for a load balancer or a technician."""
    return JSONResponse({"ok": True, "service": SERVICE})


def takes_gzip(headers: Headers) -> bool:
    """True if the browser accepts gzip. Only content equal for everybody is compressed: the length
    of a page with secrets would reveal them."""
    return "gzip" in headers.get("accept-encoding", "")


@lru_cache(maxsize=64)
def _zipped(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


class VersionedFiles(StaticFiles):
    """Static files and the stylesheet under `/static/{version}/`: cached for ever if the version is
    the present one.

    An older version still gets the present file, so that a page opened before an update keeps
    working.
    """

    def __init__(self, version: str) -> None:
        super().__init__(directory=STATIC_FOLDER)
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one file."""
        scope["is_current"] = scope["path_params"].get("version") == self._version
        await super().__call__(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The stylesheet, or a file."""
        if path != NAME or scope["method"] not in ("GET", "HEAD"):
            return await super().get_response(path, scope)
        return self._kept(self._text(stylesheet(), "text/css", scope), scope)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A file, text compressed if accepted, with its cache time."""
        path = Path(full_path)
        if path.suffix in _PACKED and takes_gzip(Headers(scope=scope)):
            response = self._text(path.read_bytes(), mimetypes.guess_type(path)[0], scope)
        else:
            response = super().file_response(full_path, stat_result, scope, status_code)
        return self._kept(response, scope)

    def _text(self, content: bytes, media_type: str | None, scope: Scope) -> Response:
        if not takes_gzip(Headers(scope=scope)):
            return Response(content, media_type=media_type)
        headers = {"Content-Encoding": "gzip"}
        return Response(_zipped(content), media_type=media_type, headers=headers)

    def _kept(self, response: Response, scope: Scope) -> Response:
        response.headers["Cache-Control"] = (
            KEPT_FOR_GOOD if scope.get("is_current", False) else "no-cache"
        )
        response.headers.update(_VARIES)
        return response


def is_page_wanted(headers: Headers) -> bool:
    """True if a person looks at the answer, not a script."""
    return "text/html" in headers.get("accept", "") or "hx-request" in headers
