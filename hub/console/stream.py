"""Live updates: a stream of "this alert has changed", limited to what the reader may see.

The id of each event is the reader's cursor, so a reconnecting phone continues where it was (the
browser sends Last-Event-ID by itself). The stream has no content: the page loads the card again,
with the usual scope check.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from hub.access.signin.accounts import Accounts
from hub.access.signin.visit import SignedOutError, came_from, session_of, token_of
from hub.console.service import InboxService
from hub.web.event_stream import BEAT, event_stream
from hub.web.i18n import Messages
from hub.web.rendering import Site, site_of
from hub.web.services import service

router = APIRouter()

Inbox = Annotated[InboxService, service(InboxService)]

RETRY_MS: Final = 2_000
"""Reconnect delay of a browser."""

PACE_S: Final = 0.2
"""Least time between two queries of one open page, also in a burst of signals."""


@router.get("/events")
async def stream_changes(
    request: Request,
    inbox: Inbox,
    cursor: Annotated[int | None, Query(ge=0)] = None,
    scope: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Changes after Last-Event-ID, else after `cursor`, else from now on; and of the reader's scope
    after the page with the mark `scope`, else from now on."""
    site = site_of(request)
    session = await run_in_threadpool(session_of, request)
    if session is None:
        raise SignedOutError
    start = int(last_event_id) if last_event_id.isdecimal() else cursor
    if start is None:
        start = (await run_in_threadpool(inbox.inbox, session.asker, 0)).cursor
    if scope is None:
        scope = await run_in_threadpool(inbox.scope_mark, session.asker)
    token, address = token_of(request), came_from(request)
    return event_stream(_changes(site, inbox, token, address, start, scope))


async def _changes(
    site: Site, inbox: InboxService, token: str, address: str, cursor: int, scope: int
) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    loop = asyncio.get_running_loop()
    waiting: dict[str, int] | None = None
    look_at = loop.time()
    while not site.stopping():
        asked_at = loop.time()
        heard = site.change_signal.rings  # before the query, so that no signal between is missed
        # Grants and sessions can end while a page is open: both are checked each time.
        session = await run_in_threadpool(
            site.services.use(Accounts).session_by_token, token, came_from=address
        )
        if session is None:
            yield "event: signed-out\ndata: {}\n\n"
            return
        if loop.time() >= look_at:  # no alert changes when a grant ends: nothing else would tell
            before, scope = scope, await run_in_threadpool(inbox.scope_mark, session.asker)
            waited, waiting = waiting, await run_in_threadpool(site.waiting, session.asker)
            look_at = loop.time() + _soon(site)
            if before != scope:
                yield "event: scope\ndata: {}\n\n"
            if waited != waiting:  # the first too: the page was made before this line was there
                yield f"event: waiting\ndata: {json.dumps(waiting)}\n\n"
            yield BEAT
        changes, reached = await run_in_threadpool(inbox.changes_since, session.asker, cursor)
        for change in changes:
            told = {"alert_id": str(change.alert_id), "revision": change.revision}
            yield f"id: {change.cursor}\nevent: change\ndata: {json.dumps(told)}\n\n"
        if reached != cursor:
            cursor = reached
            yield f"id: {cursor}\n\n"
        await site.change_signal.wait(heard, timeout_s=max(0.0, look_at - loop.time()))
        await asyncio.sleep(max(0.0, asked_at + PACE_S - loop.time()))


def _soon(site: Site) -> float:
    """In seconds, random: otherwise all pages reopened by a restart would query at the same times
    and delay other requests."""
    return site.settings.keepalive_s * random.uniform(0.5, 1.0)  # noqa: S311 - only spreads


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    return {"changes.open": words.say("heard of changed alerts")}
