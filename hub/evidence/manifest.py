"""What a package says of itself: its files with their hashes, whose footage, for which case."""

import json
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
CERTIFICATE: Final = "evidence-key.crt"
STAMP: Final = "manifest.tsr"
STAMP_ROOTS: Final = "stamp-authority.pem"
UNSIGNED: Final = frozenset({MANIFEST, SIGNATURE})
"""The two that no manifest can name; of a stamped one, `STAMP` is the third."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Path = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)?$")]
"""Of a file in a package: no way out of the folder it is unpacked into."""
Micros = Annotated[int, Field(ge=0, lt=253_402_300_800_000_000)]
"""Microseconds since 1970-01-01 UTC."""
Text = Annotated[str, Field(max_length=2000)]


class Part(BaseModel):
    """Frozen; a field that this version does not know is refused: it would not be understood."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class File(Part):
    """One file of the package."""

    path: Path
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]


class Footage(Part):
    """One clip, picture or file of sound: the bytes that the node brought."""

    path: Path
    media_id: UUID
    kind: Literal["picture", "clip", "sound"]
    node: Text
    camera: Text
    label: Text
    place: Text
    """The areas it lies in, the widest first."""
    first_frame_utc_us: Micros
    first_frame_error_ms: int | None
    """How far off that may be; null where nobody vouched for the node's clock."""
    duration_ms: Annotated[int, Field(ge=0)]
    stored_utc_us: Micros
    """When the hub had it."""
    seal: Text
    """What its seal says at the time of export: intact, unsealed, or what does not hold."""


class Redacted(Part):
    """A copy in which areas are hidden: for people who need not see all. It is no original."""

    path: Path
    original: Path
    """The footage that it was made of."""
    plan: Path
    """What was hidden, drawn by hand (`hub.evidence.areas`)."""
    areas: Annotated[int, Field(ge=1)]


class Stamping(Part):
    """The time stamp (RFC 3161) of the manifest's bytes, or why there is none."""

    authority: Text
    """The address that was asked."""
    missing: Text = ""
    """Why it gave none; empty where `STAMP` has it."""


class Manifest(Part):
    """Signed as the bytes that it is written in."""

    v: Literal[1] = 1
    package_id: UUID
    case_number: Annotated[str, Field(min_length=1, max_length=100)]
    reason: Text
    exported_by: Text
    exported_utc_us: Micros
    exported_error_ms: int | None
    log_seq: Annotated[int, Field(ge=0)]
    """The log of who looked, as it ended then."""
    log_hash: Sha256
    key_sha256: Sha256
    """Of the certificate (DER) whose key signed this."""
    footage: tuple[Footage, ...]
    files: tuple[File, ...]
    """All but the manifest, its signature and its time stamp."""
    redacted: tuple[Redacted, ...] = ()
    """Copies beside their originals, marked as such in every picture."""
    stamp: Stamping | None = None
    """None where no authority was configured."""

    @property
    def is_stamped(self) -> bool:
        """Whether a time stamp belongs to it."""
        return self.stamp is not None and not self.stamp.missing

    @property
    def unsigned(self) -> frozenset[str]:
        """The files of its package that it does not name."""
        return UNSIGNED | {STAMP} if self.is_stamped else UNSIGNED

    def to_bytes(self) -> bytes:
        """As it is written and signed."""
        said = self.model_dump(mode="json")
        return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
