"""Transcoded copies: small H.264 copies of clips, which start soon on a slow line and play in every
browser. They are kept while there is room. A copy is named by the hash of its original and adds no
information: it may be removed at any time, and is removed with its original."""

import contextlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

import structlog

from hub.base.storage.blobs import checked
from hub.base.storage.staging import PIECE_BYTES, NoSpaceError, Staging
from hub.footage.transcoding.transcode import NoCopyError, shrink

log = structlog.get_logger()

ENDING: Final = ".h264.mp4"
COPY_MOST_BYTES: Final = 64 * 2**20
"""Maximum size of a copy: 22 minutes at a copy's highest bit rate."""
FAILURES_KEPT: Final = 200
DRAFT_KEPT_S: Final = 3600.0
"""An unfinished copy that was last written so long ago is one of a process that has died."""
FAILED_S: Final = 600.0
"""No new attempt for this long after a failed one."""

Shrink = Callable[[Iterator[bytes], Path], None]


class BusyError(Exception):
    """Too many requests wait for a copy; try again later."""


@dataclass(frozen=True, slots=True)
class ProxyBounds:
    """Limits of transcoding."""

    kept_bytes: int = 1024 * 2**20
    """Total size of all copies; above it the least recently requested are removed."""
    waiting_at_most: int = 8
    """Waiting requests, as one copy is made at a time; further requests are refused."""
    patience_s: float = 90.0
    """Maximum wait of a request."""


class Proxies:
    """A folder of copies, created if missing; for any thread. Several processes may share it."""

    def __init__(
        self,
        folder: Path,
        *,
        spare_bytes: int = 0,
        bounds: ProxyBounds | None = None,
        shrink: Shrink = shrink,
    ) -> None:
        self._staging = Staging(folder, spare_bytes=spare_bytes)
        self._folder = folder
        self._bounds = bounds or ProxyBounds()
        self._shrink = shrink
        self._turn = threading.Lock()
        self._count = threading.Lock()
        self._waiting = 0
        self._failures: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._said = ""

    @property
    def is_asked(self) -> bool:
        """True while somebody waits for a copy."""
        return self._waiting > 0

    def copy_of(
        self,
        sha256: str,
        original: Callable[[], Iterator[bytes]],
        *,
        patience_s: float | None = None,
    ) -> Path:
        """The copy of a clip, made now if needed; the caller waits.

        `patience_s`: maximum wait until its making begins. Raises BusyError, BlobsError, and
        NoCopyError for a clip that cannot be transcoded.
        """
        if (path := self.found(sha256)) is not None:
            return path
        with self._a_turn(self._bounds.patience_s if patience_s is None else patience_s):
            if (path := self.found(sha256)) is not None:
                return path
            self._refuse_what_failed(sha256)
            return self._make(sha256, original)

    def forget(self, sha256: str) -> None:
        """Remove the copy of a deleted original."""
        self._path(sha256).unlink(missing_ok=True)

    def hashes(self) -> list[str]:
        """Hashes of the originals that have a copy."""
        return sorted(path.name.removesuffix(ENDING) for path in self._folder.glob(f"*{ENDING}"))

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{checked(sha256)}{ENDING}"

    def found(self, sha256: str) -> Path | None:
        """The copy of a clip, if it was made; counts as a request for it."""
        path = self._path(sha256)
        try:
            os.utime(path)  # time of the last request
        except FileNotFoundError:
            return None
        return path

    @contextlib.contextmanager
    def _a_turn(self, patience_s: float) -> Iterator[None]:
        with self._count:
            if self._waiting >= self._bounds.waiting_at_most:
                raise BusyError
            self._waiting += 1
        try:
            if not self._turn.acquire(timeout=patience_s):
                raise BusyError
            try:
                yield
            finally:
                self._turn.release()
        finally:
            with self._count:
                self._waiting -= 1

    def _make(self, sha256: str, original: Callable[[], Iterator[bytes]]) -> Path:
        self._make_room()
        if self._staging.free_bytes() < COPY_MOST_BYTES:
            raise NoSpaceError(f"there is no room for a copy on the disk of {self._folder}")
        draft = self._staging.folder / f"{checked(sha256)}.{token_hex(4)}"
        try:
            self._shrink(original(), draft)
            draft.rename(self._path(sha256))
        except NoCopyError as error:
            self._failures[sha256] = time.monotonic() + FAILED_S, str(error)
            while len(self._failures) > FAILURES_KEPT:
                self._failures.popitem(last=False)
            self._say(sha256, str(error))
            raise
        finally:
            draft.unlink(missing_ok=True)
        self._said = ""
        path = self._path(sha256)
        log.info("proxy.made", sha256=sha256, bytes=path.stat().st_size)
        return path

    def _say(self, sha256: str, reason: str) -> None:
        """Once for a reason: without ffmpeg every clip fails alike."""
        if reason != self._said:
            log.error("proxy.failed", sha256=sha256, reason=reason, effect="the original plays")
        self._said = reason

    def _refuse_what_failed(self, sha256: str) -> None:
        until_s, failure = self._failures.get(sha256, (0.0, ""))
        if time.monotonic() < until_s:
            raise NoCopyError(failure)

    def _make_room(self) -> None:
        """Make room for the next copy. Sizes and times are those of the files: no second record can
        disagree."""
        self._staging.sweep(older_than_utc_us=round((time.time() - DRAFT_KEPT_S) * 1e6))
        kept = []
        for path in self._folder.glob(f"*{ENDING}"):
            with contextlib.suppress(FileNotFoundError):  # another process removed it
                kept.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        total_bytes = sum(size_bytes for _, size_bytes, _ in kept)
        for _, size_bytes, path in sorted(kept):
            if total_bytes <= self._bounds.kept_bytes - COPY_MOST_BYTES:
                return
            total_bytes -= size_bytes
            path.unlink(missing_ok=True)


def read_copy(path: Path, start: int, length: int) -> Iterator[bytes]:
    """`length` bytes from `start`, in pieces."""
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (piece := file.read(min(PIECE_BYTES, length))):
            length -= len(piece)
            yield piece
