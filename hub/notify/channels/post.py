"""One POST to a push service, and the meaning of its status for every HTTP channel."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import httpx

from hub.notify.channels.connections import Connections
from hub.notify.channels.port import Answer, Delivered, Gone, MessageRefused, TryAgain
from hub.notify.channels.reach import NONE, PRIVATE, PrivateHosts

FORBIDDEN_ATTEMPTS: Final = 4
"""A 401 or 403 can be transient (seen with ntfy); four in a row are not."""

EXPLANATION_BYTES: Final = 500
"""Most bytes kept of a refusal's body, which can be a page or a flood."""


def new_client(
    *,
    timeout_s: float = 10.0,
    most_connections: int = 50,
    proxy: str | None = None,
    private: PrivateHosts = NONE,
) -> httpx.AsyncClient:
    """Pooled connections to the phones' services; owned and closed by the caller. A proxy judges
    addresses itself.

    Follows no redirect: a subscription names where it lives, and a service that sends the hub
    elsewhere could send it into the commune's own network.
    """
    return httpx.AsyncClient(
        timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)),
        transport=None if proxy else Connections(most=most_connections, private=private),
        follow_redirects=False,
        trust_env=False,
        proxy=proxy,
    )


@lru_cache(maxsize=1024)  # asked twice for each push, and reading an address takes 50 µs
def address_fault(address: str) -> str | None:
    """Why the hub sends nothing to this address; None if it does: https, or http on loopback."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
        httpx.URL(address)
    except (ValueError, httpx.InvalidURL):
        return "not an address"
    if not host or parts.username is not None:
        return "not an address"
    if parts.scheme == "https":
        return None
    is_loopback = host in {"localhost", "127.0.0.1", "::1"}
    return None if parts.scheme == "http" and is_loopback else "neither https nor on this machine"


async def post(
    client: httpx.AsyncClient, address: str, *, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """POST once; a network fault is TryAgain, because the message may have arrived."""
    if fault := address_fault(address):
        return MessageRefused(f"address {fault}")
    try:
        async with client.stream("POST", address, content=body, headers=headers) as response:
            explanation = await _explanation(response)
    except httpx.HTTPError as error:
        return TryAgain(f"{_where(address)}: {why(error)}")
    return answer_of(response, explanation=explanation)


def answer_of(response: httpx.Response, *, explanation: str = "") -> Answer:
    """The answer that a push service's status means, for message and phone."""
    status = response.status_code
    reason = f"{status} from {response.request.url.host}"
    if explanation:
        reason = f"{reason}: {explanation}"
    match status:
        case 200 | 201 | 202 | 204:
            return Delivered(status)
        case 404 | 410:
            return Gone(reason, status)
        case 401 | 403:
            return TryAgain(reason, status, most_attempts=FORBIDDEN_ATTEMPTS)
        case 408 | 425 | 429:
            return TryAgain(reason, status, after_s=patience_asked_s(response.headers))
        case _ if status >= 500:
            return TryAgain(reason, status, after_s=patience_asked_s(response.headers))
        case _:
            return MessageRefused(reason, status)


def patience_asked_s(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds: a number, or a date read against the service's own clock."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked)
    until, there = _date(asked), _date(headers.get("date", ""))
    if until is None or there is None:
        return None
    return max(0.0, (until - there).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def why(error: httpx.HTTPError) -> str:
    """Reason for a failed request, in few words."""
    return PRIVATE if PRIVATE in str(error) else type(error).__name__


def _where(address: str) -> str:
    # Never the whole address: anybody with it can push.
    return urlsplit(address).hostname or "?"


async def _explanation(response: httpx.Response) -> str:
    """Start of a refusal's body. Small bodies are read to the end, which frees the connection."""
    kept = b""
    try:
        async for chunk in response.aiter_bytes():
            kept += chunk
            if len(kept) > EXPLANATION_BYTES:
                break
    except httpx.HTTPError:
        pass  # the status is known already and decides
    if response.is_success:
        return ""
    return " ".join(kept[:EXPLANATION_BYTES].decode("utf-8", "replace").split())
