"""Uploads pictures and clips over HTTPS, each after its event has arrived at the hub.

In pieces: a broken line loses at most one piece, and a more important file need not wait for the
end of a long clip.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import structlog

from agent.journal import DueMedia, GrowingClip, GrowingClips, Journal, JournalFull, UploadScope
from agent.uplink import https
from agent.uplink.backoff import Backoff
from agent.uplink.rate import Rate
from agent.uplink.tokens import Tokens
from agent.uplink.upload import tus
from agent.uplink.upload.chunks import ChunkSizes
from agent.uplink.upload.transfer import Transfer
from agent.uplink.upload.tus import TusClient, UnexpectedAnswer
from agent.wire.answers import UploadToken

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
    """Time limits in seconds, selection and bandwidth."""

    connect_s: float = 10.0
    stall_s: float = 30.0
    """A transfer without progress for this long starts again."""
    retry_base_s: float = 1.0
    retry_cap_s: float = 60.0
    brought: UploadScope = UploadScope.ALL
    """Files uploaded without a request."""
    bytes_per_s: float = 0.0
    """Bandwidth limit for pictures and clips; 0: none."""


@dataclass(slots=True)
class UploadCounts:
    """Counters since the agent started."""

    stored: int = 0
    refused: int = 0
    failed: int = 0
    requests: int = 0
    sent_bytes: int = 0
    """Bytes of files sent; repeated bytes count twice."""


Job = DueMedia | GrowingClip
"""An upload: a file, or the durable part of a clip being recorded."""


class Uploader:
    """One thread that uploads due files, most important first, one piece at a time."""

    def __init__(
        self,
        journal: Journal,
        tokens: Tokens,
        *,
        trusted: Path | None,
        policy: UploadPolicy,
        growing: GrowingClips | None = None,
        is_there: Callable[[], bool] = lambda: True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`trusted`: an authority (PEM) trusted beside the system's, usually the hub's own.

        `is_there` returns False while the disk of the footage is away: a missing file is not lost
        then.
        """
        self._is_there = is_there
        self._wake = threading.Event()
        self._growing = growing
        if growing is not None:
            growing.listen(self._wake.set)
        self._wanted: set[UUID] = set()
        self._journal = journal
        self._tokens = tokens
        self._policy = policy
        self._client = https.client(
            trusted, httpx.Timeout(policy.stall_s, connect=policy.connect_s), transport
        )
        self._backoff = Backoff(policy.retry_base_s, policy.retry_cap_s)
        self._tus = TusClient(self._client)
        self._pieces = ChunkSizes()
        self._rate = Rate(policy.bytes_per_s)
        self._transfers: dict[str, Transfer] = {}
        self._spoilt: set[str] = set()
        self._not_before_s: dict[str, float] = {}
        self._last_trouble = ""
        self.counts = UploadCounts()
        self.is_bringing = False
        """A request for a file is running; any thread may read it."""
        journal.listen(self._wake.set)

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Upload files until stopped; a running one is interrupted."""
        while not stop.is_set():
            beat()
            self._wake.clear()
            if not self._bring_next(stop, beat):
                self._wake.wait(self._patience_s())

    def close(self) -> None:
        """Close the HTTP connections."""
        self._client.close()

    def _bring_next(self, stop: threading.Event, beat: Callable[[], None]) -> bool:
        """Try the first file that may be tried now; False if there is none."""
        job = self._choose()
        if job is None:
            return False
        token = self._tokens.current(time.monotonic())
        if token is None:
            self._tokens.ask()
            self._tokens.wait(BEAT_S)
            return True
        try:
            return self._bring(job, token, stop=stop, beat=beat)
        except JournalFull as full:
            # The result cannot be stored: uploaded once more, which is harmless.
            self._again(job, full.sentence)
            return True

    def _bring(
        self, job: Job, token: UploadToken, *, stop: threading.Event, beat: Callable[[], None]
    ) -> bool:
        """One request and its result; False if stopped in the middle."""
        try:
            self._step(job, token, lambda: beat() if not stop.is_set() else _interrupt())
        except OSError as error:
            why = f"its file cannot be read: {error}"
            if isinstance(error, FileNotFoundError) and self._is_there():
                self._refuse(job, why)
            else:  # a disk that is away or fails may come back
                self._again(job, why)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._again(job, https.why(error, token.upload_url))
        except UnexpectedAnswer as answered:
            self._take_answer(job, token, answered)
        except _Interrupted:
            return False
        return True

    def _step(self, job: Job, token: UploadToken, beat: Callable[[], None]) -> None:
        def read(path: Path, start: int, length_bytes: int) -> Iterator[bytes]:
            for chunk in _chunks(path, start, length_bytes):
                self._slow_down(len(chunk), beat)
                self.counts.sent_bytes += len(chunk)
                yield chunk

        transfer = self._transfer(job)
        self.counts.requests += 1
        before_bytes = transfer.offset_bytes
        self.is_bringing = True
        try:
            has_all = transfer.step(self._tus, token, pieces=self._pieces, read=read)
        finally:
            self.is_bringing = False
        if transfer.offset_bytes > before_bytes:
            self._backoff.reset()
        if has_all and isinstance(job, DueMedia):
            self._stored(job)

    def _transfer(self, job: Job) -> Transfer:
        transfer = self._transfers.get(_key(job))
        if transfer is None:
            match job:
                case DueMedia():
                    size_bytes = job.path.stat().st_size
                    names = {"sha256": job.sha256}
                    transfer = Transfer(job.path, size_bytes=size_bytes, metadata=names)
                case GrowingClip():
                    names = {"clip": str(job.clip_id)}
                    transfer = Transfer(job.path, size_bytes=None, metadata=names)
            self._transfers[_key(job)] = transfer
        if isinstance(job, GrowingClip):
            transfer.ready_bytes = job.durable_bytes
        return transfer

    def _slow_down(self, size_bytes: int, beat: Callable[[], None]) -> None:
        """Wait until these bytes may be sent; `beat` raises on a stop."""
        beat()
        until_s = time.monotonic() + self._rate.wait_s(size_bytes, time.monotonic())
        while (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(BEAT_S, left_s))
            beat()

    def _choose(self) -> Job | None:
        """Pictures of alerts, then growing clips of alerts, then the rest by importance."""
        now_s = time.monotonic()
        due = self._journal.media_due(_LOOK_AT + len(self._not_before_s), self._policy.brought)
        growing = self._growing_now()
        self._forget_others({*map(_key, due), *map(_key, growing)})
        media = next((m for m in due if self._may_go(m, now_s)), None)
        if media is not None and media.is_alerts_picture:
            return media
        clip = next((c for c in growing if self._may_go(c, now_s) and self._has_more(c)), None)
        return clip or media

    def _growing_now(self) -> list[GrowingClip]:
        """Growing clips of alerts that the hub knows."""
        if self._growing is None or self._policy.brought is UploadScope.ASKED:
            return []
        clips = self._growing.now()
        self._wanted &= {clip.clip_id for clip in clips}
        for clip in clips:
            if clip.clip_id not in self._wanted and self._journal.is_wanted_growing(clip.event_id):
                self._wanted.add(clip.clip_id)
        return [clip for clip in clips if clip.clip_id in self._wanted]

    def _has_more(self, clip: GrowingClip) -> bool:
        transfer = self._transfers.get(_key(clip))
        if transfer is None:
            return True
        transfer.ready_bytes = clip.durable_bytes
        return transfer.has_work

    def _may_go(self, job: Job, now_s: float) -> bool:
        return self._not_before_s.get(_key(job), 0.0) <= now_s

    def _forget_others(self, keys: set[str]) -> None:
        """The clip store may have removed a file that waits for its next attempt; clips end."""
        self._not_before_s = {key: at for key, at in self._not_before_s.items() if key in keys}
        self._transfers = {key: one for key, one in self._transfers.items() if key in keys}

    def _patience_s(self) -> float:
        """Seconds until the next attempt of a file that waits for one, at most one beat."""
        now_s = time.monotonic()
        left_s = (at - now_s for at in self._not_before_s.values() if at > now_s)
        return min(BEAT_S, max(0.01, min(left_s, default=BEAT_S)))

    def _take_answer(self, job: Job, token: UploadToken, answered: UnexpectedAnswer) -> None:
        match answered.status:
            case HTTPStatus.UNAUTHORIZED:
                self._tokens.spoilt(token)
                self._tokens.ask()
                self._again(job, "the hub does not take our token any more")
            case tus.HASH_DIFFERS if _key(job) not in self._spoilt:
                # It may have been damaged on the way: send all of it once more.
                self._spoilt.add(_key(job))
                self._transfers.pop(_key(job))
                self._again(job, str(answered))
            case status if status in _NEVER:
                self._refuse(job, str(answered))
            case HTTPStatus.NOT_FOUND:
                # The hub has the event, but perhaps another of its workers does not yet.
                self._transfers[_key(job)].is_unknown()
                self._again(job, str(answered))
            case _:
                self._again(job, str(answered))

    def _stored(self, media: DueMedia) -> None:
        self._journal.media_done(media.sha256)
        self._forget(media)
        self._last_trouble = ""
        self.counts.stored += 1
        log.info("media_stored", kind=str(media.kind), sha256=media.sha256, bytes=media.size_bytes)

    def _refuse(self, job: Job, why: str) -> None:
        """Never again: counted, and the file stays for a person to look at."""
        if isinstance(job, GrowingClip):  # it comes when it is complete
            self._growing_over(job, why)
            return
        self._journal.media_refused(job.sha256, why)
        self._forget(job)
        self.counts.refused += 1
        log.error("media_refused", kind=str(job.kind), sha256=job.sha256, why=why)

    def _growing_over(self, clip: GrowingClip, why: str) -> None:
        self._forget(clip)
        if self._growing is not None:
            self._growing.refused(clip.clip_id)
        log.info("clip_grows_no_more", clip=str(clip.clip_id), why=why)

    def _forget(self, job: Job) -> None:
        self._not_before_s.pop(_key(job), None)
        self._transfers.pop(_key(job), None)
        self._spoilt.discard(_key(job))

    def _again(self, job: Job, why: str) -> None:
        """Later, with its own backoff: other files are not affected."""
        self._pieces.cut()
        if transfer := self._transfers.get(_key(job)):
            transfer.broke()
        self._not_before_s[_key(job)] = time.monotonic() + self._backoff.next_s()
        self.counts.failed += 1
        if why != self._last_trouble:
            self._last_trouble = why
            log.warning("upload_again", file=_key(job), why=why)


class _Interrupted(Exception):  # noqa: N818 - no error: we were asked to stop
    """The agent stops during an upload."""


def _chunks(path: Path, start: int, length_bytes: int) -> Iterator[bytes]:
    """A part of a file in small reads that neither fill the memory nor delay the heartbeat."""
    with path.open("rb") as file:
        file.seek(start)
        while length_bytes > 0 and (chunk := file.read(min(CHUNK_BYTES, length_bytes))):
            length_bytes -= len(chunk)
            yield chunk


def _key(job: Job) -> str:
    match job:
        case DueMedia():
            return job.sha256
        case GrowingClip():
            return str(job.clip_id)


def _interrupt() -> None:
    raise _Interrupted
