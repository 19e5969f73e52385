"""What the hub says to one node: receipts, refusals, leave to upload, what it lacks or wants."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from agent.wire.programs import TakePrograms
from agent.wire.settings import Configure
from agent.wire.terms import VERSION, Name, Numbers, Sha256, UtcMicros, Words


class TokenWanted(Words):
    """The node has something to bring and no upload token that still holds."""

    v: Literal[1] = VERSION
    node: Name


class RefusalReason(StrEnum):
    """Why the hub will never store an event, so that the node stops sending it."""

    MALFORMED = "malformed"
    WRONG_VERSION = "wrong_version"
    OVERSIZE = "oversize"
    WRONG_NODE = "wrong_node"
    UNKNOWN_NODE = "unknown_node"
    UNKNOWN_CAMERA = "unknown_camera"
    NUMBER_TAKEN = "number_taken"


class Refusal(Words):
    """One event the hub set aside for good."""

    event_id: UUID
    reason: RefusalReason
    detail: Annotated[str, Field(max_length=500)]


class Receipt(Words):
    """The hub's own word, after its commit: these are stored, those are refused for good."""

    v: Literal[1] = VERSION
    spool_id: UUID
    stored: tuple[UUID, ...]
    refused: tuple[Refusal, ...]
    alerted: tuple[UUID, ...] = Field(default=(), exclude_if=lambda said: not said)
    """Those of `stored` that raised or joined an alert: their footage is an alert's."""


class UploadToken(Words):
    """Leave to bring pictures and clips over HTTPS for a short while."""

    v: Literal[1] = VERSION
    token: Annotated[str, Field(min_length=16, max_length=1000)]
    valid_for_s: Annotated[int, Field(gt=0, le=86_400)]
    """A span, not a date: the node's clock may be wrong."""
    upload_url: Annotated[str, Field(max_length=500)]
    """Where uploads are begun, by tus 1.0.0."""


class Missing(Words):
    """What the hub lacks of a spool: its node says it again, or that it is gone."""

    v: Literal[1] = VERSION
    spool_id: UUID
    ranges: Annotated[tuple[Numbers, ...], Field(max_length=100)]
    """Numbers that came neither themselves nor among the dropped, closed ranges."""
    media: Annotated[tuple[Sha256, ...], Field(max_length=100)]
    """Pictures and clips that were announced and never brought, or lost with a disk."""


class BringMedia(Words):
    """Somebody wants to see these: bring them before what nobody asked for."""

    kind: Literal["bring_media"] = "bring_media"
    sha256s: Annotated[tuple[Sha256, ...], Field(min_length=1, max_length=100)]


class BringSpan(Words):
    """Somebody wants to see what a camera showed: every clip of that span that is still here.

    Those the hub was never told of are announced by a `ClipReady` that may name no sighting. The
    answer is a `MediaAnswered` with the first hundred of them.
    """

    kind: Literal["bring_span"] = "bring_span"
    camera: Name
    from_utc_us: UtcMicros
    until_utc_us: UtcMicros
    with_sound: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True: what was heard too, where that is recorded; each in a file of its own."""


class HoldFootage(Words):
    """For a case: nothing may remove these files, nor any clip that shows the camera in that span.

    Also one that is still to come. A later one of the same `hold_id` takes the earlier one's place.
    """

    kind: Literal["hold_footage"] = "hold_footage"
    hold_id: UUID
    case_number: Annotated[str, Field(max_length=100)]
    reason: Annotated[str, Field(max_length=500)]
    camera: Name
    from_utc_us: UtcMicros
    until_utc_us: UtcMicros | None
    """None: whatever comes from then on."""
    sha256s: Annotated[tuple[Sha256, ...], Field(max_length=200)]


class ReleaseFootage(Words):
    """That hold is over; what another one holds stays held."""

    kind: Literal["release_footage"] = "release_footage"
    hold_id: UUID


class ShowLive(Words):
    """Somebody watches this camera now: small pictures of it, for a short while.

    A later one takes the earlier one's place; without a later one the node stops by itself. No
    event answers it.
    """

    kind: Literal["show_live"] = "show_live"
    camera: Name
    for_s: Annotated[int, Field(ge=0, le=60)]
    """From the moment it is heard; 0: stop now."""
    watchers: Annotated[int, Field(ge=0, lt=2**15)]
    """How many watch."""
    every_ms: Annotated[int, Field(ge=200, le=60_000)] = 1000
    """One picture in so long, no more."""
    most_bytes: Annotated[int, Field(ge=8_000, le=200_000)] = 60_000
    """Of one picture."""
    widest_px: Annotated[int, Field(ge=160, le=1920)] = 640


class SendDiagnosis(Words):
    """Somebody who looks after this node wants its file of `matthan-agent diagnose`.

    The node makes it and brings it over HTTPS to `diagnosis/` and the command's id below the
    address of uploads; or, in its place, a sentence that says why it cannot. No event answers it.
    """

    kind: Literal["send_diagnosis"] = "send_diagnosis"


Wanted = Annotated[
    BringMedia
    | BringSpan
    | HoldFootage
    | ReleaseFootage
    | Configure
    | ShowLive
    | SendDiagnosis
    | TakePrograms,
    Field(discriminator="kind"),
]


class Command(Words):
    """The hub wants something done; a repeat, known by `command_id`, changes nothing."""

    v: Literal[1] = VERSION
    command_id: UUID
    body: Wanted
