"""Checks a browser's passkey answers with py_webauthn: values in, values or None out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
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

from hub.access.signin.challenges import HOLDS_S
from hub.web.origin import Party

Credential = Mapping[str, Any]
"""JSON from `navigator.credentials`; untrusted until checked."""

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
"""The library parses untrusted CBOR and keys, and does not wrap all exceptions of these parsers."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A new, verified passkey."""

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
    """Options for the browser to create a passkey; `known` ones are not created twice."""
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
    """Options for the browser to sign; with no `known` passkeys it offers any it has for this
    site."""
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
    """The challenge in the answer; `Challenges` decides whether it is ours."""
    try:
        data = base64url_to_bytes(credential["response"]["clientDataJSON"])
        return bytes(parse_client_data_json(data).challenge)
    except _BAD:
        return b""


def credential_id_in(credential: Credential) -> bytes:
    """The passkey id in the answer, unverified."""
    try:
        return base64url_to_bytes(credential["rawId"])
    except _BAD:
        return b""


def check_registration(
    party: Party, credential: Credential, *, challenge: bytes
) -> Registered | None:
    """The passkey, if it answers this challenge on this site with user verification."""
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
    """The new signature count of a valid answer. None if invalid, or if the count decreased, a sign
    of a copied authenticator."""
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
