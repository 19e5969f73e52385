"""Pages of a process without the role `web`: its health, and its metrics."""

from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.oversight.metrics.pages import answer
from hub.web.rendering import Measures


def make_role_pages(measured: Measures, health: Callable[[], Mapping[str, object]]) -> Starlette:
    """`/health`, with status 503 unless it is `ok`, and `/metrics` for holders of the token."""

    def tell_health(_: Request) -> Response:
        said = dict(health())
        return JSONResponse(said, 200 if said["ok"] else 503)

    def tell_metrics(request: Request) -> Response:
        return answer(measured, request.headers.get("authorization", ""))

    return Starlette(routes=[Route("/health", tell_health), Route("/metrics", tell_metrics)])
