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
from agent.devices.rtsp_words import CHALLENGE, Answer, Credentials, head_of, length_of, request
from agent.devices.soap import DeviceLogin
from agent.media.archive import ArchiveError

READ_S: Final = 10.0
HEAD_BYTES: Final = 16_384
BODY_BYTES: Final = 65_536
TRIES: Final = 3
"""Of a request: without a login, with it, and once more where the challenge had grown old."""
_OVER: Final = frozenset({"2101", "2104", "2306"})
"""Notices that the stream is at an end (by Kasenna's extension, as FFmpeg knows it)."""


class Talk:
    """Used by one thread at a time. Every call may raise ArchiveError."""

    def __init__(
        self,
        url: str,
        login: DeviceLogin | None,
        *,
        patience_s: float = READ_S,
        within_s: float = float("inf"),
    ) -> None:
        """Connect. `url` is without a login; no answer is waited for longer than `patience_s`,
        and all together not longer than `within_s`."""
        self.url = url
        self.session = ""
        self.buffer = bytearray()
        """Read already, and not yet looked at."""
        self.spoke_s = time.monotonic()
        self._credentials = Credentials(login) if login else None
        self._patience_s = patience_s
        self._latest_s = time.monotonic() + within_s
        self._until_s = 0.0
        self._said = 0
        self._still_there = "GET_PARAMETER"
        self._signed = 0
        """That request was signed anew."""
        self._is_heard = True
        """It has answered since we last said that we are there."""
        try:
            parts = urlsplit(url)
            self.socket = socket.create_connection(
                (parts.hostname or "", parts.port or 554), timeout=min(patience_s, within_s)
            )
        except (OSError, ValueError) as error:
            raise self._gone(error) from error
        self.wait_anew()

    def ask(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        """Say it and wait for the answer, with the login where that is asked for."""
        for tried in range(TRIES):
            self.say(method, url, headers)
            answer = self.answer()
            if answer.status != 401 or not self._may_sign(answer.headers, tried):
                break
        if answer.status == 401:
            raise ArchiveError(f"{masked(self.url)} refuses the login")
        if answer.status != 200:
            raise ArchiveError(f"{masked(self.url)} answers {answer.status} to {method}")
        return answer

    def _may_sign(self, headers: Mapping[str, str], tried: int) -> bool:
        """Cameras lock an account after some wrong tries: one alone, unless it came too late."""
        known = self._credentials
        can = known is not None and known.challenged(headers.get(CHALLENGE, ""))
        return can and known is not None and (tried == 0 or known.is_stale)

    def say(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        """Without waiting for the answer."""
        self._said += 1
        session = {"Session": self.session} if self.session else {}
        signed = self._credentials.header(method, url) if self._credentials else {}
        self._send(request(method, url, {"CSeq": str(self._said), **session, **signed, **headers}))

    def _send(self, words: bytes) -> None:
        try:
            self.socket.settimeout(self._patience_s)
            self.socket.sendall(words)
        except OSError as error:
            raise self._gone(error) from error
        self.spoke_s = time.monotonic()

    def learn_what_keeps_alive(self) -> None:
        """Ask what it understands: some cameras hang up at a GET_PARAMETER."""
        known = self.ask("OPTIONS", self.url, {}).headers.get("public", "")
        self._still_there = "GET_PARAMETER" if "GET_PARAMETER" in known else "OPTIONS"

    def say_still_there(self) -> None:
        """So that it does not hang up; what it answers comes between the packets."""
        if not self._is_heard:  # some say that they know it, and do not
            self._still_there = "OPTIONS"
        self._is_heard = False
        self.say(self._still_there, self.url, {})

    def heard(self, head: bytes) -> None:
        """Take words that came between the packets: a late answer, or a request of the camera's.

        Raises EOFError where they say that it is over.
        """
        told = head_of(head)
        if told is None:
            return
        status, headers = told
        if headers.get("x-notice", headers.get("notice", ""))[:4] in _OVER:
            raise EOFError
        if not status:
            is_asked = head.startswith(b"OPTIONS ")
            self._send(_reply(headers, "200 OK" if is_asked else "501 Not Implemented"))
            return
        self._is_heard = True
        if headers.get("cseq") == str(self._said):
            self._answered(status, headers)

    def _answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Whether it heard that we are still there."""
        is_first = self._signed != self._said
        if status == 401 and is_first and self._may_sign(headers, 0):
            self.say(self._still_there, self.url, {})
            self._signed = self._said
        elif status != 200:
            self._still_there = "OPTIONS"

    def answer(self) -> Answer:
        """To what was said last; what else comes meanwhile is passed over."""
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

    def head(self, begun: bytes) -> Answer:
        """What begins with that byte: an answer, or (status 0) a request."""
        head = bytearray(begun)
        while not head.endswith(b"\r\n\r\n"):
            if len(head) > HEAD_BYTES:
                raise ArchiveError(f"{masked(self.url)} answers, but not as RTSP does")
            head += self.need(1)
        told = head_of(bytes(head).strip())
        length = length_of(told[1]) if told else None
        if told is None or length is None or length > BODY_BYTES:
            raise ArchiveError(f"{masked(self.url)} answers, but not as RTSP does")
        return Answer(told[0], told[1], self.need(length))

    def wait_anew(self) -> None:
        """From here on so long as it may be silent."""
        self._until_s = min(time.monotonic() + self._patience_s, self._latest_s)

    def need(self, size: int) -> bytes:
        """So many bytes."""
        data = self.take(size)
        if len(data) < size:
            raise ArchiveError(f"{masked(self.url)} hung up")
        return data

    def take(self, size: int) -> bytes:
        """So many bytes; fewer where it hangs up."""
        while len(self.buffer) < size:
            left_s = self._until_s - time.monotonic()
            if left_s <= 0:  # a byte now and then is silence too
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


def _reply(headers: Mapping[str, str], status: str) -> bytes:
    kept = ((name, headers.get(name.lower())) for name in ("CSeq", "Session"))
    lines = [f"RTSP/1.0 {status}", *(f"{name}: {value}" for name, value in kept if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
