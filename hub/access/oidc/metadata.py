"""Provider metadata (OpenID Connect Discovery 1.0): read once an hour, and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from hub.access.rules.oidc import ProviderAwayError

WELL_KNOWN: Final = "/.well-known/openid-configuration"
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Accepted signature algorithms: only asymmetric ones, whose private key only the provider has."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Addresses of the provider, and how the hub authenticates there."""

    issuer: str
    authorization: str
    token: str
    keys: str
    takes_basic: bool
    says_issuer: bool
    """True if each answer names its issuer (RFC 9207)."""


def read(said: Mapping[str, Any], *, issuer: str) -> Metadata:
    """Read the metadata; ProviderAwayError if they are not this issuer's, or unusable."""
    if said.get("issuer") != issuer:
        raise ProviderAwayError(
            f"discovery names the issuer {str(said.get('issuer'))[:200]!r}, and oidc.issuer is "
            f"{issuer!r}: they must be the same to the letter"
        )
    algorithms = said.get("id_token_signing_alg_values_supported", ["RS256"])
    if not isinstance(algorithms, list) or not {*map(str, algorithms)} & {*ALGORITHMS}:
        raise ProviderAwayError("it signs by nothing that the hub can check")
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        issuer,
        _endpoint(said, "authorization_endpoint"),
        _endpoint(said, "token_endpoint"),
        _endpoint(said, "jwks_uri"),
        takes_basic=not isinstance(methods, list)
        or "client_secret_basic" in methods
        or "client_secret_post" not in methods,
        says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
    )


def is_safe(url: str) -> bool:
    """True for an https address, or http on this machine for tests."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.fragment or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _endpoint(said: Mapping[str, Any], name: str) -> str:
    url = said.get(name)
    if not isinstance(url, str) or len(url) > 2000 or not is_safe(url):
        raise ProviderAwayError(f"discovery names no {name} over https")
    return url
