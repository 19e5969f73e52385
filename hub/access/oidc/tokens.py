"""Signature check of an ID token with the provider's keys."""

import warnings
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwk, jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning

from hub.access.oidc.metadata import ALGORITHMS
from hub.access.rules.oidc import ProviderAwayError, ProviderError

MOST_KEYS: Final = 50
LEAST_RSA_BITS: Final = 2048
TOKEN_CHARS: Final = 32 * 1024
_PUBLIC: Final = ("RSA", "EC", "OKP")
_PUZZLED: Final = (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""Errors of the library for invalid input."""


class KeyUnknownError(ProviderError):
    """The token is signed by a key that the provider has not published: it may have changed its
    keys."""


def read_keys(said: Mapping[str, Any]) -> jwk.KeySet:
    """Signature keys; others are skipped. ProviderAwayError if there are none."""
    listed = said.get("keys")
    found: list[Any] = []
    for one in listed[:MOST_KEYS] if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in _PUBLIC:
            continue  # a shared secret among published keys would let everybody sign
        if one.get("use", "sig") != "sig" or "d" in one:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", SecurityWarning)
                found.append(jwk.import_key({str(name): part for name, part in one.items()}))
        except (*_PUZZLED, SecurityWarning):
            continue
    if not found:
        raise ProviderAwayError("it tells no key by which a signature can be checked")
    return jwk.KeySet(found)


def signed_claims(token: str, keys: jwk.KeySet) -> tuple[dict[str, Any], str]:
    """Claims of the token and its algorithm; ProviderError for any fault."""
    if len(token) > TOKEN_CHARS:
        raise ProviderError("the token is too long")
    try:
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
        return dict(read.claims), str(read.header["alg"])
    except InvalidKeyIdError as error:
        raise KeyUnknownError("the token is signed by a key the provider has not told") from error
    except _PUZZLED as error:
        raise ProviderError(
            f"the token is not signed by the provider ({type(error).__name__})"
        ) from error
