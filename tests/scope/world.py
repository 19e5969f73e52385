"""A random town on a real store: areas, cameras with old footage and live pictures, and people.

Each secret carries a mark of its own (`zq` and twelve digits), in its label, its name or its bytes,
by which a campaign finds it in an answer. The content of the world is read back as facts; the twin
decides in plain objects who may see it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from agent.wire.messages import ClipBegun, ClipReady
from agent.wire.terms import Picture
from hub.access.rules.grants import ALL, CameraPlace, Grant, Right, at_or_above, may
from hub.access.rules.roles import Role, fence_of
from hub.access.signin.accounts import Accounts, SessionLimits
from hub.access.tables import grants, people
from hub.alerting.alerts.tables import alerts, trouble_cameras
from hub.app.web.services import make_services
from hub.base.change_signal import ChangeSignal
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.storage.blobs import BlobFolder
from hub.footage.live.views import LiveViews
from hub.footage.tables import media
from hub.footage.transcoding.proxies import Proxies
from hub.intake.filing.filing import Filing
from hub.nodes import presence
from hub.notify.tables import phones
from hub.public.tips.sealing import SealBox
from hub.registry import registry
from hub.registry.tables import cameras
from tests.hub.rigs.desk import resources_in
from tests.hub.rigs.streets import CHEAP, NIGHT, HandClock, Mouth, sha
from tests.hub.rigs.web_town import POLICY

DAY_S: Final = 86_400
PASSWORD: Final = "password of all"
LEVELS: Final = ("commune", "quarter", "street", "junction")
RIGHTS: Final = (
    Right.SEE,
    Right.SEE | Right.ALERTED,
    Right.ALERTED,
    Right.SEE | Right.CLIPS,
    Right.SEE | Right.CLIPS | Right.ALERTED,
    Right.CLIPS | Right.SEARCH,
    Right.SEE | Right.LIVE,
    Right.SEE | Right.CLIPS | Right.EXPORT,
    Right.SEE | Right.REPORTERS,
    Right.MANAGE,
    Right.SEE | Right.MANAGE,
    ALL,
)


def mark(rng: random.Random) -> str:
    """Mark by which a secret is recognised."""
    return f"zq{rng.getrandbits(48):012x}"


@dataclass(frozen=True)
class Camera:
    """A camera and the marks of what is its."""

    place: CameraPlace
    label: str


@dataclass(frozen=True)
class Shot:
    """An alert of a camera with its footage; times as the hub holds them."""

    alert_id: UUID
    camera: CameraPlace
    recorded_us: int
    is_trouble: bool
    trouble_cameras: tuple[CameraPlace, ...] = ()
    raised_us: int = 0
    is_quiet: bool = False
    """It rang nobody."""


@dataclass(frozen=True)
class File:
    """A stored picture or clip."""

    media_id: UUID
    kind: str
    camera: CameraPlace
    recorded_us: int
    content_mark: str
    alert_id: UUID


@dataclass(frozen=True)
class Growing:
    """A clip that is still recorded."""

    clip_id: UUID
    camera: CameraPlace
    recorded_us: int
    content_mark: str


@dataclass
class Person:
    """Somebody with their grants, as the twin judges them."""

    person_id: UUID
    login: str
    role: str
    is_disabled: bool
    grants: list[Grant] = field(default_factory=list)
    grant_ids: list[UUID] = field(default_factory=list)


@dataclass
class World:
    """All of it."""

    db: Database
    folder: Path
    rng: random.Random
    clock: HandClock = field(default_factory=HandClock)
    change_signal: ChangeSignal = field(default_factory=ChangeSignal)
    filing: Filing = field(default_factory=lambda: Filing(POLICY))
    rights: tuple[Right, ...] = RIGHTS
    """What a grant gives, one of these."""
    parents: dict[UUID, UUID | None] = field(default_factory=dict)
    area_marks: dict[UUID, str] = field(default_factory=dict)
    node_marks: dict[UUID, str] = field(default_factory=dict)
    node_areas: dict[str, UUID] = field(default_factory=dict)
    cameras: list[Camera] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    growing: list[Growing] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    mouths: dict[UUID, Mouth] = field(default_factory=dict)
    watching: LiveViews = field(default_factory=LiveViews)

    def __post_init__(self) -> None:
        self.blobs = BlobFolder(self.folder / "media")
        hub = self.resources = resources_in(self.folder)
        hub.db, hub.clock, hub.change_signal = self.db, self.clock, self.change_signal
        hub.blobs, hub.policy, hub.passwords = self.blobs, POLICY, CHEAP
        hub.proxies = Proxies(self.folder / "copies", shrink=_copied)
        hub.tip_box = SealBox(bytes(32))
        hub.limits = SessionLimits(proof_s=DAY_S)
        hub.live_views = self.watching
        self.services = make_services(hub)
        self.uploads, self.accounts = hub.uploads, self.services.use(Accounts)

    def fill(self, *, people_count: int) -> None:
        """Areas, cameras, ten days of footage, and people who look now."""
        self._plant_areas(self.rng.randint(4, 10))
        self._plant_cameras(self.rng.randint(5, 9))
        for day in (10, 4, 0):
            self.clock.moment = NIGHT.plus_s(-day * DAY_S)
            for camera in self.cameras:
                if self.rng.random() < 0.8:
                    self._see_somebody(camera, grows=day == 0 and self.rng.random() < 0.3)
        self._lose_cameras()
        self._read_back()
        with self.db.writing() as conn:
            for number in range(people_count):
                self.people.append(self._person(conn, number))

    def _plant_areas(self, count: int) -> None:
        now = self.clock.now()
        ids: list[UUID] = []
        with self.db.writing() as conn:
            for _ in range(count):
                parent = self.rng.choice([None, *ids]) if len(ids) > 1 else (ids or [None])[0]
                name = mark(self.rng)
                level = LEVELS[min(self._depth(parent), 3)]
                area_id = registry.add_area(conn, name=name, level=level, parent_id=parent, now=now)
                self.parents[area_id] = parent
                self.area_marks[area_id] = name
                ids.append(area_id)

    def _depth(self, area_id: UUID | None) -> int:
        return 0 if area_id is None else len(at_or_above(area_id, self.parents))

    def _plant_cameras(self, count: int) -> None:
        now = self.clock.now()
        with self.db.writing() as conn:
            for number in range(count):
                area_id = node_area_id = self.rng.choice(list(self.parents))
                mouth = Mouth(mark(self.rng), self.clock)
                node_id = registry.add_node(conn, name=mouth.name, area_id=area_id, now=now)
                presence.note_birth(conn, mouth.birth(), now=now)
                camera_id = conn.scalar(select(cameras.c.id).where(cameras.c.node_id == node_id))
                label = mark(self.rng)
                if number % 3 == 0:  # it looks at another place than its node's
                    area_id = self.rng.choice(list(self.parents))
                this = update(cameras).where(cameras.c.id == camera_id)
                conn.execute(this.values(label=label, kept_label=label, area_id=area_id))
                self.cameras.append(Camera(CameraPlace(camera_id, area_id), label))
                self.node_marks[camera_id] = mouth.name
                self.node_areas[mouth.name] = node_area_id
                self.mouths[camera_id] = mouth

    def _see_somebody(self, camera: Camera, *, grows: bool) -> None:
        mouth, sighting_id = self.mouths[camera.place.camera_id], uuid4()
        shown, played = mark(self.rng), mark(self.rng)
        picture, clip = (f"bytes of {one}".encode() for one in (shown, played))
        said = Picture(sha256=sha(picture), size_bytes=len(picture), width=640, height=480)
        self._file(mouth.opened(sighting_id, picture=said))
        begun_us = self.clock.now().plus_s(-6).utc_us
        about = {"camera": mouth.camera, "codec": "h264", "width": 768, "height": 576}
        if grows:
            clip_id, growing = uuid4(), mark(self.rng)
            self._file(
                mouth.says(
                    ClipBegun(
                        clip_id=clip_id,
                        sighting_ids=(sighting_id,),
                        first_frame_utc_us=begun_us,
                        **about,
                    )
                )
            )
            upload = self.uploads.growing.open(mouth.name, clip_id)
            upload.write(f"bytes of {growing}".encode())
            upload.finish()
            self.growing.append(Growing(clip_id, camera.place, begun_us, growing))
        ready = ClipReady(
            clip_id=uuid4(),
            sighting_ids=(sighting_id,),
            sha256=sha(clip),
            size_bytes=len(clip),
            first_frame_utc_us=begun_us,
            duration_ms=9000,
            **about,
        )
        self._file(mouth.says(ready), mouth.closed(sighting_id))
        for content in (picture, clip):
            upload = self.uploads.begin(mouth.name, sha(content), len(content))  # type: ignore[assignment]  # either takes bytes
            assert upload is not None
            upload.write(content)
            upload.finish()
        self._content_marks = {
            **getattr(self, "_content_marks", {}),
            sha(picture): shown,
            sha(clip): played,
        }

    def _file(self, *events: Any) -> list[Any]:
        with self.db.writing() as conn:
            now = self.clock.now()
            return [self.filing.file_event(conn, one, now=now) for one in events]

    def somebody_now(self, camera: Camera) -> UUID | None:
        """A person is seen; the alert that they raised."""
        (filed,) = self._file(self.mouths[camera.place.camera_id].opened())
        return filed.alert_id

    def _lose_cameras(self) -> None:
        """A trouble of one or two cameras, as the liveness monitor would write it."""
        now = self.clock.now()
        lost = self.rng.sample(self.cameras, k=self.rng.randint(1, 2))
        with self.db.writing() as conn:
            alert_id = new_id(now)
            first = lost[0].place.camera_id
            conn.execute(
                insert(alerts).values(
                    id=alert_id,
                    camera_id=first,
                    kind="link_lost",
                    state="open",
                    people=len(lost),
                    clock_source="ntp",
                    revision=1,
                    **{
                        k: v
                        for name in ("began", "confirmed", "last_seen", "raised")
                        for k, v in columns(name, now).items()
                    },
                )
            )
            conn.execute(
                insert(trouble_cameras),
                [
                    {"alert_id": alert_id, "camera_id": one.place.camera_id, "is_dark": True}
                    for one in lost
                ],
            )

    def _read_back(self) -> None:
        """What is there, as the tables have it: facts, no judgement."""
        places = {one.place.camera_id: one.place for one in self.cameras}
        with self.db.reading() as conn:
            members: dict[UUID, list[CameraPlace]] = {}
            for row in conn.execute(select(trouble_cameras)):
                members.setdefault(row.alert_id, []).append(places[row.camera_id])
            for row in conn.execute(select(alerts)):
                self.shots.append(
                    Shot(
                        row.id,
                        places[row.camera_id],
                        row.began_utc_us,
                        row.id in members,
                        tuple(members.get(row.id, ())),
                        row.raised_utc_us,
                        row.quiet_reason is not None,
                    )
                )
            for row in conn.execute(select(media).where(media.c.stored_utc_us.is_not(None))):
                near = min(
                    (
                        one
                        for one in self.shots
                        if one.camera.camera_id == row.camera_id and not one.is_trouble
                    ),
                    key=lambda one: abs(one.recorded_us - row.first_frame_utc_us),
                )
                self.files.append(
                    File(
                        row.id,
                        row.kind,
                        places[row.camera_id],
                        row.first_frame_utc_us,
                        self._content_marks[row.sha256],
                        near.alert_id,
                    )
                )

    def _person(self, conn: Any, number: int) -> Person:
        now = self.clock.now()
        role = self.rng.choices([*Role, "an older role"], weights=[2, 1, 2, 6, 2, 2, 1, 1], k=1)[0]
        person = Person(new_id(now), f"p{number}", str(role), is_disabled=self.rng.random() < 0.05)
        conn.execute(
            insert(people).values(
                id=person.person_id,
                login=person.login,
                name=f"Person {number}",
                role=person.role,
                language=self.rng.choice(["vi", "en"]),
                password_hash=self._hash(),
                **columns("created", now),
            )
        )
        for _ in range(self.rng.choice([0, 1, 1, 2, 3])):
            self._grant(conn, person, now)
        phone = {"channel": "webpush", "secrets": "{}", "label": "", "person_id": person.person_id}
        phone |= {"id": new_id(now), "address": f"https://push.example/{person.person_id}"}
        conn.execute(insert(phones).values(**phone, **columns("created", now)))
        return person

    def _granted_area(self) -> UUID:
        """Any; a top of the tree more often than not, or most people would see hardly anything."""
        tops = [one for one, parent in self.parents.items() if parent is None]
        return self.rng.choice(tops if self.rng.random() < 0.4 else list(self.parents))

    def _hash(self) -> str:
        if not hasattr(self, "_hashed"):
            self._hashed = CHEAP.hash(PASSWORD)
        return self._hashed

    def _grant(self, conn: Any, person: Person, now: Moment) -> None:
        """As it might lie in an old database, whatever the role: the fence must hold by itself."""
        is_area = self.rng.random() < 0.75
        starts = now.plus_s(self.rng.choice([-40, -40, -5, -1, 1]) * DAY_S).utc_us
        ends = self.rng.choice([None, None, now.plus_s(DAY_S).utc_us, now.plus_s(-60).utc_us])
        since = self.rng.choice([None, None, -5 * DAY_S, -DAY_S, DAY_S])
        grant = Grant(
            self._granted_area() if is_area else None,
            None if is_area else self.rng.choice(self.cameras).place.camera_id,
            self.rng.choice(self.rights),
            starts,
            ends,
            None if since is None else now.plus_s(since).utc_us,
        )
        grant_id = new_id(now)
        conn.execute(
            insert(grants).values(
                id=grant_id,
                person_id=person.person_id,
                area_id=grant.area_id,
                camera_id=grant.camera_id,
                rights=int(grant.rights),
                reason="duty",
                **columns("starts", Moment(starts)),
                **columns("ends", None if ends is None else Moment(ends)),
                **columns(
                    "history_from",
                    None
                    if grant.history_from_utc_us is None
                    else Moment(grant.history_from_utc_us),
                ),
            )
        )
        person.grants.append(grant)
        person.grant_ids.append(grant_id)


class Twin:
    """Who may see what, said by `hub.access.rules.grants` and `hub.access.rules.roles` alone."""

    def __init__(self, world: World) -> None:
        self._world = world

    def may(
        self, who: Person, camera: CameraPlace, right: Right, recorded_us: int | None = None
    ) -> bool:
        """Whether they have the right there now, for what was recorded then."""
        return not who.is_disabled and may(
            who.grants,
            self._world.parents,
            camera,
            right=right,
            now_utc_us=self._world.clock.now().utc_us,
            recorded_utc_us=recorded_us,
            fence=fence_of(who.role),
        )

    def sees_alert(self, who: Person, shot: Shot) -> bool:
        """Whether an alert is theirs to see."""
        if shot.is_trouble:
            there = shot.trouble_cameras
            return any(self.may(who, one, Right.MANAGE, shot.recorded_us) for one in there)
        return self.may(who, shot.camera, Right.SEE, shot.recorded_us)

    def is_told_of(self, who: Person, shot: Shot) -> bool:
        """Whether it rings for them and they may not see it: then they have it in words."""
        if shot.is_trouble or shot.is_quiet or self.sees_alert(who, shot):
            return False
        return self.may(who, shot.camera, Right.ALERTED, shot.raised_us)

    def knows_alert(self, who: Person, shot: Shot) -> bool:
        """Whether it is theirs to see, or to read of in words."""
        return self.sees_alert(who, shot) or self.is_told_of(who, shot)

    def plays_alert(self, who: Person, shot: Shot) -> bool:
        """Whether its clips are."""
        return not shot.is_trouble and self.may(who, shot.camera, Right.CLIPS, shot.recorded_us)

    def opens(self, who: Person, file: File) -> bool:
        """Whether a file is."""
        right = Right.SEE if file.kind == "picture" else Right.CLIPS
        return self.may(who, file.camera, right, file.recorded_us)

    def watches(self, who: Person, growing: Growing) -> bool:
        """Whether a clip under way is."""
        return self.may(who, growing.camera, Right.CLIPS, growing.recorded_us)

    def searches(self, who: Person, camera: CameraPlace) -> bool:
        """Whether its footage is theirs to search."""
        return self.may(who, camera, Right.SEARCH | Right.CLIPS)

    def knows_camera(self, who: Person, camera: Camera) -> bool:
        """Whether its name is theirs to read: by any right that shows it."""
        if any(self.may(who, camera.place, one) for one in (Right.SEE, Right.MANAGE)):
            return True
        if self.may(who, camera.place, Right.SEARCH):  # what it saw is theirs to search
            return True
        return any(
            self.knows_alert(who, shot)
            for shot in self._world.shots
            if camera.place in (shot.camera, *shot.trouble_cameras)
        )

    def known_areas(self, who: Person) -> set[UUID]:
        """Areas whose names they read: of cameras they know and of what they look after, and where
        the box of a camera stands that they look after, with all above those."""
        world = self._world
        known: set[UUID] = set()
        for camera in world.cameras:
            if self.knows_camera(who, camera):
                known |= at_or_above(camera.place.area_id, world.parents)
        for area_id in world.parents:
            if self.tends_area(who, area_id):
                known |= at_or_above(area_id, world.parents)
        for camera in world.cameras:
            if self.may(who, camera.place, Right.MANAGE):
                box = world.node_areas[world.node_marks[camera.place.camera_id]]
                known |= at_or_above(box, world.parents)
        for shot in world.shots:
            if self.knows_alert(who, shot):
                known |= at_or_above(shot.camera.area_id, world.parents)
        return known

    def tends_area(self, who: Person, area_id: UUID) -> bool:
        """Whether they look after an area: one with a camera that does not exist."""
        return self.may(who, CameraPlace(UUID(int=0), area_id), Right.MANAGE)

    def keeps_everything(self, who: Person) -> bool:
        """Whether they are a keeper of every top of the tree."""
        tops = [one for one, parent in self._world.parents.items() if parent is None]
        return who.role == Role.KEEPER and all(self.tends_area(who, one) for one in tops)

    def is_woken(self, who: Person, camera: CameraPlace) -> bool:
        """Whether their phone rings for it."""
        return self.may(who, camera, Right.ALERTED)


def _copied(original: Iterator[bytes], copy: Path) -> None:
    """A small copy that shows as much as its original."""
    copy.write_bytes(b"".join(original))
