"""Seal of a household's film on arrival: content, time, and the hub's signature."""

import json
from typing import Annotated, Final, Literal
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import Field

from hub.cases.evidence.arrival_seal import ArrivalSeal, SealContent
from hub.cases.evidence.keys import EvidenceSigner
from hub.cases.evidence.manifest import Micros, PackagePart, Sha256, Text

CLOCK: Final = (
    "The film's own clock is the household's, not the hub's: how far off it is, nobody knows. "
    "The span is the one that was asked for."
)


class SignedArrival(PackagePart):
    """A seal on arrival in the form of its file; the signature covers these bytes."""

    v: Literal[1] = 1
    clip_id: UUID
    request_id: UUID
    household_id: UUID
    sha256: Sha256
    """SHA-256 of the stored file."""
    size_bytes: Annotated[int, Field(ge=0)]
    came_sha256: Sha256
    """SHA-256 of the file as sent; equal to `sha256` if all of it is stored."""
    came_bytes: Annotated[int, Field(ge=0)]
    cut_from_ms: int | None
    cut_until_ms: int | None
    asked_since_utc_us: Micros
    asked_until_utc_us: Micros
    clock: Text = CLOCK
    arrived_utc_us: Micros
    arrived_error_ms: int | None
    receipt: Text
    key_sha256: Sha256


def seal_arrival(signer: EvidenceSigner, one: SealContent) -> ArrivalSeal:
    """Seal with statement and signature by the evidence key, in the form of a package's
    manifest."""
    said = SignedArrival(
        clip_id=one.clip_id,
        request_id=one.request_id,
        household_id=one.household_id,
        sha256=one.sha256,
        size_bytes=one.size_bytes,
        came_sha256=one.came_sha256,
        came_bytes=one.came_bytes,
        cut_from_ms=one.cut.from_ms,
        cut_until_ms=one.cut.until_ms,
        asked_since_utc_us=one.since_utc_us,
        asked_until_utc_us=one.until_utc_us,
        arrived_utc_us=one.arrived_utc_us,
        arrived_error_ms=one.arrived_error_ms,
        receipt=one.code,
        key_sha256=signer.fingerprint,
    ).model_dump(mode="json")
    words = (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
    return ArrivalSeal(words, signer.sign(words), signer.certificate.public_bytes(Encoding.DER))
