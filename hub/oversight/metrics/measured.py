"""Metrics for Prometheus: of the database, of this process and of its parts."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.secret_store.store import FILES, SecretStore
from hub.base.storage.blobs import Blobs, BlobsError
from hub.oversight.metrics import queries
from hub.oversight.metrics.queries import gauge, gauges
from hub.public.data_requests.views import AnswerSettings
from hub.web.pictures.maker import MAKER

KEPT_S: Final = 5.0
"""An answer is kept so long; more frequent scrapes get the same one."""
MOST_SAMPLES: Final = 20_000
"""Samples of one metric: ten thousand cameras fit. Those beyond are left out and counted."""

TOKEN_NAME: Final = "metrics.token"  # noqa: S105 - the name of a file
Counts = Mapping[str, int]


class Measured(Collector):
    """All metrics of the hub, for any thread; in no registry.

    `blobs`: None for a process that has no footage. `silent` names parts of the hub that hang;
    `intake`, `refused` and `copies` count since the hub's start. `unserved`: those of
    `roles` that no process has; None while that is not known, and for a hub that is one process.
    """

    def __init__(  # noqa: PLR0913 - each is one source, by its name
        self,
        db: Database,
        *,
        blobs: Blobs | None,
        clock: Clock,
        silent: Callable[[], list[str]] = list,
        intake: Callable[[], Counts] = dict,
        refused: Callable[[], Counts] = dict,
        copies: Callable[[], Counts] = dict,
        office: AnswerSettings | None = None,
        roles: Collection[str] = (),
        unserved: Callable[[], list[str] | None] = lambda: None,
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._silent = silent
        self._intake = intake
        self._refused = refused
        self._office = office
        self._copies = copies
        self._roles, self._unserved = roles, unserved
        self._lock = threading.Lock()
        self._text, self._until_s = "", 0.0
        self._process = ProcessCollector(registry=None)

    def text(self) -> str:
        """All metrics in Prometheus's text format 0.0.4; raises the database's own errors."""
        with self._lock:
            if time.monotonic() >= self._until_s:
                self._text = generate_latest(self).decode()
                self._until_s = time.monotonic() + KEPT_S
            return self._text

    def collect(self) -> Iterator[Metric]:
        """The metrics, each at most `MOST_SAMPLES` long; the last says how many were left out."""
        left_out = 0
        for metric in self._metrics():
            left_out += max(0, len(metric.samples) - MOST_SAMPLES)
            del metric.samples[MOST_SAMPLES:]
            yield metric
        yield gauge("matthan_samples_left_out", "Samples beyond what one answer holds.", left_out)

    def _metrics(self) -> Iterator[Metric]:
        now = self._clock.now()
        yield gauges("matthan_info", "What runs here.", [({"version": version("matthan")}, 1.0)])
        with self._db.reading() as conn:
            yield from list(queries.metrics(conn, now))
            if self._office is not None:
                yield queries.data_requests(conn, self._office, now)
        yield gauge("matthan_clock_error_seconds", "Of the hub's clock.", _seconds(now.error_ms))
        yield gauge("matthan_parts_silent", "Parts of the hub that hang.", len(self._silent()))
        yield gauges("matthan_role_served", "1 if a process has this role.", self._served())
        yield _counted("matthan_intake_total", "What came from nodes.", "what", self._intake())
        yield _counted("matthan_web_refused_total", "Asked too often.", "rule", self._refused())
        yield gauge("matthan_media_free_bytes", "Room for footage above the spare.", self._free())
        yield _counted("matthan_clip_copies_total", "Copies of clips.", "what", self._copies())
        yield _counted("matthan_pictures_total", "Small pictures.", "what", MAKER.counts())
        yield from self._process.collect()

    def _served(self) -> list[tuple[dict[str, str], float]]:
        unserved = self._unserved()
        if unserved is None:
            return []
        return [({"role": role}, float(role not in unserved)) for role in self._roles]

    def _free(self) -> float | None:
        if self._blobs is None:
            return None
        try:
            return self._blobs.free_bytes()
        except (BlobsError, OSError):
            return None


def token(folder: Path, secrets: SecretStore = FILES) -> str:
    """The token that a scraper must send, in this folder; made at the first start."""
    return secrets.make(folder / TOKEN_NAME, _new_token).decode("ascii", "replace").strip()


def _new_token() -> bytes:
    return f"{token_urlsafe(32)}\n".encode()


def _seconds(error_ms: int | None) -> float | None:
    return None if error_ms is None else error_ms / 1e3


def _counted(name: str, meaning: str, label: str, counts: Counts) -> Metric:
    counter = CounterMetricFamily(name, meaning, labels=[label])
    for key, count in sorted(counts.items()):
        counter.add_metric([key], count)
    return counter
