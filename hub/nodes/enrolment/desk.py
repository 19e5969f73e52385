"""Enrolment and renewal of nodes: a rate limit on guessing, then the rows."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final, Literal

from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.nodes.enrolment import rows
from hub.nodes.enrolment.rows import CertificateIssuer, IssuedCertificate, Redeemed, TokenRefused
from hub.web.rate_limits import network_of

TRIES: Final = 20
SPAN_S: Final = 600.0
"""Window in seconds of the limit on refusals per address; beyond it, the address must wait."""
MOST_ADDRESSES: Final = 10_000
"""Addresses remembered at once; the one refused longest ago is forgotten first."""

TooMany = Literal["too_many"]


class Enroller:
    """Thread-safe. `counts`: redeemed, renewed, and each reason of a refusal."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        signs: CertificateIssuer,
        revoked: Callable[[], object] = lambda: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`revoked` is called when an enrolment has revoked certificates; `now_s` is monotonic."""
        self._db = db
        self._clock = clock
        self._signs = signs
        self._revoked = revoked
        self._now_s = now_s
        self._lock = threading.Lock()
        self._refused: OrderedDict[str, list[float]] = OrderedDict()
        self.counts: Counter[str] = Counter()

    def redeem(
        self, token: str, request: str, *, came_from: str
    ) -> Redeemed | TokenRefused | TooMany:
        """Use a token; raises ValueError for an invalid request (which counts as an attempt)."""
        if self._must_wait(came_from):
            self._count("too_many")
            return "too_many"
        try:
            with self._db.writing() as conn:
                answer = rows.redeem(
                    conn,
                    token,
                    request,
                    signs=self._signs,
                    came_from=came_from,
                    now=self._clock.now(),
                )
        except ValueError:
            self._refuse("malformed", came_from)
            raise
        if isinstance(answer, TokenRefused):
            self._refuse(answer.reason, came_from)
        else:
            self._count("redeemed")
            self._revoked()
        return answer

    def renew(self, node: str, request: str, *, came_from: str) -> IssuedCertificate | TokenRefused:
        """The next certificate of a node that has shown an upload token; raises ValueError for an
        invalid request."""
        with self._db.writing() as conn:
            answer = rows.renew(
                conn, node, request, signs=self._signs, came_from=came_from, now=self._clock.now()
            )
        self._count(f"renew_{answer.reason}" if isinstance(answer, TokenRefused) else "renewed")
        return answer

    def _must_wait(self, came_from: str) -> bool:
        network = network_of(came_from)
        with self._lock:
            tries = [s for s in self._refused.get(network, []) if self._now_s() - s < SPAN_S]
            return len(tries) >= TRIES

    def _refuse(self, reason: str, came_from: str) -> None:
        self._count(reason)
        network = network_of(came_from)
        with self._lock:
            tries = self._refused.pop(network, [])
            self._refused[network] = [*tries[-TRIES + 1 :], self._now_s()]
            while len(self._refused) > MOST_ADDRESSES:
                self._refused.popitem(last=False)

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1
