"""Rate limits per address, network, browser or session, for requests that are guessable or costly.

The limits are by path, so that a new route falls at least under `CHANGES`. Each rule has a store of
its own with one number per client, for the latest `MOST_KNOCKERS`. So memory is bounded, and
a flood of clients under one rule forgets none of another. Beyond that the client that came longest
ago is forgotten, and counted. A rule for everyone has one number, which is never forgotten.
Refusals are counted and logged at intervals. Each process with pages counts by itself.
"""

import hashlib
import ipaddress
import math
import re
import threading
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
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
"""Clients that one rule remembers at once."""
SAID_EVERY_S: Final = 60.0
IPV6_BITS: Final = 56
"""A line's usual share of IPv6: one client has all of its addresses."""

Knocker = Literal["address", "network", "browser", "session", "everyone"]
"""Whom a limit counts. Address: of IPv6 the /56. Network: the /24 or /56. Browser: one that the hub
knows from an earlier sign-in, else its network. Session: one whose cookie the hub signed, else its
address."""

Own = Mapping[Knocker, Callable[[Request], str]]
"""The browser or session of a request by a cookie that the hub signed; empty: it has none."""


@dataclass(frozen=True, slots=True)
class RateRule:
    """At most `most` requests in `span_s` seconds, spread or at once; then one per `span_s /
    most`."""

    name: str
    most: int
    span_s: float
    by: Knocker
    also: "RateRule | None" = None
    """A second limit checked after this one, for all clients together. A browser or session with a
    count of its own is not part of it."""


ALL_PASSWORDS: Final = RateRule("all passwords", 600, 60.0, "everyone")
PASSWORDS: Final = RateRule("passwords", 60, 60.0, "browser", also=ALL_PASSWORDS)
"""Sign-in by password: enough for a shift behind one address, not for a script."""
GUESSES: Final = RateRule("guesses", 60, 60.0, "browser")
"""Passkeys, invitations, the provider: apart, so that they work while strangers try passwords."""
PROOFS: Final = RateRule("proofs", 60, 60.0, "session")
"""Re-authentication in a live session, which no stranger can hinder."""
CODES: Final = RateRule("codes", 60, 60.0, "network")
"""Codes of tips, data requests and households."""
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
    """Remaining requests of each client under each rule; for any thread. Per client it stores the
    time when its allowance is full again."""

    def __init__(
        self, now_s: Callable[[], float] = time.monotonic, most_knockers: int = MOST_KNOCKERS
    ) -> None:
        self.now_s = now_s
        self._most = most_knockers
        self._lock = threading.Lock()
        self._stores: defaultdict[str, OrderedDict[bytes, float]] = defaultdict(OrderedDict)
        self._said_s = -math.inf
        self.counts: Counter[str] = Counter()
        """Refusals by rule; and by "forgotten" and the rule, clients whose allowance was not full
        yet."""

    def wait_s(self, rule: RateRule, knocker: str) -> float:
        """Allow one request and return 0; or return the seconds until the next is allowed."""
        key = hashlib.blake2b(knocker.encode(errors="replace"), digest_size=8).digest()
        each_s = rule.span_s / rule.most
        with self._lock:
            now_s, store = self.now_s(), self._stores[rule.name]
            whole_s = max(now_s, store.pop(key, now_s))
            wait_s = whole_s + each_s - now_s - rule.span_s
            if wait_s > 1e-9:
                store[key] = whole_s
                self._refused(rule, now_s)
                return wait_s
            store[key] = whole_s + each_s
            while len(store) > self._most:
                _, oldest_s = store.popitem(last=False)
                self.counts[f"forgotten {rule.name}"] += oldest_s > now_s
            return 0.0

    def __len__(self) -> int:
        """Clients remembered under all rules."""
        with self._lock:
            return sum(map(len, self._stores.values()))

    def _refused(self, rule: RateRule, now_s: float) -> None:
        self.counts[rule.name] += 1
        if now_s >= self._said_s + SAID_EVERY_S:
            self._said_s = now_s
            log.warning(
                "web.limited", **{name.replace(" ", "_"): n for name, n in self.counts.items()}
            )


class RateLimited:
    """Answers 429 with Retry-After to a client over its limit, before anything else is done."""

    def __init__(self, app: ASGIApp, *, limits: Limits, rates: Sequence[Rate], own: Own) -> None:
        self._app = app
        self._limits = limits
        self._rates = rates
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        is_http = scope["type"] == "http"
        rule = rule_of(scope["method"], scope["path"], self._rates) if is_http else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        of_own = self._own.get(rule.by)
        own = of_own(request) if of_own else ""
        wait_s = self._limits.wait_s(rule, own or _place(request, rule))
        if wait_s == 0 and rule.also is not None and not own:
            wait_s = self._limits.wait_s(rule.also, _place(request, rule.also))
        if wait_s > 0:
            answer = await run_in_threadpool(too_many, request, wait_s)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _place(request: Request, rule: RateRule) -> str:
    """Where a request without a browser or session of its own comes from, as the rule counts it."""
    if rule.by == "everyone":
        return ""
    if rule.by in ("network", "browser"):
        return network_of(request.client.host, ipv4_bits=24) if request.client else ""
    return network(request)


def network(request: Request) -> str:
    """The client's network, for limits by address."""
    return network_of(request.client.host) if request.client else ""


def network_of(host: str, *, ipv4_bits: int = 32) -> str:
    """The network of an address: of IPv4 its first `ipv4_bits`, of IPv6 always its first 56,
    because one client has all addresses with them. Anything else as it is."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    bits = ipv4_bits if isinstance(address, ipaddress.IPv4Address) else IPV6_BITS
    whole = ipaddress.ip_network((address, bits), strict=False)
    return str(whole.network_address)


def too_many(request: Request, wait_s: float) -> Response:
    """Answer 429, with the time when to come again."""
    response: Response
    if is_page_wanted(request.headers):
        response = render(request, "error.html", session=None, status_code=429, code=429)
    else:
        response = JSONResponse({"reason": "too_many"}, 429)
    response.headers["Retry-After"] = str(max(1, math.ceil(wait_s)))
    return response
