"""One RTSP connection as a talk: requests that are answered, and the bytes that come between.

RTP comes inside the connection ($, channel, length: RFC 2326, 10.12); whoever talks reads it.
"""

import contextlib
import socket
import time
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import urlsplit

from agent.devices.address import masked
from agent.devices.rtsp_words import Answer, Credentials, head_of, request
from agent.devices.soap import DeviceLogin
from agent.media.archive import ArchiveError

READ_S: Final = 10.0
HEAD_BYTES: Final = 16_384
BODY_BYTES: Final = 65_536


class Talk:
    """Used by one thread at a time. Every call may raise ArchiveError."""

    def __init__(self, url: str, login: DeviceLogin | None, *, patience_s: float = READ_S) -> None:
        """Connect. `url` is without a login; nothing is waited for longer than `patience_s`."""
        self.url = url
        self.session = ""
        self.buffer = bytearray()
        """Read already, and not yet looked at."""
        self.spoke_s = time.monotonic()
        self._credentials = Credentials(login) if login else None
        self._patience_s = patience_s
        self._said = 0
        try:
            parts = urlsplit(url)
            self.socket = socket.create_connection(
                (parts.hostname or "", parts.port or 554), timeout=patience_s
            )
        except (OSError, ValueError) as error:
            raise self._gone(error) from error

    def ask(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        """Say it and wait for the answer, with the login where that is asked for."""
        self.say(method, url, headers)
        answer = self.answer()
        told = answer.headers.get("www-authenticate", "")
        if answer.status == 401 and self._credentials and self._credentials.challenged(told):
            self.say(method, url, headers)
            answer = self.answer()
        if answer.status == 401:
            raise ArchiveError(f"{masked(self.url)} refuses the login")
        if answer.status != 200:
            raise ArchiveError(f"{masked(self.url)} answers {answer.status} to {method}")
        return answer

    def say(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        """Without waiting for the answer."""
        self._said += 1
        session = {"Session": self.session} if self.session else {}
        signed = self._credentials.header(method, url) if self._credentials else {}
        words = request(method, url, {"CSeq": str(self._said), **session, **signed, **headers})
        try:
            self.socket.sendall(words)
        except OSError as error:
            raise self._gone(error) from error
        self.spoke_s = time.monotonic()

    def answer(self) -> Answer:
        """To what was said last; what else comes meanwhile is passed over."""
        until_s = time.monotonic() + self._patience_s
        while time.monotonic() < until_s:
            mark = self.need(1)
            if mark == b"$":
                self.need(1)
                self.need(int.from_bytes(self.need(2)))
                continue
            answer = self.head(mark)
            if answer.status and answer.headers.get("cseq", "") == str(self._said):
                return answer
        raise self._gone(TimeoutError())

    def head(self, begun: bytes) -> Answer:
        """What begins with that byte: an answer, or (status 0) a request."""
        head = bytearray(begun)
        while not head.endswith(b"\r\n\r\n"):
            if len(head) > HEAD_BYTES:
                raise ArchiveError(f"{masked(self.url)} answers, but not as RTSP does")
            head += self.need(1)
        told = head_of(bytes(head).strip())
        length = (told[1].get("content-length", "0") if told else "x") or "0"
        if told is None or not length.isdigit() or int(length) > BODY_BYTES:
            raise ArchiveError(f"{masked(self.url)} answers, but not as RTSP does")
        return Answer(told[0], told[1], self.need(int(length)))

    def need(self, size: int) -> bytes:
        """So many bytes."""
        data = self.take(size)
        if len(data) < size:
            raise ArchiveError(f"{masked(self.url)} hung up")
        return data

    def take(self, size: int) -> bytes:
        """So many bytes; fewer where it hangs up."""
        while len(self.buffer) < size:
            try:
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
        """Hang up, politely where that is possible."""
        with contextlib.suppress(ArchiveError):
            if self.session:
                self.say("TEARDOWN", self.url, {})
        self.socket.close()

    def __enter__(self) -> Self:
        """Connected already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self.close()
