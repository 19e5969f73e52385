"""Messages of a town's nodes: people appear, are updated and leave; and node health."""

from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Final
from uuid import UUID

from agent.wire.ident import uuid7
from agent.wire.messages import Body, Event, SightingClosed, SightingOpened, SightingUpdated
from agent.wire.presence import Birth, BoardWords, CameraHealth, CameraWords, Health, Lost, Owing
from agent.wire.terms import BoxWords, ClockSource, ObjectKind, Picture, Stamp

SEEN_BETTER: Final = 0.4
"""Chance that the next message about a person in view is an update, not the end."""
BOX: Final = BoxWords(x0=0.41, y0=0.32, x1=0.52, y1=0.71)
ERROR_MS: Final = 20


@dataclass(slots=True)
class Talker:
    """One node with its cameras and its spool; its messages follow from the random generator
    alone."""

    node: str
    cameras: int
    dice: Random
    seq: int = 0
    _inside: dict[str, tuple[UUID, int]] = field(default_factory=dict)
    """The person in view of each camera, and since when (UTC, microseconds)."""
    _ids: tuple[UUID, UUID, UUID] = field(init=False)

    def __post_init__(self) -> None:
        birth, boot, spool = (UUID(int=self.dice.getrandbits(128), version=4) for _ in range(3))
        self._ids = birth, boot, spool

    def birth(self, utc_us: int) -> Birth:
        """The birth message, with the node's cameras."""
        birth_id, boot_id, spool_id = self._ids
        return Birth(
            node=self.node,
            birth_id=birth_id,
            boot_id=boot_id,
            spool_id=spool_id,
            stamp=_stamp(utc_us),
            software="bench",
            cameras=tuple(_camera(name) for name in self._names()),
        )

    def event(self, happened_utc_us: int, said_utc_us: int) -> Event:
        """The next event, with the times of happening and sending."""
        self.seq += 1
        _, boot_id, spool_id = self._ids
        return Event(
            event_id=self._id(happened_utc_us),
            node=self.node,
            spool_id=spool_id,
            seq=self.seq,
            boot_id=boot_id,
            stamp=_stamp(happened_utc_us),
            age_ms=max(0, (said_utc_us - happened_utc_us) // 1000),
            uptime_ms=happened_utc_us // 1000 % 10**9,
            body=self._next(self.dice.choice(self._names()), happened_utc_us),
        )

    def health(self, utc_us: int) -> Health:
        """The health message."""
        birth_id, boot_id, spool_id = self._ids
        return Health(
            node=self.node,
            boot_id=boot_id,
            spool_id=spool_id,
            birth_id=birth_id,
            last_seq=self.seq,
            stamp=_stamp(utc_us),
            uptime_s=86_400,
            board=BoardWords(
                temperature_c=61.2,
                is_under_voltage=False,
                is_throttled=False,
                was_under_voltage=False,
                was_throttled=False,
                disk_free_bytes=9_000_000_000,
                disk_size_bytes=32_000_000_000,
                card_wear_percent=10,
            ),
            cameras=tuple(
                CameraHealth(camera=name, frames_per_s=10.0, frames_late=0, is_lost=False)
                for name in self._names()
            ),
            owing=Owing(alerts=0, others=0, again=0, files=0),
            lost=Lost(alerts=0, others=0, health=0, set_aside=0),
        )

    def _names(self) -> list[str]:
        return [f"cam-{number}" for number in range(1, self.cameras + 1)]

    def _next(self, camera: str, utc_us: int) -> Body:
        if camera not in self._inside:
            self._inside[camera] = self._id(utc_us), utc_us
            return SightingOpened(
                camera=camera,
                sighting_id=self._inside[camera][0],
                object_kind=ObjectKind.PERSON,
                people=1,
                score=0.81,
                box=BOX,
                first_seen_utc_us=utc_us - 400_000,
                picture=self._picture(),
            )
        sighting_id, since_us = self._inside[camera]
        if self.dice.random() < SEEN_BETTER:
            return SightingUpdated(
                camera=camera,
                sighting_id=sighting_id,
                people=2,
                score=0.92,
                box=BOX,
                picture=self._picture(),
            )
        del self._inside[camera]
        return SightingClosed(
            camera=camera,
            sighting_id=sighting_id,
            last_seen_utc_us=utc_us - 2_000_000,
            duration_ms=(utc_us - since_us) // 1000,
        )

    def _picture(self) -> Picture:
        digest = sha256(self.dice.randbytes(16)).hexdigest()
        return Picture(sha256=digest, size_bytes=48_000, width=768, height=576)

    def _id(self, utc_us: int) -> UUID:
        return uuid7(utc_us, self.dice.randbytes(10))


def _stamp(utc_us: int) -> Stamp:
    return Stamp(utc_us=utc_us, source=ClockSource.NTP, error_ms=ERROR_MS)


def _camera(name: str) -> CameraWords:
    return CameraWords(
        camera=name, label=name, codec="h264", width=768, height=576, frames_per_s=10.0
    )
