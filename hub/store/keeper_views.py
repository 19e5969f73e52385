"""What the door hands to those who look after cameras: nodes, and what could not be delivered."""

from dataclasses import dataclass
from uuid import UUID

from hub.store.health import LastHealth


@dataclass(frozen=True, slots=True)
class CameraState:
    """One camera of a node; `since_utc_us` is since when it is lost, or gives pictures."""

    camera_id: UUID
    label: str
    is_lost: bool
    lost_reason: str
    since_utc_us: int


@dataclass(frozen=True, slots=True)
class LastRefusal:
    """A message of a node that the hub set aside."""

    reason: str
    """Of `agent.wire.answers.RefusalReason`."""
    at_utc_us: int


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node as the hub last heard of it. Times are UTC microseconds of the hub."""

    node_id: UUID
    name: str
    place: str
    state: str
    """never, online, offline."""
    since_utc_us: int
    heard_utc_us: int | None
    """The last event, birth or state of health; None: never."""
    software: str
    is_doubled: bool
    """Two were heard of under this name."""
    cameras: tuple[CameraState, ...]
    health: LastHealth | None
    missing: int
    """Numbers that the hub knows to be missing and still asks for."""
    refused: int
    """Messages of the last 24 hours that the hub set aside."""
    last_refusal: LastRefusal | None
    """The last of these."""
    dropped: int
    """Events the node said it will never bring."""
    unrecorded_why: str | None
    """held, room or folder: why it records no video; None while it does."""

    @property
    def is_dark(self) -> bool:
        """It gives no sign, or one of its cameras no picture."""
        return self.state != "online" or any(one.is_lost for one in self.cameras)


@dataclass(frozen=True, slots=True)
class FateCount:
    """So many events of a kind met this fate; one that is refused counts under "refused"."""

    kind: str
    fate: str
    events: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A notification that never reached its phone, and why."""

    person_name: str
    channel: str
    phone_label: str
    alert_id: UUID
    place: str
    moment: str
    reason: str
    owed_utc_us: int
    answered_utc_us: int


@dataclass(frozen=True, slots=True)
class LostPhone:
    """A phone whose service says that it is no more; its owner has to switch it on again."""

    phone_id: UUID
    person_name: str
    channel: str
    label: str
    gone_utc_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class SilentPhone:
    """A phone that did not answer its last daily check in time: it may be dead, and nobody knew."""

    phone_id: UUID
    person_id: UUID
    person_name: str
    label: str
    asked_utc_us: int
    heard_utc_us: int | None
    """When it last showed a push; None: it never has."""
    was_taken: bool
    """Its service took the check; False: not even that."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What could not be delivered: the newest, and how many of the last 24 hours in all."""

    letters: list[DeadLetter]
    in_a_day: int
    phones: list[LostPhone]
    silent: list[SilentPhone]
