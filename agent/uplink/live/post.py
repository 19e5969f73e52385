"""Sends small live pictures over HTTPS; they are never written to a disk.

Lowest priority of the node: own thread, never during a file's upload, and a picture not sent within
two seconds is dropped. On a slow line a picture can delay an alert's footage by its own size of 60
kB, never by a second one.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
import structlog

from agent.uplink import https
from agent.uplink.live.leases import DueFrame, LiveCounts, LiveLeases
from agent.uplink.rate import Rate
from agent.uplink.tokens import Tokens
from agent.vision.picture import Encode, PictureStyle, draw
from agent.wire.answers import UploadToken

log = structlog.get_logger()

BEAT_S: Final = 1.0
STALE_S: Final = 2.0
"""A picture that waited this long is out of date: the next one is due by then."""
TIMEOUT_S: Final = 5.0
QUALITIES: Final = (75, 60, 45, 30)
"""Tried in this order until the picture is small enough; then at half the width, and again."""
LEAST_PX: Final = 160
LEAST_HASTE: Final = 19
AGE_HEADER: Final = "Picture-Age-Ms"
_NOBODY: Final = frozenset({HTTPStatus.GONE, HTTPStatus.NOT_FOUND})


class LiveUpload:
    """A named service that uploads live pictures."""

    def __init__(
        self,
        leases: LiveLeases,
        tokens: Tokens,
        *,
        encode: Encode,
        trusted: Path | None,
        bytes_per_s: float = 0.0,
        gives_way: Callable[[], bool] = lambda: False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`gives_way`: something more important is being uploaded; `bytes_per_s` is the limit for
        all uploads, 0 means none."""
        self._leases = leases
        self._tokens = tokens
        self._encode = encode
        self._gives_way = gives_way
        self._rate = Rate(bytes_per_s)
        self._not_before_s = 0.0
        self._last_trouble = ""
        self._client = https.client(trusted, TIMEOUT_S, transport)

    @property
    def counts(self) -> LiveCounts:
        """Pictures sent and dropped."""
        return self._leases.counts

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Send due pictures until stopped."""
        _be_least()
        while not stop.is_set():
            beat()
            shot = self._leases.take(BEAT_S)
            if shot is not None and not self._show(shot):
                self._leases.give_up()

    def close(self) -> None:
        """Close the HTTP connection."""
        self._client.close()

    def _show(self, shot: DueFrame) -> bool:
        """One attempt; False if the picture was dropped."""
        now_s = time.monotonic()
        if (
            self._gives_way()
            or now_s < self._not_before_s
            or not self._leases.is_watched(shot.camera)
        ):
            return False
        token = self._tokens.current(now_s)
        if token is None:
            self._tokens.ask()
            self._tokens.wait(BEAT_S)
            token = self._tokens.current(time.monotonic())
        if token is None or time.monotonic() - shot.due_s > STALE_S:
            return False
        jpeg = small(shot, self._encode)
        if jpeg is None:
            return False
        self._not_before_s = now_s + self._rate.wait_s(len(jpeg), now_s)
        return self._send(shot, jpeg, token)

    def _send(self, shot: DueFrame, jpeg: bytes, token: UploadToken) -> bool:
        url = f"{token.upload_url.rstrip('/')}/live/{shot.camera}"
        age_ms = max(0, round((time.monotonic_ns() - shot.frame.at.mono_ns) / 1e6))
        headers = {
            "Authorization": f"Bearer {token.token}",
            "Content-Type": "image/jpeg",
            AGE_HEADER: str(age_ms),
        }
        try:
            answer = self._client.put(url, content=jpeg, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._say(https.why(error, url))
            return False
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._tokens.spoilt(token)
        if answer.status_code in _NOBODY:
            self._leases.end(shot.camera)
        if answer.status_code != HTTPStatus.NO_CONTENT:
            self._say(f"the hub answers {answer.status_code} to a picture")
            return False
        self._last_trouble = ""
        self.counts.shown += 1
        return True

    def _say(self, why: str) -> None:
        """Log a reason once, however many pictures it affects."""
        if why != self._last_trouble:
            self._last_trouble = why
            log.warning("live_picture_dropped", why=why)


def small(shot: DueFrame, encode: Encode) -> bytes | None:
    """The frame as JPEG within the terms of its lease; None if it cannot be made that small."""
    width = min(shot.terms.widest_px, shot.frame.width)
    while width >= min(LEAST_PX, shot.frame.width):
        for quality in QUALITIES:
            jpeg = draw(shot.frame, (), PictureStyle(widest_px=width, quality=quality), encode)
            if len(jpeg.data) <= shot.terms.most_bytes:
                return jpeg.data
        width //= 2
    return None


def _be_least() -> None:
    """Lower the priority of this thread, if the system allows it."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_HASTE)
