"""One HTTP request to the provider, limited in time and size: a JSON object or a clear error."""

import json
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from hub.access.rules.oidc import ProviderAwayError

WHOLE_S: Final = 8.0
"""Seconds from the request to the end of the answer."""
STILL_S: Final = 4.0
"""To connect, and between two pieces."""
MOST_BYTES: Final = 256 * 1024
"""Discovery and keys have some kilobytes."""


class ProviderHttp:
    """HTTP client; for any thread. Redirects are not followed: only the configured server may
    answer."""

    def __init__(self, trust: ssl.SSLContext | bool = True) -> None:
        self._client = httpx.Client(
            timeout=STILL_S, trust_env=False, follow_redirects=False, verify=trust
        )

    def get(self, url: str) -> dict[str, Any]:
        """JSON object at this address; ProviderAwayError."""
        status, said = self._ask("GET", url)
        if status != httpx.codes.OK:
            raise ProviderAwayError(f"{url} answers {status}")
        return said

    def post(
        self, url: str, form: Mapping[str, str], auth: httpx.BasicAuth | None
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer to a form, an empty one for a refusal that is not JSON;
        ProviderAwayError."""
        return self._ask("POST", url, data=dict(form), auth=auth)

    def close(self) -> None:
        """Close the HTTP client."""
        self._client.close()

    def _ask(self, method: str, url: str, **sent: Any) -> tuple[int, dict[str, Any]]:
        ends_s, body = time.monotonic() + WHOLE_S, b""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            with self._client.stream(method, url, headers=headers, **sent) as answer:
                # Counted as received: content that would unpack to a thousand times its size is not
                # unpacked.
                for piece in answer.iter_raw():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise ProviderAwayError(f"the answer of {url} is too long")
                    if time.monotonic() > ends_s:
                        raise ProviderAwayError(f"no whole answer of {url} in {WHOLE_S:.0f} s")
        except httpx.TimeoutException as error:
            raise ProviderAwayError(f"{url} does not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderAwayError(f"{url} cannot be reached: {type(error).__name__}") from error
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, dict):
            return answer.status_code, said
        # A refusal of one person's code does not mean that the provider is away for everybody.
        if answer.is_client_error:
            return answer.status_code, {}
        raise ProviderAwayError(f"{url} answers {answer.status_code} and no JSON object")
