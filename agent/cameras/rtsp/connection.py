"""One RTSP connection: requests, answers, and the RTP bytes between them.

RTP is interleaved in the connection ($, channel, length: RFC 2326, 10.12); the caller reads it.
"""

import contextlib
import socket
import time
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import urlsplit

from agent.cameras.address import masked
from agent.cameras.login import DeviceLogin
from agent.cameras.rtsp.protocol import (
    CHALLENGE,
    Credentials,
    RtspResponse,
    head_of,
    length_of,
    request,
)
from agent.media.archive import ArchiveError

READ_S: Final = 10.0
HEAD_BYTES: Final = 16_384
BODY_BYTES: Final = 65_536
TRIES: Final = 3
"""Most tries per request: without a login, with it, and again if the challenge is stale."""


class RtspConnection:
    """Connection to an RTSP server. For one thread at a time. Every call may raise ArchiveError."""

    def __init__(
        self,
        url: str,
        login: DeviceLogin | None,
        *,
        patience_s: float = READ_S,
    ) -> None:
        """Connect. `url` is without a login; `patience_s` is the longest wait for one answer."""
        self.url = url
        self.session = ""
        self.buffer = bytearray()
        """Bytes received and not yet parsed."""
        self.spoke_s = time.monotonic()
        self._credentials = Credentials(login) if login else None
        self._patience_s = patience_s
        self._until_s = 0.0
        self._said = 0
        try:
            parts = urlsplit(url)
            self.socket = socket.create_connection(
                (parts.hostname or "", parts.port or 554), timeout=patience_s
            )
        except (OSError, ValueError) as error:
            raise self._gone(error) from error
        self.wait_anew()

    def ask(self, method: str, url: str, headers: Mapping[str, str]) -> RtspResponse:
        """Send a request and wait for its answer, with the login if the server asks for it."""
        for tried in range(TRIES):
            self.send(method, url, headers)
            answer = self.answer()
            if answer.status != 401 or not self._may_sign(answer.headers, tried):
                break
        if answer.status == 401:
            raise ArchiveError(f"{masked(self.url)} refuses the login")
        if answer.status != 200:
            raise ArchiveError(f"{masked(self.url)} answers {answer.status} to {method}")
        return answer

    def _may_sign(self, headers: Mapping[str, str], tried: int) -> bool:
        """True for one try only, because devices lock accounts; again only if the challenge was
        stale."""
        known = self._credentials
        can = known is not None and known.challenged(headers.get(CHALLENGE, ""))
        return can and known is not None and (tried == 0 or known.is_stale)

    def send(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        """Send a request without waiting for the answer."""
        self._said += 1
        session = {"Session": self.session} if self.session else {}
        signed = self._credentials.header(method, url) if self._credentials else {}
        words = request(method, url, {"CSeq": str(self._said), **session, **signed, **headers})
        try:
            self.socket.settimeout(self._patience_s)
            self.socket.sendall(words)
        except OSError as error:
            raise self._gone(error) from error
        self.spoke_s = time.monotonic()

    def answer(self) -> RtspResponse:
        """The answer to the last request; everything before it is skipped."""
        self.wait_anew()
        while True:
            mark = self.need(1)
            if mark == b"$":
                self.need(1)
                self.need(int.from_bytes(self.need(2)))
                continue
            answer = self.head(mark)
            if answer.status and answer.headers.get("cseq", "") == str(self._said):
                return answer

    def head(self, begun: bytes) -> RtspResponse:
        """Read the head of an answer, or of a request of the server (status 0), whose first bytes
        are `begun`."""
        head = bytearray(begun)
        while not head.endswith(b"\r\n\r\n"):
            if len(head) > HEAD_BYTES:
                raise ArchiveError(f"{masked(self.url)} answers, but not in RTSP")
            head += self.need(1)
        told = head_of(bytes(head).strip())
        length = length_of(told[1]) if told else None
        if told is None or length is None or length > BODY_BYTES:
            raise ArchiveError(f"{masked(self.url)} answers, but not in RTSP")
        return RtspResponse(told[0], told[1], self.need(length))

    def wait_anew(self) -> None:
        """Restart the timeout of `patience_s`."""
        self._until_s = time.monotonic() + self._patience_s

    def need(self, size: int) -> bytes:
        """Read exactly `size` bytes; ArchiveError if fewer come."""
        data = self.take(size)
        if len(data) < size:
            raise ArchiveError(f"{masked(self.url)} closed the connection")
        return data

    def take(self, size: int) -> bytes:
        """`size` bytes; fewer if the server closes the connection."""
        while len(self.buffer) < size:
            left_s = self._until_s - time.monotonic()
            if left_s <= 0:  # a single byte now and then counts as silence
                raise self._gone(TimeoutError())
            try:
                self.socket.settimeout(left_s)
                piece = self.socket.recv(65_536)
            except OSError as error:
                raise self._gone(error) from error
            if not piece:
                break
            self.buffer += piece
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def _gone(self, error: OSError | ValueError) -> ArchiveError:
        said = getattr(error, "strerror", None)
        why = "it is silent" if isinstance(error, TimeoutError) else said or error
        return ArchiveError(f"{masked(self.url)} does not answer ({why})")

    def close(self) -> None:
        """Send TEARDOWN if a session is open, then close the connection."""
        with contextlib.suppress(ArchiveError):
            if self.session:
                self.send("TEARDOWN", self.url, {})
        self.socket.close()

    def __enter__(self) -> Self:
        """Return the connection, which is already open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()
