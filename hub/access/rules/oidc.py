"""Checks of the claims of an OpenID provider.

Values in, values out. The signature is checked in `hub.access.oidc`.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

APART_S: Final = 120.0
"""Largest difference between the provider's clock and the hub's."""
MOST_AGE_S: Final = 600.0
"""Largest age of an ID token: it is read as soon as it is issued, so an older one was stored."""
SUBJECT_CHARS: Final = 255
"""Longest subject by OpenID Connect Core 1.0."""
LABEL_CHARS: Final = 120
_DIGESTS: Final = {"256": "sha256", "384": "sha384", "512": "sha512"}


class ProviderError(Exception):
    """Sign-in by the provider fails; the message says why in one line."""


class ProviderAwayError(ProviderError):
    """The provider cannot be reached, or its answer is unusable."""


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """One sign-in attempt at the provider; every value is random and used once."""

    state: str
    nonce: str
    verifier: str
    """PKCE verifier: the provider gets its hash first, and the verifier when the code is redeemed.
    """
    is_fresh: bool = False
    """True if the provider must authenticate the person again."""


@dataclass(frozen=True, slots=True)
class ProviderPerson:
    """A person as known to the provider."""

    issuer: str
    subject: str
    label: str
    """Display name from the provider; it decides nothing."""
    authenticated_utc_s: float | None
    """Time of the last authentication at the provider; None if unknown."""


@dataclass(frozen=True, slots=True)
class ExpectedClaims:
    """Values an ID token must have at `now_utc_s`."""

    issuer: str
    client_id: str
    nonce: str
    now_utc_s: float
    authenticated_since_utc_s: float | None = None
    """Authentication must be later than this; None: any time."""


def believed(
    claims: Mapping[str, Any], wanted: ExpectedClaims, *, label_claim: str = ""
) -> ProviderPerson:
    """The person named by the claims of an ID token; ProviderError if OpenID Connect forbids it."""
    if claims.get("iss") != wanted.issuer:
        raise ProviderError("the token is of another issuer")
    _must_be_for(claims, wanted.client_id)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode("utf-8", "surrogatepass"), wanted.nonce.encode()
    ):
        raise ProviderError("the token answers another question (nonce)")
    _must_be_now(claims, wanted.now_utc_s)
    subject = claims.get("sub")
    is_subject = isinstance(subject, str) and 0 < len(subject) <= SUBJECT_CHARS
    if not is_subject or not str(subject).isprintable():
        raise ProviderError("the token names nobody (sub)")
    label = claims.get(label_claim)
    return ProviderPerson(
        wanted.issuer,
        str(subject),
        label[:LABEL_CHARS] if isinstance(label, str) and label.isprintable() else "",
        _authenticated(claims, wanted),
    )


def is_hash_of(said: object, access_token: str, algorithm: str) -> bool:
    """True if `at_hash` matches this access token: left half of its digest, base64url."""
    name = "sha512" if algorithm in ("EdDSA", "Ed25519") else _DIGESTS.get(algorithm[-3:], "")
    if not isinstance(said, str) or not name:
        return False
    digest = hashlib.new(name, access_token.encode("utf-8", "surrogatepass")).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    return hmac.compare_digest(half, said.encode("utf-8", "surrogatepass"))


def challenge_of(verifier: str) -> str:
    """PKCE challenge (S256) of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _must_be_for(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if client_id not in named:
        raise ProviderError("the token is for another program (aud)")
    # With several audiences the token must have been issued to this client.
    if ("azp" in claims or len(named) > 1) and claims.get("azp") != client_id:
        raise ProviderError("the token was issued to another program (azp)")


def _must_be_now(claims: Mapping[str, Any], now_utc_s: float) -> None:
    ends, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if now_utc_s >= ends + APART_S:
        raise ProviderError("the token has ended (exp)")
    if issued > now_utc_s + APART_S:
        raise ProviderError(
            "the token is from the future (iat): the provider's clock or the hub's is off"
        )
    if issued < now_utc_s - MOST_AGE_S - APART_S:
        raise ProviderError("the token is an old one (iat)")
    if "nbf" in claims and _moment(claims, "nbf") > now_utc_s + APART_S:
        raise ProviderError("the token does not hold yet (nbf)")


def _authenticated(claims: Mapping[str, Any], wanted: ExpectedClaims) -> float | None:
    since = wanted.authenticated_since_utc_s
    if "auth_time" not in claims and since is None:
        return None
    said = _moment(claims, "auth_time")
    if said > wanted.now_utc_s + APART_S:
        raise ProviderError("the person was asked in the future (auth_time)")
    if since is not None and said < since - APART_S:
        raise ProviderError("the person was not asked anew (auth_time)")
    return said


def _moment(claims: Mapping[str, Any], name: str) -> float:
    """A time claim, seconds since 1970."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise ProviderError(f"the token says no moment ({name})")
    return float(value)
