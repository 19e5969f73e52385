"""The provider as pages use it: where to redirect a browser, and which person a code stands for.

Every request is limited in time and number: a hanging provider affects nobody who signs in with a
password or a passkey.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx
import structlog
from joserfc.jwk import KeySet

from hub.access.oidc import metadata
from hub.access.oidc.http import ProviderHttp
from hub.access.oidc.metadata import WELL_KNOWN, Metadata
from hub.access.oidc.tokens import KeyUnknownError, read_keys, signed_claims
from hub.access.rules.oidc import (
    ExpectedClaims,
    ProviderAwayError,
    ProviderError,
    ProviderPerson,
    SignInAttempt,
    believed,
    challenge_of,
    is_hash_of,
)

log = structlog.get_logger()

KEPT_S: Final = 3600.0
"""The metadata is read again after this time."""
AWAY_S: Final = 10.0
"""After a fault nobody waits for it again this long."""
ROLL_S: Final = 30.0
"""The provider's keys are requested at most this often, in seconds."""
AT_ONCE: Final = 4
"""Most requests at once: a third of the threads for pages."""
CODE_CHARS: Final = 4096
TOKEN_CHARS: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class ProviderClient:
    """The hub's client data at the provider."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str
    scopes: str = "openid profile"
    label_claim: str = "preferred_username"


class OidcProvider:
    """The configured provider; for any thread. `names` is the text of its button, by language;
    `now_utc_s` the hub's clock; `redirect_key` is the same in every process of a hub, None: a
    random one."""

    def __init__(
        self,
        client: ProviderClient,
        *,
        names: Mapping[str, str],
        line: ProviderHttp,
        now_utc_s: Callable[[], float],
        redirect_key: bytes | None = None,
    ) -> None:
        self.redirect_key: Final = redirect_key or secrets.token_bytes(32)
        self.names: Final = names
        self.issuer: Final = client.issuer
        self._client = client
        self._line = line
        self._now_utc_s = now_utc_s
        self._lock = threading.Lock()
        self._talks = threading.BoundedSemaphore(AT_ONCE)
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._away: tuple[float, str] | None = None

    def address(self, question: SignInAttempt) -> str:
        """Address to redirect the browser to; ProviderAwayError."""
        with self._bounded():
            known = self._known()
        asks = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": self._client.scopes,
            "state": question.state,
            "nonce": question.nonce,
            "code_challenge": challenge_of(question.verifier),
            "code_challenge_method": "S256",
        }
        if question.is_fresh:
            asks |= {"prompt": "login", "max_age": "0"}
        joint = "&" if "?" in known.authorization else "?"
        return f"{known.authorization}{joint}{urlencode(asks)}"

    def redeem(
        self, question: SignInAttempt, code: str, *, issuer: str, asked_utc_s: float
    ) -> ProviderPerson:
        """Exchange a code for its person; ProviderError.

        `issuer` is the issuer named in the answer, empty for none; `asked_utc_s` is the time of the
        redirect.
        """
        if not 0 < len(code) <= CODE_CHARS:
            raise ProviderError("the answer has no code")
        with self._bounded():
            known = self._known()
            if issuer != known.issuer and (issuer or known.says_issuer):
                raise ProviderError("the answer is of another issuer (iss)")
            said = self._exchange(known, question, code)
            claims, algorithm = self._read(known, said["id_token"])
        if "at_hash" in claims and not is_hash_of(
            claims["at_hash"], str(said.get("access_token", "")), algorithm
        ):
            raise ProviderError("the token belongs to another access (at_hash)")
        wanted = ExpectedClaims(
            issuer=known.issuer,
            client_id=self._client.client_id,
            nonce=question.nonce,
            now_utc_s=self._now_utc_s(),
            authenticated_since_utc_s=asked_utc_s if question.is_fresh else None,
        )
        return believed(claims, wanted, label_claim=self._client.label_claim)

    def try_out(self) -> str:
        """Fetch metadata and keys of the issuer, for a check; ProviderAwayError."""
        known = metadata.read(self._line.get(self._discovery), issuer=self._client.issuer)
        number = len(read_keys(self._line.get(known.keys)).keys)
        return f"{known.issuer} answers, with {number} keys"

    def close(self) -> None:
        """Close the connections to the provider."""
        self._line.close()

    @property
    def _discovery(self) -> str:
        return self._client.issuer.rstrip("/") + WELL_KNOWN

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        now_s = time.monotonic()
        with self._lock:
            away = self._away
        if away is not None and now_s < away[0] + AWAY_S:
            raise ProviderAwayError(away[1])
        if not self._talks.acquire(blocking=False):
            raise ProviderAwayError(f"{AT_ONCE} others wait for it already")
        try:
            yield
        except ProviderAwayError as error:
            with self._lock:
                self._away = (time.monotonic(), str(error))
            log.warning("oidc.away", why=str(error), cure="matthan-hub check tries it again")
            raise
        finally:
            self._talks.release()

    def _known(self) -> Metadata:
        with self._lock:
            kept = self._metadata
        if kept is not None and time.monotonic() < kept[0] + KEPT_S:
            return kept[1]
        known = metadata.read(self._line.get(self._discovery), issuer=self._client.issuer)
        with self._lock:
            self._metadata = (time.monotonic(), known)
        return known

    def _key_set(self, known: Metadata, *, at_most_s: float) -> KeySet:
        with self._lock:
            kept = self._keys
        if kept is not None and time.monotonic() < kept[0] + at_most_s:
            return kept[1]
        keys = read_keys(self._line.get(known.keys))
        with self._lock:
            self._keys = (time.monotonic(), keys)
        return keys

    def _read(self, known: Metadata, token: str) -> tuple[dict[str, Any], str]:
        try:
            return signed_claims(token, self._key_set(known, at_most_s=KEPT_S))
        except KeyUnknownError:  # perhaps changed since they were read
            return signed_claims(token, self._key_set(known, at_most_s=ROLL_S))

    def _exchange(self, known: Metadata, question: SignInAttempt, code: str) -> dict[str, Any]:
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": question.verifier,
        }
        auth = None
        if known.takes_basic:  # each half form-encoded, by RFC 6749, 2.3.1
            auth = httpx.BasicAuth(quote_plus(client.client_id), quote_plus(client.secret))
        else:
            form |= {"client_id": client.client_id, "client_secret": client.secret}
        status, said = self._line.post(known.token, form, auth)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ProviderAwayError(f"{known.token} answers {status}")
        if status != httpx.codes.OK:
            why = said.get("error")
            if why in ("invalid_client", "unauthorized_client"):
                raise ProviderAwayError(
                    f"it refuses the hub itself ({why}): see oidc.client_id and its secret"
                )
            raise ProviderError(f"it does not redeem the code ({str(why)[:60]!r})")
        if (
            not isinstance(said.get("id_token"), str)
            or len(str(said.get("access_token", ""))) > TOKEN_CHARS
        ):
            raise ProviderError("it redeems the code for no ID token")
        if str(said.get("token_type", "")).lower() != "bearer":
            raise ProviderError("it redeems the code for a token of another kind")
        return said
