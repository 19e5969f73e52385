"""Messages of the hub to one node: receipts, refusals, upload tokens, requests and commands."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from agent.wire.programs import TakePrograms
from agent.wire.settings import Configure
from agent.wire.terms import VERSION, Name, Numbers, Sha256, UtcMicros, Words


class TokenWanted(Words):
    """The node has something to upload and no valid upload token."""

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
    """One event refused for good."""

    event_id: UUID
    reason: RefusalReason
    detail: Annotated[str, Field(max_length=500)]


class Receipt(Words):
    """Sent after the hub's commit: events stored, and events refused for good."""

    v: Literal[1] = VERSION
    spool_id: UUID
    stored: tuple[UUID, ...]
    refused: tuple[Refusal, ...]
    alerted: tuple[UUID, ...] = Field(default=(), exclude_if=lambda said: not said)
    """Events in `stored` that raised or joined an alert: their footage belongs to an alert."""


class UploadToken(Words):
    """Permission to upload pictures and clips over HTTPS for a short time."""

    v: Literal[1] = VERSION
    token: Annotated[str, Field(min_length=16, max_length=1000)]
    valid_for_s: Annotated[int, Field(gt=0, le=86_400)]
    """A duration, not a date: the node's clock may be wrong."""
    upload_url: Annotated[str, Field(max_length=500)]
    """Address for creating uploads, by tus 1.0.0."""


class Missing(Words):
    """Events and files of a spool that the hub lacks: the node sends them again, or reports them
    gone."""

    v: Literal[1] = VERSION
    spool_id: UUID
    ranges: Annotated[tuple[Numbers, ...], Field(max_length=100)]
    """Numbers that neither arrived nor were reported as dropped, closed ranges."""
    media: Annotated[tuple[Sha256, ...], Field(max_length=100)]
    """Pictures and clips that were announced and not uploaded, or lost with a disk."""


class BringMedia(Words):
    """Somebody wants these files: upload them before files that nobody asked for."""

    kind: Literal["bring_media"] = "bring_media"
    sha256s: Annotated[tuple[Sha256, ...], Field(min_length=1, max_length=100)]


class BringSpan(Words):
    """Somebody wants the footage of a camera: all its clips of that time span.

    Clips unknown to the hub are announced by a `ClipReady`, possibly without a sighting. The answer
    is a `MediaAnswered` with the first hundred of them.
    """

    kind: Literal["bring_span"] = "bring_span"
    camera: Name
    from_utc_us: UtcMicros
    until_utc_us: UtcMicros
    with_sound: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True: the sound too, if it was recorded; each sound is a file of its own."""


class HoldFootage(Words):
    """Legal hold: these files, and all clips of the camera in that time span, must not be removed.

    It also covers later clips. A newer one with the same `hold_id` replaces it.
    """

    kind: Literal["hold_footage"] = "hold_footage"
    hold_id: UUID
    case_number: Annotated[str, Field(max_length=100)]
    reason: Annotated[str, Field(max_length=500)]
    camera: Name
    from_utc_us: UtcMicros
    until_utc_us: UtcMicros | None
    """None: everything from then on."""
    sha256s: Annotated[tuple[Sha256, ...], Field(max_length=200)]


class ReleaseFootage(Words):
    """The hold is over; files under another hold stay."""

    kind: Literal["release_footage"] = "release_footage"
    hold_id: UUID


class ShowLive(Words):
    """Somebody watches this camera now: send small pictures for a short time.

    A newer one replaces it. Without a newer one the node stops by itself. There is no event in
    answer.
    """

    kind: Literal["show_live"] = "show_live"
    camera: Name
    for_s: Annotated[int, Field(ge=0, le=60)]
    """Seconds from the moment of arrival; 0: stop now."""
    watchers: Annotated[int, Field(ge=0, lt=2**15)]
    """Number of viewers."""
    every_ms: Annotated[int, Field(ge=200, le=60_000)] = 1000
    """Least time between two pictures."""
    most_bytes: Annotated[int, Field(ge=8_000, le=200_000)] = 60_000
    """Largest size of one picture."""
    widest_px: Annotated[int, Field(ge=160, le=1920)] = 640


class SendDiagnosis(Words):
    """Somebody who manages this node wants the file of `matthan-agent diagnose`.

    The node uploads it over HTTPS to `diagnosis/` and the command's id below the upload address, or
    uploads a `NoAnswer` code if it cannot. There is no event in answer.
    """

    kind: Literal["send_diagnosis"] = "send_diagnosis"


class SendExplanation(Words):
    """Somebody who may see this camera asks why people were not reported in its last hour.

    The node uploads a page with pictures over HTTPS to `explanation/` and the command's id below
    the upload address, or a `NoAnswer` code if it cannot. There is no event in answer.
    """

    kind: Literal["send_explanation"] = "send_explanation"
    camera: Name
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "vi"
    """Language of the page; if the node does not know it, the page is in English."""
    span_s: Annotated[int, Field(ge=1, le=3600)] = 3600
    """Seconds before now that the person may see."""


Wanted = Annotated[
    BringMedia
    | BringSpan
    | HoldFootage
    | ReleaseFootage
    | Configure
    | ShowLive
    | SendDiagnosis
    | SendExplanation
    | TakePrograms,
    Field(discriminator="kind"),
]


class Command(Words):
    """A command of the hub; a repetition, known by `command_id`, changes nothing."""

    v: Literal[1] = VERSION
    command_id: UUID
    body: Wanted
