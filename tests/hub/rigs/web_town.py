"""A small town on a real database, with its web site: one camera, and officers with different
grants."""

import os
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import select, update

from agent.wire.answers import SendExplanation, ShowLive
from agent.wire.messages import ClipReady, Event, SightingClosed, SightingOpened, SightingUpdated
from agent.wire.terms import BoxWords, ClockSource, ObjectKind, Picture, Stamp
from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import ALL, Grant, Right
from hub.access.signin.accounts import Accounts
from hub.access.signin.provider_port import OpenIdProvider
from hub.access.tables import people
from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.alerts.tables import alerts
from hub.app.features import FEATURES
from hub.app.web.create_app import WebSettings, create_app
from hub.app.web.services import make_services
from hub.base.audit.tables import audit
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.base.storage.blobs import BlobFolder, Blobs
from hub.base.storage.partial_files import PartialFiles
from hub.cases.evidence.arrival import seal_arrival
from hub.cases.evidence.arrival_seal import ArrivalSeal, SealContent
from hub.cases.evidence.keys import new_key
from hub.footage.live.leases import LiveLeases
from hub.footage.live.views import LiveViews
from hub.footage.tables import media
from hub.footage.transcoding.proxies import Proxies
from hub.intake.filing.filing import Filing
from hub.nodes import presence
from hub.nodes.enrolment.port import Enrolling
from hub.nodes.explanations.asked import AskedExplanations
from hub.nodes.releases.bundles import update_key
from hub.places.map.ground import MapFiles
from hub.public.data_requests.rules import RequestKind, StepLength, Week
from hub.public.data_requests.rules import StepLengths as AnswerTerms
from hub.public.data_requests.views import AnswerSettings
from hub.public.households.arrivals import ArrivalQueue
from hub.public.households.port import HouseholdServices, HouseholdTerms
from hub.public.households.upload_service import HouseholdUploadService
from hub.public.tips.sealing import SealBox
from hub.registry import registry
from hub.registry.tables import areas
from hub.web.rendering import Measures, Pack
from hub.web.services import Under
from tests.hub.rigs.desk import resources_in
from tests.hub.rigs.wire_words import NodeVoice

PASSWORD = "đèn đường 756"
TOKEN = "leave-to-bring-files"
NODE = "tram-01"
TOKENS = {TOKEN: NODE, "of-another": "tram-02"}
"""The nodes that may bring files, by their tokens."""
OFFICE = AnswerSettings(
    AnswerTerms(
        StepLength(2, "working days"),
        {wish: StepLength(10, "days") for wish in RequestKind},
        {wish: StepLength(10, "days") for wish in RequestKind},
    ),
    Week(ZoneInfo("Asia/Ho_Chi_Minh")),
    refusals={"vi": {"held": "đang được giữ"}, "en": {"held": "it is held"}},
    sources={"vi": "Luật 91/2025/QH15.", "en": "Law 91/2025/QH15."},
)
"""How this town answers persons concerned."""
POLICY = Policy(group_quiet_s=0, group_max_s=0, cooldown_s=0)
"""Every sighting is an alert of its own, and rings."""


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def quick_passwords() -> Passwords:
    """Real hashes, without the price that guards real people."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass(frozen=True)
class FirstTown:
    """The first town of this process, as it was when it was new."""

    content: bytes
    area_id: UUID
    grants: dict[str, UUID | None]


_first: FirstTown | None = None


@dataclass
class Town:
    """What the tests of the site hold in their hands."""

    db: Database
    folder: Path
    change_signal: ChangeSignal = field(default_factory=ChangeSignal)
    clock: HubClock = field(default_factory=HubClock)
    passwords: Passwords = field(default_factory=quick_passwords)
    voice: NodeVoice = field(default_factory=lambda: NodeVoice(NODE))
    filing: Filing = field(default_factory=lambda: Filing(POLICY))

    spare_bytes: int = 0
    told_nodes: list[tuple[str, ShowLive]] = field(default_factory=list)
    asked_nodes: list[tuple[str, UUID, SendExplanation]] = field(default_factory=list)
    """What nodes were told of who watches."""
    told_households: list[tuple[str, str, str]] = field(default_factory=list)
    """Channel, address, words."""
    tell_processes: Callable[[bytes], None] | None = None
    """Of services that `keep_in` makes from now on."""
    area_id: UUID = field(init=False)
    grants: dict[str, UUID | None] = field(init=False)

    def __post_init__(self) -> None:
        now = datetime.fromtimestamp(self.clock.now().utc_us / 1e6, UTC)
        files: dict[str, Any] = {"private": _write, "public": _write}
        self.evidence_key = new_key(self.folder / "evidence-keys", now, **files)
        self.keep_in(BlobFolder(self.folder / "media", spare_bytes=self.spare_bytes))
        is_sqlite = self.db.url.get_backend_name() == "sqlite"
        if is_sqlite and type(self.clock) is HubClock:
            self._fill_from_copy()
        else:
            with self.db.writing() as conn:
                self._fill(conn)
        with self.db.writing() as conn:
            presence.note_birth(conn, self.voice.birth(), now=self.clock.now())

    def _fill_from_copy(self) -> None:
        """As `_fill`, from the file of the first such town: a fifth of a test's time."""
        global _first  # noqa: PLW0603 - one for all tests of the process
        file = Path(self.db.url.database)
        if _first is None:
            with self.db.writing() as conn:
                self._fill(conn)
            self.db.close()  # all is in the one file then
            _first = FirstTown(file.read_bytes(), self.area_id, self.grants)
            return
        self.area_id, self.grants = _first.area_id, {**_first.grants}
        self.db.close()
        assert not file.with_name(f"{file.name}-wal").exists(), "somebody else has it open"
        file.write_bytes(_first.content)

    def keep_in(self, blobs: Blobs) -> None:
        """Pictures and clips are kept here from now on; make the app anew."""
        self.blobs = blobs
        hub = self.resources = resources_in(self.folder)
        hub.db, hub.clock, hub.change_signal = self.db, self.clock, self.change_signal
        hub.blobs, hub.passwords, hub.policy = blobs, self.passwords, POLICY
        hub.proxies = self.proxies = Proxies(self.folder / "copies")
        hub.parts, hub.bundle_parts = self._parts("parts"), self._parts("bundles")
        hub.update_key = lambda: update_key(self.folder / "keys" / "update.pub")
        hub.map_files = MapFiles(self.folder / "map")
        hub.tip_box = hub.request_box = hub.household_box = SealBox(bytes(32))
        hub.office = OFFICE
        hub.verify_token = TOKENS.get
        hub.live_views = LiveViews(self._tell_node)
        hub.explanations = AskedExplanations(self._ask_node, tell_others=self.tell_processes)
        hub.households = self.households = self._household_services()
        self.copies, self.uploads = hub.copies, hub.uploads
        self.make_services()

    def make_services(self) -> None:
        """Anew, from the resources as they are now."""
        self.services = make_services(self.resources)

    @property
    def accounts(self) -> Accounts:
        """Sign-in."""
        return self.services.use(Accounts)

    @property
    def live_leases(self) -> LiveLeases:
        """Ends live views."""
        return self.services.use(LiveLeases)

    def _parts(self, name: str) -> PartialFiles:
        return PartialFiles(self.folder / "media" / name, spare_bytes=self.spare_bytes)

    def _household_services(self) -> HouseholdServices:
        given = self._parts("given")
        rooms: dict[str, Any] = {"clock": self.clock}
        uploads = HouseholdUploadService(self.db, parts=given, most_bytes=20_000_000, **rooms)
        return HouseholdServices(
            uploads=uploads,
            arrivals=ArrivalQueue(
                self.db, blobs=self.blobs, parts=given, uploads=uploads, seal=self.seal, **rooms
            ),
            terms=HouseholdTerms(
                "1, 25/11/2026", {"vi": "Tôi đồng ý.", "en": "I agree."}, link_hours=72
            ),
            tell=self._tell_household,
        )

    async def _tell_household(
        self, channel: str, address: str, title: str, body: str, path: str
    ) -> str:
        self.told_households.append((channel, address, f"{title}\n{body}\n{path}"))
        return "" if channel == "sms" else "no such channel"

    def seal(self, one: SealContent) -> ArrivalSeal:
        """By an evidence key of this town's own."""
        return seal_arrival(self.evidence_key, one)

    def _tell_node(self, node: str, words: ShowLive) -> bool:
        self.told_nodes.append((node, words))
        return True

    def _ask_node(self, node: str, command_id: UUID, words: SendExplanation) -> bool:
        self.asked_nodes.append((node, command_id, words))
        return True

    def _fill(self, conn: Any) -> None:
        now = self.clock.now()
        town = registry.add_area(conn, name="Tân Khai", level="commune", parent_id=None, now=now)
        self.area_id = registry.add_area(
            conn, name="Ngã tư Chợ Cũ", level="junction", parent_id=town, now=now
        )
        registry.add_node(conn, name=NODE, area_id=self.area_id, now=now)
        everything = Right.SEE | Right.CLIPS | Right.ALERTED
        self.grants = {
            "an": self._person(conn, "an", "Nguyễn Văn An", everything),
            "binh": self._person(conn, "binh", "Trần Thị Bình", everything),
            "chi": self._person(conn, "chi", "Lê Thị Chi", Right.SEE | Right.ALERTED),
            "kim": self._person(conn, "kim", "Phạm Kim", Right.SEE | Right.MANAGE),
            "guest": self._person(conn, "guest", "John Guest", Right(0), language="en"),
        }

    def close(self, alert_id: UUID, ago_s: float) -> None:
        """An has closed the alert so long ago."""
        closed_utc_us = self.clock.now().plus_s(-ago_s).utc_us
        an = select(people.c.id).where(people.c.login == "an").scalar_subquery()
        values = {"state": "resolved", "closed_by": an, "closed_utc_us": closed_utc_us}
        with self.db.writing() as conn:
            conn.execute(update(alerts).where(alerts.c.id == alert_id).values(values))

    def held_since(self, alert_id: UUID, ago_s: float) -> None:
        """The alert was taken so long ago."""
        taken = self.clock.now().plus_s(-ago_s).utc_us
        with self.db.writing() as conn:
            conn.execute(update(alerts).where(alerts.c.id == alert_id).values(taken_utc_us=taken))

    def closed_since(self, alert_id: UUID, ago_s: float) -> None:
        """The alert was closed so long ago."""
        closed = self.clock.now().plus_s(-ago_s).utc_us
        with self.db.writing() as conn:
            conn.execute(update(alerts).where(alerts.c.id == alert_id).values(closed_utc_us=closed))

    def allow(self, login: str, rights: Right, *, area_id: UUID | None = None) -> UUID:
        """One more grant on an area (default: the junction); its id."""
        now = self.clock.now()
        with self.db.writing() as conn:
            person_id = conn.scalar(select(people.c.id).where(people.c.login == login))
            grant = Grant(area_id or self.area_id, None, rights, now.utc_us - 1)
            return rows.add_grant(conn, person_id=person_id, grant=grant, reason="duty", now=now)

    def _person(
        self, conn: Any, login: str, name: str, rights: Right, *, language: str = "vi"
    ) -> UUID | None:
        person_id = self._account(conn, login, name, "officer", language)
        if not rights:
            return None
        now = self.clock.now()
        grant = Grant(self.area_id, None, rights, starts_utc_us=now.utc_us - 1)
        return rows.add_grant(conn, person_id=person_id, grant=grant, reason="duty", now=now)

    def _account(self, conn: Any, login: str, name: str, role: str, language: str) -> UUID:
        return people_rows.add_person(
            conn,
            login=login,
            name=name,
            language=language,
            role=role,
            password=PASSWORD,
            passwords=self.passwords,
            now=self.clock.now(),
        )

    def add_person(
        self,
        login: str,
        name: str,
        role: str,
        rights: Right = Right(0),  # noqa: B008 - a value
        *,
        area_id: UUID | None = None,
        language: str = "vi",
    ) -> UUID:
        """Somebody with these rights on an area (default: the junction) from now on."""
        now = self.clock.now()
        with self.db.writing() as conn:
            person_id = self._account(conn, login, name, role, language)
            if rights:
                grant = Grant(area_id or self.area_id, None, rights, now.utc_us - 1)
                rows.add_grant(conn, person_id=person_id, grant=grant, reason="QĐ 12", now=now)
        return person_id

    @property
    def top(self) -> UUID:
        """The whole town."""
        with self.db.reading() as conn:
            return conn.scalars(select(areas.c.parent_id).where(areas.c.id == self.area_id)).one()

    def add_keeper_of_all(self, language: str = "vi") -> UUID:
        """Quân, who may do everything, knowing who sent a tip included."""
        return self.add_person(
            "quan", "Hồ Quân", "keeper", ALL, area_id=self.top, language=language
        )

    def acts(self) -> list[str]:
        """The log of acts, in order."""
        with self.db.reading() as conn:
            return list(conn.scalars(select(audit.c.act).order_by(audit.c.seq)))

    def app(
        self,
        *,
        public_url: str = "http://testserver",
        stopping: Callable[[], bool] = lambda: False,
        enrolling: Enrolling | None = None,
        pack: Pack | None = None,
        measured: Measures | None = None,
        provider: OpenIdProvider | None = None,
        **settings: Any,
    ) -> FastAPI:
        """The site of this town."""
        hub = copy(self.resources)
        hub.stopping, hub.pack, hub.measured = stopping, pack, measured
        port: Any = OpenIdProvider
        services = self.services.but_with(Under(Enrolling, enrolling), Under(port, provider))
        now: dict[str, Any] = {"now": lambda: self.clock.now().utc_us, "push_public_key": "BKey"}
        web = WebSettings(public_url=public_url, **now | settings)
        return create_app(FEATURES, hub, services, web)

    def file(self, body: Any, *, utc_us: int | None = None) -> UUID | None:
        """The node says something; the alert it raised or joined."""
        self.voice.seq += 1
        now = self.clock.now()
        event = Event(
            event_id=uuid4(),
            node=NODE,
            spool_id=self.voice.spool_id,
            seq=self.voice.seq,
            boot_id=self.voice.boot_id,
            stamp=Stamp(utc_us=utc_us or now.utc_us, source=ClockSource.NTP, error_ms=20),
            age_ms=100,
            body=body,
        )
        with self.db.writing() as conn:
            filed = self.filing.file_event(conn, event, now=now)
            self.change_signal.ring_after(conn)
        assert filed.is_stored, filed
        return filed.alert_id

    def somebody(self, picture: bytes | None = None, *, people: int = 1) -> "Seen":
        """A person is seen; the picture is announced and waits at the node."""
        sighting_id, now_us = uuid4(), self.clock.now().utc_us
        body = SightingOpened(
            camera=self.voice.camera,
            sighting_id=sighting_id,
            object_kind=ObjectKind.PERSON,
            people=people,
            score=0.9,
            box=BoxWords(x0=0.4, y0=0.3, x1=0.5, y1=0.7),
            first_seen_utc_us=now_us - 400_000,
            picture=_picture(picture),
        )
        alert_id = self.file(body)
        assert alert_id is not None
        return Seen(alert_id, sighting_id, now_us - 400_000)

    def better_picture(self, seen: "Seen", picture: bytes | None) -> None:
        """The same person again, elsewhere, with another picture that waits at the node. None: its
        disk refused the picture."""
        self.file(
            SightingUpdated(
                camera=self.voice.camera,
                sighting_id=seen.sighting_id,
                people=1,
                score=0.95,
                box=BoxWords(x0=0.6, y0=0.3, x1=0.7, y1=0.7),
                picture=_picture(picture),
            )
        )

    def gone(self, seen: "Seen") -> None:
        """They are gone."""
        self.file(
            SightingClosed(
                camera=self.voice.camera,
                sighting_id=seen.sighting_id,
                last_seen_utc_us=self.clock.now().utc_us,
                duration_ms=3000,
            )
        )

    def clip(
        self,
        seen: "Seen",
        data: bytes,
        *,
        duration_ms: int = 14_000,
        codec: str = "h264",
        clip_id: UUID | None = None,
    ) -> None:
        """A clip that begins six seconds before is announced."""
        self.file(
            ClipReady(
                camera=self.voice.camera,
                clip_id=clip_id or uuid4(),
                sighting_ids=(seen.sighting_id,),
                sha256=sha256(data).hexdigest(),
                size_bytes=len(data),
                codec=codec,
                width=768,
                height=576,
                first_frame_utc_us=seen.first_seen_utc_us - 6_000_000,
                duration_ms=duration_ms,
            )
        )

    def sound(
        self, seen: "Seen", data: bytes, *, duration_ms: int = 14_000, brings: bool = True
    ) -> None:
        """What was heard during its clip is announced, and brought."""
        body = ClipReady(
            camera=self.voice.camera,
            clip_id=uuid4(),
            sighting_ids=(seen.sighting_id,),
            sha256=sha256(data).hexdigest(),
            size_bytes=len(data),
            codec="aac",
            width=0,
            height=0,
            first_frame_utc_us=seen.first_seen_utc_us - 6_000_000,
            duration_ms=duration_ms,
            is_sound=True,
        )
        self.file(body)
        if brings:
            self.bring(data)

    def listens(self, reason: str) -> None:
        """The camera's sound is recorded from now on, for that reason of its owner."""
        birth = self.voice.birth()
        heard = tuple(
            one.model_copy(update={"sound": reason}) if one.camera == self.voice.camera else one
            for one in birth.cameras
        )
        with self.db.writing() as conn:
            presence.note_birth(
                conn, birth.model_copy(update={"cameras": heard}), now=self.clock.now()
            )

    def bring(self, data: bytes) -> UUID:
        """The node brings a file it has announced; its id."""
        digest = sha256(data).hexdigest()
        upload = self.uploads.begin(NODE, digest, len(data))
        assert upload is not None
        upload.write(data)
        upload.finish()
        with self.db.reading() as conn:
            return conn.scalars(select(media.c.id).where(media.c.sha256 == digest)).one()


@dataclass(frozen=True)
class Seen:
    """What one sighting led to."""

    alert_id: UUID
    sighting_id: UUID
    first_seen_utc_us: int


def _picture(data: bytes | None) -> Picture | None:
    if data is None:
        return None
    digest = sha256(data).hexdigest()
    return Picture(sha256=digest, size_bytes=len(data), width=768, height=576)


def some_bytes(size: int = 100_000) -> bytes:
    """Bytes that compare well: no two files of them are alike."""
    return os.urandom(size)
