"""Numbers for Prometheus put together: of the database, of this process and of its parts."""

import resource
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from hub.alerts.exposition import Family, Sample, one, text
from hub.config import HubSettings
from hub.enrol.files import read_private, write_private
from hub.store import metric_sights, petition_rows
from hub.store.blobs import Blobs, BlobsError
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.petition_views import Office
from hub.store.sealed import found

KEPT_S: Final = 5.0
"""Who asks more often hears the same again."""
_PAGE_BYTES: Final = resource.getpagesize()

Counts = Mapping[str, int]


class Measured:
    """For any thread. `silent` names parts of the hub that hang; counts are since its start."""

    def __init__(
        self,
        db: Database,
        *,
        blobs: Blobs,
        clock: Clock,
        silent: Callable[[], list[str]] = list,
        intake: Callable[[], Counts] = dict,
        refused: Callable[[], Counts] = dict,
        office: Office | None = None,
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._silent = silent
        self._intake = intake
        self._refused = refused
        self._office = office
        self._lock = threading.Lock()
        self._text, self._until_s = "", 0.0

    def text(self) -> str:
        """All of it; the database's own errors come through."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._text = text(self._families())
                self._until_s = time.monotonic() + KEPT_S
            return self._text

    def _families(self) -> Iterator[Family]:
        now = self._clock.now()
        software: list[Sample] = [({"version": version("matthan")}, 1.0)]
        yield Family("matthan_info", "gauge", "What runs here.", software)
        with self._db.reading() as conn:
            yield from list(metric_sights.families(conn, now))
            if self._office is not None:
                yield petition_rows.measured(conn, self._office, now)
        yield one("matthan_clock_error_seconds", "Of the hub's clock.", _seconds(now.error_ms))
        yield one("matthan_parts_silent", "Parts of the hub that hang.", len(self._silent()))
        yield _counted("matthan_intake_total", "What came from nodes.", "what", self._intake())
        yield _counted("matthan_web_refused_total", "Asked too often.", "rule", self._refused())
        yield one("matthan_media_free_bytes", "Room for footage above the spare.", self._free())
        yield from _process()

    def _free(self) -> float | None:
        try:
            return self._blobs.free_bytes()
        except (BlobsError, OSError):
            return None


def token(settings: HubSettings) -> str:
    """What a scraper must say; made at the first start."""
    path = settings.secrets.folder / "metrics.token"
    if not found(path).exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, f"{secrets.token_urlsafe(32)}\n".encode())
    return read_private(path).decode("ascii", "replace").strip()


def _seconds(error_ms: int | None) -> float | None:
    return None if error_ms is None else error_ms / 1e3


def _counted(name: str, meaning: str, label: str, counts: Counts) -> Family:
    samples: list[Sample] = [({label: key}, count) for key, count in sorted(counts.items())]
    return Family(name, "counter", meaning, samples)


def _process() -> Iterator[Family]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent_s = used.ru_utime + used.ru_stime
    yield one("process_cpu_seconds_total", "Of the hub.", spent_s, is_counter=True)
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    yield one("process_resident_memory_bytes", "Of the hub.", int(pages) * _PAGE_BYTES)
    files = len(list(Path("/proc/self/fd").iterdir()))
    yield one("process_open_fds", "Of the hub.", files)
