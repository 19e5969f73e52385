"""Manifest of a package: its files with hashes, origin of the footage, case."""

import json
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
CERTIFICATE: Final = "evidence-key.crt"
STAMP: Final = "manifest.tsr"
CUSTODY: Final = "custody.json"
STAMP_ROOTS: Final = "stamp-authority.pem"
UNSIGNED: Final = frozenset({MANIFEST, SIGNATURE})
"""Files that no manifest can list; in a stamped package `STAMP` is the third."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Path = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)?$")]
"""Path in a package; it cannot leave the folder it is unpacked into."""
Micros = Annotated[int, Field(ge=0, lt=253_402_300_800_000_000)]
"""Microseconds since 1970-01-01 UTC."""
Text = Annotated[str, Field(max_length=2000)]


class PackagePart(BaseModel):
    """Base class of the manifest's parts. Frozen; an unknown field is refused, because it would not
    be understood."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class File(PackagePart):
    """One file of the package."""

    path: Path
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]


class ExportedFootage(PackagePart):
    """One clip, picture or sound file: the bytes from the node."""

    path: Path
    media_id: UUID
    kind: Literal["picture", "clip", "sound"]
    node: Text
    camera: Text
    label: Text
    place: Text
    """Names of its areas, the widest first."""
    first_frame_utc_us: Micros
    first_frame_error_ms: int | None
    """Error of that time; null if the node's clock was not trusted."""
    duration_ms: Annotated[int, Field(ge=0)]
    stored_utc_us: Micros
    """Time of storage at the hub."""
    seal: Text
    """Result of its seal at the time of export: intact, unsealed, or the fault."""

    @property
    def apart(self) -> str:
        """`picture` or `household` for what no box seals; empty for a clip or sound of a box."""
        if self.kind == "picture":
            return "picture"
        return "" if self.node else "household"


class RedactedCopy(PackagePart):
    """A redacted copy, for people who need not see everything; not an original."""

    path: Path
    original: Path
    """Footage it was made from."""
    plan: Path
    """Hidden areas, drawn by hand (`hub.cases.evidence.redaction_plan`)."""
    areas: Annotated[int, Field(ge=1)]


class Stamping(PackagePart):
    """Time stamp (RFC 3161) of the manifest's bytes, or why there is none."""

    authority: Text
    """Address of the time stamp authority."""
    missing: Text = ""
    """Why there is no stamp; empty if `STAMP` has it."""


class Manifest(PackagePart):
    """Manifest of a package. The signature covers the exact bytes in which it is written."""

    v: Literal[1] = 1
    package_id: UUID
    case_number: Annotated[str, Field(min_length=1, max_length=100)]
    reason: Text
    exported_by: Text
    exported_utc_us: Micros
    exported_error_ms: int | None
    log_seq: Annotated[int, Field(ge=0)]
    """Last record of the access log at that time."""
    log_hash: Sha256
    key_sha256: Sha256
    """SHA-256 of the certificate (DER) of the signing key."""
    footage: tuple[ExportedFootage, ...]
    files: tuple[File, ...]
    """All files except manifest, signature and time stamp."""
    redacted: tuple[RedactedCopy, ...] = ()
    """Copies beside their originals, marked in every picture."""
    stamp: Stamping | None = None
    """None if no authority was configured."""

    @property
    def is_stamped(self) -> bool:
        """True if a time stamp belongs to it."""
        return self.stamp is not None and not self.stamp.missing

    @property
    def unsigned(self) -> frozenset[str]:
        """Files of the package that the manifest does not list."""
        return UNSIGNED | {STAMP} if self.is_stamped else UNSIGNED

    def to_bytes(self) -> bytes:
        """The bytes of the manifest as they are written and signed."""
        said = self.model_dump(mode="json")
        return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
