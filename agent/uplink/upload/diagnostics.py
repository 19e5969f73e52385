"""Uploads a file that somebody requested at the hub, or the reason why there is none.

One at a time, after all footage, within the bandwidth for uploads. A failed upload waits for the
hub's next request: it repeats the request while it is valid.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar
from uuid import UUID

import httpx
import structlog

from agent.uplink import https
from agent.uplink.background import BEAT_S, Going, Pace, leave
from agent.uplink.tokens import Tokens
from agent.wire.answers import SendExplanation, UploadToken
from agent.wire.no_answer import NoAnswer, said

log = structlog.get_logger()

TIMEOUT_S: Final = 30.0
TOKEN_WITHIN_S: Final = 20.0
MOST_BYTES: Final = 3 * 2**20
REASON_CHARS: Final = 500
PIECE_BYTES: Final = 16 * 1024
FILE_TYPE: Final = "application/zip"
PAGE_TYPE: Final = "text/html; charset=utf-8"
REASON_TYPE: Final = "text/plain; charset=utf-8"


class NoDiagnosis(Exception):  # noqa: N818 - said to the hub, no fault of ours
    """No file can be made; the message is the reason that the hub gets."""

    def __init__(self, code: NoAnswer, value: object = "") -> None:
        super().__init__(said(code, value))


Make = Callable[[Callable[[], bool]], bytes]
"""Makes the file; calls the given function at intervals and gives up when it returns False."""
Explain = Callable[[SendExplanation], bytes]
"""Makes the page; raises NoDiagnosis."""
How = TypeVar("How")


@dataclass(frozen=True, slots=True)
class _Wish:
    command_id: UUID
    make: Make


class AnswerUpload(Generic[How]):
    """A named service that uploads requested files; `make` makes them."""

    place: ClassVar[str]
    """Part of the address before the command's id."""
    file_type: ClassVar[str]
    is_kept: ClassVar[bool]
    """If the upload fails, until the hub asks again; else it is made again then."""

    def __init__(
        self,
        make: How,
        tokens: Tokens,
        *,
        trusted: Path | None,
        bytes_per_s: float = 0.0,
        gives_way: Callable[[], bool] = lambda: False,
    ) -> None:
        """Parameters as for `LivePost`."""
        self._make = make
        self._tokens = tokens
        self._pace = Pace(bytes_per_s, gives_way)
        self._asked = threading.Event()
        self._wanted: _Wish | None = None
        self._done: UUID | None = None
        self._kept: tuple[UUID, bytes, str] | None = None
        self._client = https.client(trusted, TIMEOUT_S)

    def want(self, command_id: UUID, make: Make) -> None:
        """Make and upload this; a newer request replaces an earlier one."""
        if command_id != self._done:
            self._wanted = _Wish(command_id, make)
            self._asked.set()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Upload requested files until stopped."""
        going = Going(stop, beat)
        while going():
            if not self._asked.wait(BEAT_S):
                continue
            self._asked.clear()
            wanted = self._wanted
            if wanted is not None and wanted.command_id != self._done:
                self._bring(wanted, going)

    def close(self) -> None:
        """Close the HTTP connection."""
        self._client.close()

    def _bring(self, wanted: _Wish, going: Going) -> None:
        command_id = wanted.command_id
        if self._kept is None or self._kept[0] != command_id:
            log.info(f"{self.place}_asked_for")
            try:
                self._kept = (command_id, wanted.make(going), self.file_type)
            except NoDiagnosis as why:
                if not going():  # the hub asks again after a restart of the agent
                    return
                log.warning(f"no_{self.place}", why=str(why))
                self._kept = (command_id, str(why)[:REASON_CHARS].encode(), REASON_TYPE)
        token = leave(self._tokens, going, within_s=TOKEN_WITHIN_S)
        if token is not None and self._send(token, going):
            self._done, self._kept = command_id, None
        if not self.is_kept:
            self._kept = None

    def _send(self, token: UploadToken, going: Going) -> bool:
        """True if the hub has it or refuses it for good."""
        assert self._kept is not None  # noqa: S101 - made just now
        wanted, body, media_type = self._kept
        url = f"{token.upload_url.rstrip('/')}/{self.place}/{wanted}"
        headers = {
            "Authorization": f"Bearer {token.token}",
            "Content-Type": media_type,
            "Content-Length": str(len(body)),
        }
        try:
            answer = self._client.put(url, content=self._paced(body, going), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning(f"{self.place}_not_brought", why=https.why(error, url))
            return False
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._tokens.spoilt(token)
        if answer.is_success:
            log.info(f"{self.place}_brought", size_bytes=len(body))
            return True
        log.warning(f"{self.place}_not_brought", why=f"the hub answers {answer.status_code}")
        return answer.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)

    def _paced(self, body: bytes, going: Going) -> Iterator[bytes]:
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]
            if not self._pace.wait(len(piece), going):
                raise httpx.WriteError("the agent was stopped")
            yield piece


class DiagnosisUpload(AnswerUpload[Make]):
    """Uploads diagnosis files; a `DiagnosisPort`."""

    place = "diagnosis"
    file_type = FILE_TYPE
    is_kept = True  # it takes a while

    def ask(self, command_id: UUID) -> None:
        """See `DiagnosisPort`."""
        self.want(command_id, self._make)


class ExplanationUpload(AnswerUpload[Explain]):
    """Uploads explanations; an `ExplanationPort`."""

    place = "explanation"
    file_type = PAGE_TYPE
    is_kept = False  # it shows people

    def ask(self, command_id: UUID, wanted: SendExplanation) -> None:
        """See `ExplanationPort`. No request gets the page of another: it is made for its own
        command."""
        self.want(command_id, lambda _going: self._make(wanted))
