"""Rate limits per address or session, for requests that are guessable or costly.

The limits are by path, so that a new route falls at least under `CHANGES`. Each client takes one
number, for the latest `MOST_KNOCKERS`: memory is bounded, and a flood from more addresses forgets
the oldest ones, counted. Refusals are counted and logged at intervals.
"""

import hashlib
import ipaddress
import math
import re
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.web.app_shell import is_page_wanted
from hub.web.rendering import render

log = structlog.get_logger()

MOST_KNOCKERS: Final = 20_000
SAID_EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class RateRule:
    """At most `most` requests in `span_s` seconds, spread or at once; then one per `span_s /
    most`."""

    name: str
    most: int
    span_s: float
    by: Literal["address", "session", "everyone"]
    also: "RateRule | None" = None
    """A second limit checked after this one, for example for all clients together."""


GUESSES: Final = RateRule("guesses", 60, 60.0, "address")
"""Passwords, passkeys, invitations: enough for a shift behind one address, not for a script."""
LOOKING_IN: Final = RateRule("looking in", 120, 60.0, "address")
"""The public page; and metrics, which a wrong token requests in vain."""
ALL_OUTSIDERS: Final = RateRule("all tips", 600, 3600.0, "everyone")
OUTSIDERS: Final = RateRule("tips", 30, 3600.0, "address", also=ALL_OUTSIDERS)
"""Tips and data requests. One address can be a whole village behind a carrier."""
WATCHING: Final = RateRule("watching", 900, 60.0, "session")
"""One request per second and camera: enough for a desk with a dozen."""
APP_TIPS: Final = RateRule("tips of an app", 600, 3600.0, "session")
"""For one key; checked when the key is known."""
CHANGES: Final = RateRule("changes", 240, 60.0, "session")
BAD_TOKENS: Final = RateRule("bad tokens", 60, 60.0, "address")
"""Counts only uploads with an invalid token: a node beside a faulty one is not affected."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate limit of some requests."""

    methods: str
    """Regular expression of whole methods."""
    paths: str
    """Regular expression of whole paths."""
    rule: RateRule | None
    """None: no limit here."""


REST: Final = (Rate(r"GET|HEAD|OPTIONS", r".*", None), Rate(r"[A-Z]+", r".*", CHANGES))
"""For requests without a limit of their own."""


def rule_of(method: str, path: str, rates: Iterable[Rate]) -> RateRule | None:
    """Limit of a route, of the first that fits; None: no limit here."""
    path = path.removesuffix("\n")  # routes answer with it too
    for rate in (*rates, *REST):
        if re.fullmatch(rate.methods, method) and re.fullmatch(rate.paths, path, re.DOTALL):
            return rate.rule
    return CHANGES


class Limits:
    """Remaining requests of each client; for any thread. Per client it stores the time when its
    allowance is full again."""

    def __init__(
        self, now_s: Callable[[], float] = time.monotonic, most_knockers: int = MOST_KNOCKERS
    ) -> None:
        self.now_s = now_s
        self._most = most_knockers
        self._lock = threading.Lock()
        self._whole_s: OrderedDict[tuple[str, bytes], float] = OrderedDict()
        self._said_s = -math.inf
        self.counts: Counter[str] = Counter()
        """Refusals by rule; and "forgotten" clients whose allowance was not full yet."""

    def wait_s(self, rule: RateRule, knocker: str) -> float:
        """Allow one request and return 0; or return the seconds until the next is allowed."""
        key = (rule.name, hashlib.blake2b(knocker.encode(errors="replace"), digest_size=8).digest())
        each_s = rule.span_s / rule.most
        with self._lock:
            now_s = self.now_s()
            whole_s = max(now_s, self._whole_s.pop(key, now_s))
            wait_s = whole_s + each_s - now_s - rule.span_s
            if wait_s > 1e-9:
                self._whole_s[key] = whole_s
                self._refused(rule, now_s)
                return wait_s
            self._whole_s[key] = whole_s + each_s
            while len(self._whole_s) > self._most:
                _, oldest_s = self._whole_s.popitem(last=False)
                self.counts["forgotten"] += oldest_s > now_s
            return 0.0

    def __len__(self) -> int:
        return len(self._whole_s)

    def _refused(self, rule: RateRule, now_s: float) -> None:
        self.counts[rule.name] += 1
        if now_s >= self._said_s + SAID_EVERY_S:
            self._said_s = now_s
            log.warning(
                "web.limited", **{name.replace(" ", "_"): n for name, n in self.counts.items()}
            )


class RateLimited:
    """Answers 429 with Retry-After to a client over its limit, before anything else is done."""

    def __init__(self, app: ASGIApp, *, limits: Limits, rates: Sequence[Rate], cookie: str) -> None:
        self._app = app
        self._limits = limits
        self._rates = rates
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        is_http = scope["type"] == "http"
        rule = rule_of(scope["method"], scope["path"], self._rates) if is_http else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        wait_s = self._limits.wait_s(rule, _knocker(request, rule, self._cookie))
        if wait_s == 0 and rule.also is not None:
            wait_s = self._limits.wait_s(rule.also, _knocker(request, rule.also, self._cookie))
        if wait_s > 0:
            answer = await run_in_threadpool(too_many, request, wait_s)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _knocker(request: Request, rule: RateRule, cookie: str) -> str:
    """The session that a cookie names, held or not: made-up ones get no further than here."""
    if rule.by == "everyone":
        return ""
    return (rule.by == "session" and request.cookies.get(cookie)) or network(request)


def network(request: Request) -> str:
    """The client's network, for limits by address."""
    return network_of(request.client.host) if request.client else ""


def network_of(host: str) -> str:
    """The address; of IPv6 its first 64 bits, because one client has all addresses with them."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64))


def too_many(request: Request, wait_s: float) -> Response:
    """Answer 429, with the time when to come again."""
    response: Response
    if is_page_wanted(request.headers):
        response = render(request, "error.html", session=None, status_code=429, code=429)
    else:
        response = JSONResponse({"reason": "too_many"}, 429)
    response.headers["Retry-After"] = str(max(1, math.ceil(wait_s)))
    return response
