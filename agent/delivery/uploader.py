"""Pictures and clips brought to the hub over HTTPS, each once its event has arrived there.

Piece by piece: a line that breaks costs a piece at most, and what matters more need not wait for
the end of a long clip."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
import structlog

from agent.delivery import tus
from agent.delivery.backoff import Backoff
from agent.delivery.pieces import Pieces
from agent.delivery.rate import Rate
from agent.delivery.tokens import Tokens
from agent.delivery.transfer import Transfer
from agent.delivery.tus import Answered, TusClient
from agent.journal import Brought, DueMedia, Journal, JournalFull
from agent.wire.messages import UploadToken

log = structlog.get_logger()

BEAT_S: Final = 1.0
CHUNK_BYTES: Final = 16 * 1024
_LOOK_AT: Final = 20
_NEVER: Final = frozenset(
    {
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        tus.HASH_DIFFERS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPolicy:
    """The patience of the uploader in seconds, and what it brings how fast."""

    connect_s: float = 10.0
    stall_s: float = 30.0
    """A transfer that does not move for so long is begun again."""
    retry_base_s: float = 1.0
    retry_cap_s: float = 60.0
    brought: Brought = Brought.ALL
    """What is brought without being asked for."""
    bytes_per_s: float = 0.0
    """The most of pictures and clips that is sent; 0: no limit."""


@dataclass(slots=True)
class UploadCounts:
    """What was brought since the agent began."""

    stored: int = 0
    refused: int = 0
    failed: int = 0
    requests: int = 0
    sent_bytes: int = 0
    """Of files, given to the line; what was sent twice counts twice."""


class Uploader:
    """One thread that brings what is due, what matters most first, one piece at a time."""

    def __init__(
        self,
        journal: Journal,
        tokens: Tokens,
        *,
        trusted: Path | None,
        policy: UploadPolicy,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`trusted`: an authority (PEM) believed beside the system's; the hub's own, mostly."""
        self._journal = journal
        self._tokens = tokens
        self._policy = policy
        self._client = httpx.Client(
            verify=_tls(trusted),
            timeout=httpx.Timeout(policy.stall_s, connect=policy.connect_s),
            transport=transport,
            follow_redirects=False,  # a token goes where the hub said, and nowhere else
            trust_env=False,
        )
        self._wake = threading.Event()
        self._backoff = Backoff(policy.retry_base_s, policy.retry_cap_s)
        self._tus = TusClient(self._client)
        self._pieces = Pieces()
        self._rate = Rate(policy.bytes_per_s)
        self._transfers: dict[str, Transfer] = {}
        self._spoilt: set[str] = set()
        self._not_before_s: dict[str, float] = {}
        self._last_trouble = ""
        self.counts = UploadCounts()
        journal.listen(self._wake.set)

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Bring files until told to stop; one under way is given up then."""
        while not stop.is_set():
            beat()
            self._wake.clear()
            if not self._bring_next(stop, beat):
                self._wake.wait(self._patience_s())

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _bring_next(self, stop: threading.Event, beat: Callable[[], None]) -> bool:
        """Try the first file that may be tried now; False when there is nothing to do."""
        media = self._choose()
        if media is None:
            return False
        token = self._tokens.current(time.monotonic())
        if token is None:
            self._tokens.ask()
            self._tokens.wait(BEAT_S)
            return True
        try:
            return self._bring(media, token, stop=stop, beat=beat)
        except JournalFull as full:
            # What came of it cannot be written down: brought once more, which does no harm.
            self._again(media, full.sentence)
            return True

    def _bring(
        self,
        media: DueMedia,
        token: UploadToken,
        *,
        stop: threading.Event,
        beat: Callable[[], None],
    ) -> bool:
        """One request, and what came of it; False when asked to stop in the middle."""
        try:
            self._step(media, token, lambda: beat() if not stop.is_set() else _interrupt())
        except OSError as error:
            self._refuse(media, f"its file cannot be read: {error}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._again(media, _why(error, token.upload_url))
        except Answered as answered:
            self._take_answer(media, token, answered)
        except _Interrupted:
            return False
        return True

    def _step(self, media: DueMedia, token: UploadToken, beat: Callable[[], None]) -> None:
        transfer = self._transfers.get(media.sha256)
        if transfer is None:
            size_bytes = media.path.stat().st_size
            transfer = Transfer(
                media.path, size_bytes=size_bytes, metadata={"sha256": media.sha256}
            )
            self._transfers[media.sha256] = transfer

        def read(path: Path, start: int, length_bytes: int) -> Iterator[bytes]:
            for chunk in _chunks(path, start, length_bytes):
                self._slow_down(len(chunk), beat)
                self.counts.sent_bytes += len(chunk)
                yield chunk

        self.counts.requests += 1
        before_bytes = transfer.offset_bytes
        has_all = transfer.step(self._tus, token, pieces=self._pieces, read=read)
        if transfer.offset_bytes > before_bytes:
            self._backoff.reset()
        if has_all:
            self._stored(media)

    def _slow_down(self, size_bytes: int, beat: Callable[[], None]) -> None:
        """Wait until so many bytes may go; `beat` raises when we are to stop."""
        beat()
        until_s = time.monotonic() + self._rate.wait_s(size_bytes, time.monotonic())
        while (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(BEAT_S, left_s))
            beat()

    def _choose(self) -> DueMedia | None:
        now_s = time.monotonic()
        due = self._journal.media_due(_LOOK_AT + len(self._not_before_s), self._policy.brought)
        # The shelf may have removed a file that waits for its next try.
        waits = self._not_before_s
        self._not_before_s = {m.sha256: waits[m.sha256] for m in due if m.sha256 in waits}
        known = self._transfers
        self._transfers = {m.sha256: known[m.sha256] for m in due if m.sha256 in known}
        return next((m for m in due if self._not_before_s.get(m.sha256, 0.0) <= now_s), None)

    def _patience_s(self) -> float:
        """Until the first file that waits for its next try, at most one beat."""
        due_s = min(self._not_before_s.values(), default=float("inf"))
        return min(BEAT_S, max(0.01, due_s - time.monotonic()))

    def _take_answer(self, media: DueMedia, token: UploadToken, answered: Answered) -> None:
        transfer = self._transfers[media.sha256]
        match answered.status:
            case HTTPStatus.UNAUTHORIZED:
                self._tokens.spoilt(token)
                self._tokens.ask()
                self._again(media, "the hub does not take our token any more")
            case tus.HASH_DIFFERS if transfer.is_resumed and media.sha256 not in self._spoilt:
                # Something of it may have been spoilt on the way: once more, all of it.
                self._spoilt.add(media.sha256)
                self._transfers.pop(media.sha256)
                self._again(media, str(answered))
            case status if status in _NEVER:
                self._refuse(media, str(answered))
            case HTTPStatus.NOT_FOUND:
                # The hub has the event, but perhaps another worker of it not yet.
                transfer.is_unknown()
                self._again(media, str(answered))
            case _:
                self._again(media, str(answered))

    def _stored(self, media: DueMedia) -> None:
        self._journal.media_done(media.sha256)
        self._forget(media)
        self._last_trouble = ""
        self.counts.stored += 1
        log.info("media_stored", kind=str(media.kind), sha256=media.sha256, bytes=media.size_bytes)

    def _refuse(self, media: DueMedia, why: str) -> None:
        """Never again: it is counted, and the file stays on the shelf for a person to look at."""
        self._journal.media_refused(media.sha256, why)
        self._forget(media)
        self.counts.refused += 1
        log.error("media_refused", kind=str(media.kind), sha256=media.sha256, why=why)

    def _forget(self, media: DueMedia) -> None:
        self._not_before_s.pop(media.sha256, None)
        self._transfers.pop(media.sha256, None)
        self._spoilt.discard(media.sha256)

    def _again(self, media: DueMedia, why: str) -> None:
        """Later, after a wait of its own: other files need not share one file's trouble."""
        self._pieces.cut()
        if transfer := self._transfers.get(media.sha256):
            transfer.broke()
        self._not_before_s[media.sha256] = time.monotonic() + self._backoff.next_s()
        self.counts.failed += 1
        if why != self._last_trouble:
            self._last_trouble = why
            log.warning("upload_again", sha256=media.sha256, why=why)


class _Interrupted(Exception):  # noqa: N818 - no error: we were asked to stop
    """The agent stops while a file is under way."""


def _chunks(path: Path, start: int, length_bytes: int) -> Iterator[bytes]:
    """A stretch of a file, in small reads that neither fill the memory nor stop the beat."""
    with path.open("rb") as file:
        file.seek(start)
        while length_bytes > 0 and (chunk := file.read(min(CHUNK_BYTES, length_bytes))):
            length_bytes -= len(chunk)
            yield chunk


def _interrupt() -> None:
    raise _Interrupted


def _why(error: Exception, url: str) -> str:
    """One line; for a certificate that nobody vouches for with its cure."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"the certificate of {url} is not vouched for ({cause.verify_message}). Add the authority"
        " that issued it to the file [broker] ca_file, have the hub's upload_url name it as the"
        " certificate does, and see that this node's clock is right"
    )


def _tls(trusted: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if trusted is not None:
        context.load_verify_locations(trusted)
    return context
