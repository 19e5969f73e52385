"""A small commune for tests: two junctions, officers with phones, a node that sends messages."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from sqlalchemy import Connection, Row, Table, select

from agent.wire.messages import ClipReady, Event, SightingClosed, SightingOpened, SightingUpdated
from agent.wire.presence import Birth, CameraWords
from agent.wire.terms import BoxWords, ClockSource, ObjectKind, Picture, Stamp
from hub.access.grants import people_rows
from hub.access.grants import rows as grants_rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.alerting.alerts.rules.grouping import Policy
from hub.app.web.services import make_services
from hub.base.audit.asker import Asker
from hub.base.audit.tables import audit
from hub.base.change_signal import ChangeSignal
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.storage.blobs import BlobFolder
from hub.base.storage.partial_files import PartialFiles
from hub.footage.playback.service import PlaybackService
from hub.footage.upload.service import Uploads
from hub.intake.filing.filing import Filed, Filing
from hub.nodes import presence
from hub.notify.tables import phones
from hub.registry import registry
from tests.hub.rigs.desk import resources_in

NIGHT = Moment(1_795_000_000_000_000, 5)
BOX = BoxWords(x0=0.4, y0=0.3, x1=0.5, y1=0.7)
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
EVERYTHING = Right.SEE | Right.CLIPS | Right.ALERTED


@dataclass
class HandClock:
    """Stands still until it is moved."""

    moment: Moment = NIGHT

    def now(self) -> Moment:
        return self.moment

    def pass_s(self, span_s: float) -> None:
        self.moment = self.moment.plus_s(span_s)


@dataclass
class Mouth:
    """Speaks as a node would, stamped by the test's clock: gapless numbers in one spool."""

    name: str
    clock: HandClock
    camera: str = "cam-1"
    spool_id: UUID = field(default_factory=uuid4)
    seq: int = 0
    age_ms: int | None = 100
    source: ClockSource = ClockSource.NTP
    error_ms: int | None = 20

    def birth(self, *cameras: str) -> Birth:
        return Birth(
            node=self.name,
            birth_id=uuid4(),
            boot_id=uuid4(),
            spool_id=self.spool_id,
            stamp=self._stamp(),
            software="matthan 0.1.0",
            cameras=tuple(
                CameraWords(
                    camera=camera,
                    label=f"Hướng chợ {camera}",
                    codec="h264",
                    width=768,
                    height=576,
                    frames_per_s=10.0,
                )
                for camera in cameras or (self.camera,)
            ),
        )

    def says(self, body: Any, *, stamp: Stamp | None = None) -> Event:
        self.seq += 1
        return Event(
            event_id=uuid4(),
            node=self.name,
            spool_id=self.spool_id,
            seq=self.seq,
            boot_id=uuid4(),
            stamp=stamp or self._stamp(),
            age_ms=self.age_ms,
            body=body,
        )

    def opened(self, sighting_id: UUID | None = None, **changed: Any) -> Event:
        body = SightingOpened(
            camera=self.camera,
            sighting_id=sighting_id or uuid4(),
            object_kind=ObjectKind.PERSON,
            people=1,
            score=0.8,
            box=BOX,
            first_seen_utc_us=self.clock.now().utc_us - 400_000,
            picture=None,
        )
        return self.says(body.model_copy(update=changed))

    def updated(self, sighting_id: UUID, **changed: Any) -> Event:
        body = SightingUpdated(
            camera=self.camera, sighting_id=sighting_id, people=2, score=0.9, box=BOX, picture=None
        )
        return self.says(body.model_copy(update=changed))

    def closed(self, sighting_id: UUID) -> Event:
        return self.says(
            SightingClosed(
                camera=self.camera,
                sighting_id=sighting_id,
                last_seen_utc_us=self.clock.now().utc_us - 100_000,
                duration_ms=5000,
            )
        )

    def clip(self, *sighting_ids: UUID, content: bytes = b"video", before_s: float = 6) -> Event:
        return self.says(
            ClipReady(
                camera=self.camera,
                clip_id=uuid4(),
                sighting_ids=sighting_ids,
                sha256=sha(content),
                size_bytes=len(content),
                codec="h264",
                width=768,
                height=576,
                first_frame_utc_us=self.clock.now().plus_s(-before_s).utc_us,
                duration_ms=9000,
            )
        )

    def _stamp(self) -> Stamp:
        return Stamp(utc_us=self.clock.now().utc_us, source=self.source, error_ms=self.error_ms)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def picture(content: bytes = b"picture") -> Picture:
    return Picture(sha256=sha(content), size_bytes=len(content), width=640, height=480)


class Streets:
    """Tân Khai with two junctions; node nga-tu at the first, cau-moi at the second."""

    def __init__(self, db: Database, folder: Any) -> None:
        self.db = db
        self.clock = HandClock()
        self.change_signal = ChangeSignal()
        self.blobs = BlobFolder(folder)
        self.policy = Policy()
        self.filing = Filing(self.policy)
        self.parts = PartialFiles(folder / "parts")
        self.uploads = self.again()
        hub = resources_in(folder.with_name(f"{folder.name}-hub"))  # its keys are no footage
        hub.db, hub.clock, hub.change_signal = db, self.clock, self.change_signal
        hub.blobs, hub.uploads, hub.passwords = self.blobs, self.uploads, CHEAP
        self.services = make_services(hub)
        self.playback = self.services.use(PlaybackService)
        self.node = Mouth("nga-tu", self.clock)
        self.other = Mouth("cau-moi", self.clock)
        now = self.clock.now()
        with db.writing() as conn:
            self.commune = registry.add_area(conn, name="Tân Khai", level="commune", now=now)
            self.junction = self._area(conn, "Ngã tư chợ")
            self.bridge = self._area(conn, "Cầu Mới")
            for mouth, area in ((self.node, self.junction), (self.other, self.bridge)):
                registry.add_node(conn, name=mouth.name, area_id=area, now=now)
                presence.note_birth(conn, mouth.birth(), now=now)

    def _area(self, conn: Connection, name: str) -> UUID:
        return registry.add_area(
            conn, name=name, level="junction", parent_id=self.commune, now=self.clock.now()
        )

    def officer(
        self, login: str, *, area: UUID | None = None, rights: Right = EVERYTHING, **grant: Any
    ) -> Asker:
        """A person with one phone and one grant (default: on the whole commune)."""
        now = self.clock.now()
        with self.db.writing() as conn:
            person_id = people_rows.add_person(
                conn,
                login=login,
                name=f"Anh {login}",
                language="vi",
                role="officer",
                password=f"password of {login}",
                passwords=CHEAP,
                now=now,
            )
            terms = Grant(area or self.commune, None, rights, now.utc_us)
            grants_rows.add_grant(
                conn, person_id=person_id, grant=replace(terms, **grant), reason="duty", now=now
            )
            conn.execute(
                phones.insert().values(
                    id=new_id(now),
                    person_id=person_id,
                    channel="webpush",
                    address=f"https://push.example/{login}",
                    secrets="{}",
                    label="phone",
                    **columns("created", now),
                )
            )
        return Asker(person_id, login, f"Anh {login}", "officer", "vi", "10.0.0.9")

    def again(self) -> Uploads:
        """The uploads of a hub that was just started."""
        return Uploads(
            self.db,
            blobs=self.blobs,
            parts=self.parts,
            clock=self.clock,
            change_signal=self.change_signal,
            policy=self.policy,
        )

    def file(self, *events: Event) -> list[Filed]:
        """File events in one transaction, now."""
        with self.db.writing() as conn:
            now = self.clock.now()
            return [self.filing.file_event(conn, event, now=now) for event in events]

    def bring(self, content: bytes, *, node: str = "nga-tu") -> bool:
        """Upload a file; False when the hub had it already."""
        upload = self.uploads.begin(node, sha(content), len(content))
        if upload is None:
            return False
        upload.write(content)
        upload.finish()
        return True

    def rows(self, table: Table) -> list[Row[*tuple[Any, ...]]]:
        """Every row of a table, in the order of its key."""
        with self.db.reading() as conn:
            return list(conn.execute(select(table).order_by(table.primary_key.columns[0])).all())

    def acts(self) -> list[str]:
        """The acts of the audit, in order."""
        return [row.act for row in self.rows(audit)]
