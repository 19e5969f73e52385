"""One POST to a service with a JSON answer."""

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

from hub.notify.channels.port import Answer, MessageRefused, TryAgain
from hub.notify.channels.post import FORBIDDEN_ATTEMPTS, address_fault, patience_asked_s, why

MOST_READ_BYTES: Final = 64 * 1024

Said = Mapping[str, Any]


async def post_json(
    client: httpx.AsyncClient,
    address: str,
    *,
    headers: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
    form: Mapping[str, str] | None = None,
) -> Said | Answer:
    """POST once. Returns the JSON object, whatever its status, or an `Answer` if there is none.

    The address may contain a token; it never appears in a reason.
    """
    if fault := address_fault(address):
        return MessageRefused(f"address {fault}")
    kept = b""
    try:
        async with client.stream(
            "POST", address, headers=dict(headers), json=body, data=form
        ) as response:
            async for chunk in response.aiter_bytes():
                kept += chunk
                if len(kept) > MOST_READ_BYTES:
                    break
    except httpx.HTTPError as error:
        return TryAgain(f"{httpx.URL(address).host}: {why(error)}")
    where = f"{response.status_code} from {response.request.url.host}"
    if response.status_code == 429 or response.status_code >= 500:
        return TryAgain(where, response.status_code, after_s=patience_asked_s(response.headers))
    try:
        said = json.loads(kept)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        reason = f"{where}: not the answer of this service"
        return TryAgain(reason, response.status_code, most_attempts=FORBIDDEN_ATTEMPTS)
    return said


def number(said: Said, name: str, otherwise: int) -> int:
    """A number in the answer; some services write numbers as text."""
    try:
        return int(said.get(name, otherwise))
    except (TypeError, ValueError, OverflowError):
        return otherwise
