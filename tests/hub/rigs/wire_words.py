"""Messages of an invented node, for tests of the hub's intake."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from agent.wire.messages import Event, SightingOpened
from agent.wire.presence import Birth, BoardWords, CameraWords, Death, Health, Lost, Owing
from agent.wire.terms import BoxWords, ClockSource, ObjectKind, Stamp

START_UTC_US = 1_795_000_000_000_000


@dataclass
class NodeVoice:
    """Speaks as a node would: gapless numbers in one spool."""

    name: str
    camera: str = "cam-1"
    spool_id: UUID = field(default_factory=uuid4)
    boot_id: UUID = field(default_factory=uuid4)
    seq: int = 0

    def event(self, utc_us: int = START_UTC_US) -> Event:
        """A person is seen; each call is another sighting."""
        self.seq += 1
        return Event(
            event_id=uuid4(),
            node=self.name,
            spool_id=self.spool_id,
            seq=self.seq,
            boot_id=self.boot_id,
            stamp=Stamp(utc_us=utc_us, source=ClockSource.NTP, error_ms=20),
            age_ms=100,
            body=SightingOpened(
                camera=self.camera,
                sighting_id=uuid4(),
                object_kind=ObjectKind.PERSON,
                people=1,
                score=0.8,
                box=BoxWords(x0=0.4, y0=0.3, x1=0.5, y1=0.7),
                first_seen_utc_us=utc_us - 400_000,
                picture=None,
            ),
        )

    def birth(self, birth_id: UUID | None = None) -> Birth:
        """The node is here, with its one camera."""
        return Birth(
            node=self.name,
            birth_id=birth_id or uuid4(),
            boot_id=self.boot_id,
            spool_id=self.spool_id,
            stamp=Stamp(utc_us=START_UTC_US, source=ClockSource.NTP, error_ms=20),
            software="matthan 0.1.0",
            cameras=(
                CameraWords(
                    camera=self.camera,
                    label="Ngã tư 1, hướng chợ",
                    codec="h264",
                    width=768,
                    height=576,
                    frames_per_s=10.0,
                ),
            ),
        )

    def health(self, **more: object) -> Health:
        """Health report of the node."""
        return Health(
            node=self.name,
            boot_id=self.boot_id,
            spool_id=self.spool_id,
            last_seq=self.seq,
            stamp=Stamp(utc_us=START_UTC_US, source=ClockSource.NTP, error_ms=20),
            uptime_s=3600,
            board=BoardWords(
                temperature_c=61.3,
                is_under_voltage=False,
                is_throttled=False,
                was_under_voltage=False,
                was_throttled=False,
                disk_free_bytes=9_000_000_000,
                disk_size_bytes=31_000_000_000,
                card_wear_percent=None,
            ),
            cameras=(),
            owing=Owing(alerts=0, others=0, again=0, files=0),
            lost=Lost(alerts=0, others=0, health=0, set_aside=0),
        ).model_copy(update=more)

    def death(self, birth_id: UUID) -> Death:
        """The node is gone."""
        return Death(node=self.name, birth_id=birth_id)
