"""Releases of nodes: the running ones, and the download of a bundle by its node."""

import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from agent.wire.programs import FELL_BACK, MOST_BUNDLE_BYTES, UNSIGNED
from hub.access.signin.visit import SignedIn
from hub.base.storage.partial_files import CHUNK_BYTES
from hub.nodes.desired_state import listing, wording
from hub.nodes.desired_state.release_rows import BACK, Bundle
from hub.nodes.desired_state.release_service import NodeReleaseRow, ReleaseService
from hub.nodes.desired_state.rules.layers import SettingsState
from hub.nodes.desired_state.rules.releases import TOO_OLD
from hub.nodes.enrolment.service import EnrolmentService
from hub.nodes.releases.upload import BundleService
from hub.web.i18n import Messages
from hub.web.ranges import ByteRange, UnsatisfiableError, wanted_span
from hub.web.rendering import render, site_of
from hub.web.resumable import UploadRefusal, node_name_of
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter()

Enrolments = Annotated[EnrolmentService, service(EnrolmentService)]
Releases = Annotated[ReleaseService, service(ReleaseService)]

AT_ONCE: Final = 8
"""Most downloads at a time; other nodes come again after `AGAIN_S`."""
AGAIN_S: Final = 30
_places: Final = threading.BoundedSemaphore(AT_ONCE)


@router.get("/configuration/programs")
def show_programs(request: Request, visit: SignedIn, enrolments: Enrolments) -> Response:
    """Release and progress of every node; 404 for people who manage nothing."""
    if not enrolments.tends_areas(visit.asker):
        raise HTTPException(404)
    return page(request, visit)


def page(request: Request, visit: Visit, *, wrong: str = "", status_code: int = 200) -> Response:
    """The page of programs; `wrong`: why an upload was refused."""
    releases = visit.use(ReleaseService)
    words = visit.site.calendar(visit.asker.language).words
    rows, table = releases.overview(visit.asker), listing.PROGRAMS.view(request.query_params)
    shown = listing.PROGRAMS.rows(rows, table)
    return render(
        request,
        "programs.html",
        session=visit.session,
        status_code=status_code,
        bundles=releases.bundles_shown(visit.asker),
        table=table,
        nodes=[(row, _state(row, words), _reason(row, words)) for row in shown],
        total=len(rows),
        states=listing.states_of((row.state for row in rows), table.filters["state"], words),
        takes_bundles=visit.find(BundleService) is not None,
        wrong=wrong,
        most={"bytes": MOST_BUNDLE_BYTES, "chunk": CHUNK_BYTES},
    )


@router.get("/upload/programs/{sha256}")
async def give_bundle(request: Request, releases: Releases, sha256: str) -> Response:
    """A bundle, from any byte on, for a node that should run it, by its upload token."""
    site = site_of(request)
    try:
        node = await run_in_threadpool(node_name_of, request, site)
        bundle = await run_in_threadpool(releases.wanted_of, node, sha256)
        if bundle is None:
            return JSONResponse({"reason": "not_wanted"}, 404)
        answer = _answer(releases, bundle, request.headers.get("range", ""))
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            await run_in_threadpool(releases.note_waits, node)
    except UploadRefusal as unwanted:
        answer = JSONResponse({"reason": unwanted.reason}, unwanted.status_code)
        answer.headers.update(unwanted.headers)
    return answer


def _answer(releases: ReleaseService, bundle: Bundle, asked: str) -> Response:
    size_bytes = bundle.size_bytes
    headers = {"ETag": f'"{bundle.sha256}"', "Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    try:
        span = wanted_span(asked, size_bytes)
    except UnsatisfiableError:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size_bytes}"})
    if not _places.acquire(blocking=False):
        return JSONResponse({"reason": "busy"}, 503, headers={"Retry-After": str(AGAIN_S)})
    whole = span is None
    span = span or ByteRange(0, size_bytes - 1)
    headers["Content-Length"] = str(span.size_bytes)
    if not whole:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{size_bytes}"
    return StreamingResponse(
        _Given(releases.read(bundle.sha256, span.first, span.size_bytes)),
        status_code=200 if whole else 206,
        headers=headers,
        media_type="application/x-tar",
    )


class _Given:
    """Pieces of the answer; its slot is free again when they are sent or the client has gone."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._has_place = True

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        finally:
            self._free()

    def _free(self) -> None:
        if self._has_place:
            self._has_place = False
            _places.release()

    def __del__(self) -> None:
        self._free()


def _reason(row: NodeReleaseRow, words: Messages) -> str:
    """Reason as reported by the node, or known to the hub."""
    return {
        FELL_BACK: words.say("it did not reach its broker within 15 minutes or four starts"),
        UNSIGNED: words.say("it is not signed by this town's update key"),
        TOO_OLD: words.say("its programs are too old for this: bring this bundle on a stick once"),
        BACK: words.say("it goes back to what it ran before"),
    }.get(row.reason, row.reason)


def _state(row: NodeReleaseRow, words: Messages) -> str:
    percent = 100 * row.brought_bytes // max(1, row.size_bytes)
    on_their_way = {
        "fetching": words.say("fetches them: %(percent)d%%") % {"percent": percent},
        "installing": words.say("installs them"),
        "on_probation": words.say("tries them for a quarter of an hour"),
    }
    if row.state is SettingsState.WAITING and row.outcome in on_their_way:
        return on_their_way[row.outcome]
    of_programs = {
        SettingsState.IN_FORCE: words.say("runs them"),
        SettingsState.FELL_BACK: words.say("went back to the release before"),
    }
    return of_programs.get(row.state) or wording.state_word(row.state, words)


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    return {"programs.add": words.say("added programs for camera boxes")}
