"""What a browser says of a passkey, checked by py_webauthn: values in, values or None out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_client_data_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hub.store.challenges import HOLDS_S

Credential = Mapping[str, Any]
"""What `navigator.credentials` gave, as JSON: nothing in it is believed before it is checked."""

_BAD: Final = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
)
"""The library takes apart CBOR and keys of strangers and does not wrap all that this may raise."""


@dataclass(frozen=True, slots=True)
class Party:
    """Whose passkeys they are: the host of the site's address, and its origin."""

    rp_id: str
    origin: str


def party_of(public_url: str) -> Party | None:
    """The party of a site; None where browsers make no passkeys: a bare address, or no https."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    is_address = ":" in host or host.replace(".", "").isdigit()
    if not host or is_address or (parts.scheme != "https" and host != "localhost"):
        return None
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return Party(host, f"{parts.scheme}://{host}{port}")


@dataclass(frozen=True, slots=True)
class Registered:
    """A new passkey that proved itself."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: str


def registration_options(
    party: Party,
    *,
    person_id: UUID,
    login: str,
    name: str,
    challenge: bytes,
    known: Sequence[bytes],
) -> dict[str, Any]:
    """What the browser needs to make one; `known` ones are not made twice."""
    options = generate_registration_options(
        rp_id=party.rp_id,
        rp_name="Mắt Thần",
        user_id=person_id.bytes,
        user_name=login,
        user_display_name=name,
        challenge=challenge,
        timeout=HOLDS_S * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    told: dict[str, Any] = json.loads(options_to_json(options))
    return told


def signing_options(party: Party, *, challenge: bytes, known: Sequence[bytes]) -> dict[str, Any]:
    """What the browser needs to sign; none `known`: it offers whatever it has for this site."""
    options = generate_authentication_options(
        rp_id=party.rp_id,
        challenge=challenge,
        timeout=HOLDS_S * 1000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    told: dict[str, Any] = json.loads(options_to_json(options))
    return told


def challenge_in(credential: Credential) -> bytes:
    """The challenge that was answered, if it says one; ours or not is for `Challenges` to say."""
    try:
        data = base64url_to_bytes(credential["response"]["clientDataJSON"])
        return bytes(parse_client_data_json(data).challenge)
    except _BAD:
        return b""


def credential_id_in(credential: Credential) -> bytes:
    """Which passkey it says it is."""
    try:
        return base64url_to_bytes(credential["rawId"])
    except _BAD:
        return b""


def check_registration(
    party: Party, credential: Credential, *, challenge: bytes
) -> Registered | None:
    """The passkey, if it answers this challenge on this site and knew its person."""
    try:
        found = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
        key = decode_credential_public_key(found.credential_public_key)
        decoded_public_key_to_cryptography(key)
        said = credential["response"].get("transports") or []
        transports = ",".join(str(one)[:20] for one in list(said)[:8])
    except _BAD:
        return None
    return Registered(
        found.credential_id, found.credential_public_key, found.sign_count, transports
    )


def check_signature(
    party: Party,
    credential: Credential,
    *,
    challenge: bytes,
    public_key: bytes,
    sign_count: int,
) -> int | None:
    """The new count of signatures, if it is right; None when not, or when the count went back,
    as it does for a copied authenticator."""
    try:
        found = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except _BAD:
        return None
    return found.new_sign_count
