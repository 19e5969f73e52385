"""Clips during recording: a response that grows with the clip, and one that waits for an alert's
first clip."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

import anyio
from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response, StreamingResponse

from hub.access.signin.visit import SignedIn
from hub.footage.growing.clips import AWAITED_S, GrowingReader
from hub.footage.playback.service import PlaybackService
from hub.footage.views import GrowingRow, MediaRow
from hub.web.services import service
from hub.web.visit import Visit

router = APIRouter()

Playback = Annotated[PlaybackService, service(PlaybackService)]

PIECE_BYTES: Final = 256 * 1024
LOOK_EVERY_S: Final = 0.1
"""Interval for passing on new bytes."""
ASK_EVERY_S: Final = 1.0
"""Interval for checking whether the clip goes on and the viewer is still entitled."""


@router.get("/alerts/{alert_id}/clip")
async def await_clip(visit: SignedIn, playback: Playback, alert_id: UUID) -> Response:
    """The alert's first clip as soon as any of it is here; 404 if nothing came in time.

    An alert is often opened before its clip can be at the hub: the player waits here.
    """
    change_signal = visit.site.change_signal
    if not await run_in_threadpool(playback.await_clip, visit.asker, alert_id):
        raise HTTPException(404)
    until_s = time.monotonic() + AWAITED_S
    while not visit.site.stopping() and (left_s := until_s - time.monotonic()) > 0:
        heard = change_signal.rings  # before the query, so that no signal between is missed
        match await run_in_threadpool(playback.first_clip, visit.asker, alert_id):
            case MediaRow() as whole:
                return RedirectResponse(f"/media/{whole.media_id}", 307)
            case GrowingRow() as row:
                began = f"?began={row.first_frame_utc_us}"  # for the page's script only
                return RedirectResponse(f"/clips/{row.clip_id}/growing{began}", 307)
        await anyio.sleep(LOOK_EVERY_S)  # also in a burst of signals
        await change_signal.wait(heard, timeout_s=min(left_s, ASK_EVERY_S))
    raise HTTPException(404)


@router.get("/clips/{clip_id}/growing")
def watch_clip(visit: SignedIn, playback: Playback, clip_id: UUID) -> Response:
    """A clip in recording from its first byte, as it arrives; once it is complete, the stored
    file."""
    reader = playback.watch_clip(visit.asker, clip_id)
    match reader:
        case None:
            raise HTTPException(404)
        case UUID():
            return RedirectResponse(f"/media/{reader}", 307)
        case GrowingReader():
            headers = {"Cache-Control": "no-store", "Accept-Ranges": "none"}
            pieces = _pieces(visit, playback, clip_id, reader)
            return StreamingResponse(pieces, headers=headers, media_type="video/mp4")


async def _pieces(
    visit: Visit, playback: PlaybackService, clip_id: UUID, reader: GrowingReader
) -> AsyncIterator[bytes]:
    ask_at_s = time.monotonic() + ASK_EVERY_S
    is_over = False
    try:
        while True:
            piece = await run_in_threadpool(reader.read, PIECE_BYTES)
            if piece:
                yield piece
            elif is_over or visit.site.stopping():
                return
            else:
                await anyio.sleep(LOOK_EVERY_S)
            if time.monotonic() >= ask_at_s:
                ask_at_s = time.monotonic() + ASK_EVERY_S
                if not await run_in_threadpool(playback.may_watch, visit.asker, clip_id):
                    return
                # Bytes from before its end are still read: the last bytes come with the end.
                is_over = await run_in_threadpool(reader.is_over)
    finally:
        reader.close()
