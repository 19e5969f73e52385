"""Live pages: a stream of "this alert has changed", cut to what the reader may see.

The id of each event is the reader's cursor, so a phone that lost its line goes on where it was
(the browser sends Last-Event-ID by itself). The stream carries no content: the page asks for the
card anew, and passes the door again.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from hub.web.auth import SignedOutError, came_from, cookie_name, session_of
from hub.web.site import Site, site_of

router = APIRouter()

RETRY_MS: Final = 2_000
"""How soon a browser comes back after the line broke."""

PACE_S: Final = 0.2
"""Open pages ask the store at most this often each, however fast the bell rings in a storm."""


@router.get("/events")
async def stream_changes(
    request: Request,
    cursor: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Changes after Last-Event-ID, else after `cursor`, else from now on."""
    site = site_of(request)
    session = await run_in_threadpool(session_of, request)
    if session is None:
        raise SignedOutError
    start = int(last_event_id) if last_event_id.isdecimal() else cursor
    if start is None:
        start = (await run_in_threadpool(site.door.inbox, session.asker, 0)).cursor
    return StreamingResponse(
        _changes(site, request.cookies[cookie_name(site)], came_from(request), start),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _changes(site: Site, token: str, address: str, cursor: int) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    loop = asyncio.get_running_loop()
    scope: int | None = None
    look_at = loop.time()
    while not site.stopping():
        asked_at = loop.time()
        heard = site.bell.rings  # before asking, so that no ring between is missed
        # Grants and sessions end while pages are open: both are asked anew each time.
        session = await run_in_threadpool(site.accounts.session_by_token, token, came_from=address)
        if session is None:
            yield "event: signed-out\ndata: {}\n\n"
            return
        if loop.time() >= look_at:  # no alert changes when a grant ends: nothing else would tell
            before, scope = scope, await run_in_threadpool(site.door.scope_mark, session.asker)
            look_at = loop.time() + _soon(site)
            if before is not None and before != scope:
                yield "event: scope\ndata: {}\n\n"
        changes, reached = await run_in_threadpool(site.door.changes_since, session.asker, cursor)
        for change in changes:
            told = {"alert_id": str(change.alert_id), "revision": change.revision}
            yield f"id: {change.cursor}\nevent: change\ndata: {json.dumps(told)}\n\n"
        if reached != cursor:
            cursor = reached
            yield f"id: {cursor}\n\n"
        if await site.bell.wait(heard, timeout_s=_soon(site)) == heard:
            yield ": still here\n\n"
        await asyncio.sleep(max(0.0, asked_at + PACE_S - loop.time()))


def _soon(site: Site) -> float:
    """Seconds; each time other ones, or all pages that a restart opened at once would ask at once
    for as long as they are open, and hold up whoever asks for a page then.
    """
    return site.settings.keepalive_s * random.uniform(0.5, 1.0)  # noqa: S311 - only spreads
