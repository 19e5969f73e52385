"""What an OpenID provider must have said of somebody, and what is believed of it.

Values in, values out: whether the signature is the provider's is judged in `hub.provider`.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

APART_S: Final = 120.0
"""So far the provider's clock and the hub's may be apart."""
MOST_AGE_S: Final = 600.0
"""An ID token is read as soon as it is issued; an older one was kept by somebody."""
SUBJECT_CHARS: Final = 255
"""The longest subject, by OpenID Connect Core 1.0."""
LABEL_CHARS: Final = 120
_DIGESTS: Final = {"256": "sha256", "384": "sha384", "512": "sha512"}


class ProviderError(Exception):
    """Nobody signs in by the provider now, or not with this answer: why, in one line."""


class ProviderAwayError(ProviderError):
    """It cannot be reached, or answers nothing that can be used."""


@dataclass(frozen=True, slots=True)
class Question:
    """One way to the provider and back; each part is made up anew for it."""

    state: str
    nonce: str
    verifier: str
    """Whose hash the provider is shown (PKCE); itself only when the code is redeemed."""
    is_fresh: bool = False
    """Whether the provider must ask the person anew, whoever is signed in there."""


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody as the provider knows them."""

    issuer: str
    subject: str
    label: str
    """What the provider calls them, for people to read; nothing is decided by it."""
    authenticated_utc_s: float | None
    """When they last showed there who they are; None: it does not say."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an ID token must say, at `now_utc_s`."""

    issuer: str
    client_id: str
    nonce: str
    now_utc_s: float
    authenticated_since_utc_s: float | None = None
    """The person must have been asked since then; None: any time will do."""


def believed(claims: Mapping[str, Any], wanted: Wanted, *, label_claim: str = "") -> Known:
    """Whom the claims of an ID token name; ProviderError for what OpenID Connect forbids."""
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
    return Known(
        wanted.issuer,
        str(subject),
        label[:LABEL_CHARS] if isinstance(label, str) and label.isprintable() else "",
        _authenticated(claims, wanted),
    )


def is_hash_of(said: object, access_token: str, algorithm: str) -> bool:
    """Whether `at_hash` is of this access token: the left half of its digest, base64url."""
    name = "sha512" if algorithm in ("EdDSA", "Ed25519") else _DIGESTS.get(algorithm[-3:], "")
    if not isinstance(said, str) or not name:
        return False
    digest = hashlib.new(name, access_token.encode("utf-8", "surrogatepass")).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    return hmac.compare_digest(half, said.encode("utf-8", "surrogatepass"))


def challenge_of(verifier: str) -> str:
    """What the provider is shown of a PKCE verifier (S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _must_be_for(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if client_id not in named:
        raise ProviderError("the token is for another program (aud)")
    # Of several who may read it, it must have been issued to us.
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


def _authenticated(claims: Mapping[str, Any], wanted: Wanted) -> float | None:
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
    """A moment of a claim, seconds since 1970."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise ProviderError(f"the token says no moment ({name})")
    return float(value)
