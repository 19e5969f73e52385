"""Helpers of the tests of live, used by more than one module."""

import httpx

from hub.footage.live.upload import JPEG_BEGINS, JPEG_ENDS
from tests.hub.rigs.web_town import TOKEN, Town
from tests.hub.rigs.web_visitor import Visitor


def jpeg(mark: bytes, size_bytes: int = 2000) -> bytes:
    """Looks like a picture as far as the hub looks."""
    body = mark * size_bytes
    return JPEG_BEGINS + body[: size_bytes - 5] + JPEG_ENDS


def bring(town: Town, data: bytes, *, camera: str | None = None, **headers: str) -> httpx.Response:
    """Upload a live picture like the node."""
    sent = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "image/jpeg", **headers}
    path = f"/upload/live/{camera or town.voice.camera}"
    return Visitor(town.app()).send("PUT", path, content=data, headers=sent)
