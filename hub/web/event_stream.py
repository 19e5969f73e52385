"""Server-sent events: the answer that carries them, and the beat that a page listens for.

The scripts of the pages listen in `hub/web/static/js/stream.js`.
"""

from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import StreamingResponse

BEAT: Final = "event: beat\ndata: {}\n\n"
"""Sent when there is no other news. An event, because scripts do not see comments: without them a
page takes a dead line for a quiet one."""


def event_stream(parts: AsyncIterator[str]) -> StreamingResponse:
    """The events as an answer that no proxy collects or keeps."""
    return StreamingResponse(
        parts,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
