"""Contents of a random town beside alerts and footage: cases, notices, tips, live pictures.

Each is written as in the tables, with marks of its own; `HoldingsTwin` decides in plain objects who
may read it.
"""

import random
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, select

from hub.access.rules.grants import CameraPlace, Right, at_or_above
from hub.access.rules.roles import Role, fence_of
from hub.alerting.alerts.tables import alerts
from hub.base.audit.asker import Asker
from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.cases.tables import case_items, case_members, cases
from hub.footage.live.service import LiveCamera, Purpose
from hub.footage.live.views import LiveViews
from hub.public.notices.tables import notice_files, notices
from hub.public.tips.sealing import Reporter, SealBox
from hub.public.tips.tables import tip_pictures, tip_reporters, tips
from hub.registry.condition import CameraCondition, Condition
from hub.registry.tables import nodes
from tests.scope.world import DAY_S, Camera, File, Person, Shot, Twin, World, mark

WRITERS: Final = frozenset({Role.LEADER, Role.KEEPER})


@dataclass
class Item:
    """A file in a case, with the mark of its note."""

    item_id: UUID
    file: File
    note_mark: str
    is_stored: bool = True


@dataclass
class Case:
    """A case, with the mark of its purpose; members with whether they export, until when."""

    case_id: UUID
    purpose_mark: str
    owner_id: UUID
    ends_us: int | None
    is_closed: bool
    members: dict[UUID, tuple[bool, int | None]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Notice:
    """A notice, with the marks of its words and files."""

    notice_id: UUID
    area_id: UUID
    state: str
    until_us: int
    words_mark: str
    file_marks: dict[str, str]


@dataclass(frozen=True)
class Tip:
    """A tip and the alert it became, with the marks of words, pictures and sender."""

    tip_id: UUID
    shot: Shot
    case: Case | None
    words_mark: str
    pictures: dict[UUID, tuple[str, str]]
    """Each with the marks of what is shown and of what came."""
    reporter_mark: str


@dataclass
class Holdings:
    """All of it in one world."""

    world: World
    box: SealBox = field(default_factory=lambda: SealBox(bytes(32)))
    cases: list[Case] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    tips: list[Tip] = field(default_factory=list)
    now_marks: dict[UUID, str] = field(default_factory=dict)
    """Of what each camera shows now."""
    node_ids: dict[UUID, UUID] = field(default_factory=dict)
    """The area of each node, by its id."""

    @property
    def rng(self) -> random.Random:
        return self.world.rng

    def fill(self, watching: LiveViews) -> None:
        """Some of each."""
        with self.world.db.writing() as conn:
            for _ in range(self.rng.randint(3, 6)):
                self.cases.append(self._case(conn))
            for _ in range(self.rng.randint(4, 7)):
                self.notices.append(self._notice(conn))
            for _ in range(self.rng.randint(3, 6)):
                self.tips.append(self._tip(conn))
            rows = conn.execute(select(nodes.c.id, nodes.c.area_id))
            self.node_ids = {row.id: row.area_id for row in rows}
        self.world.shots += [one.shot for one in self.tips]
        for camera in self.world.cameras:
            self._look_at(camera, watching)

    def _now(self) -> Moment:
        return self.world.clock.now()

    def _case(self, conn: Connection) -> Case:
        now, crowd = self._now(), self.world.people
        owner, *others = self.rng.sample(crowd, k=self.rng.randint(2, 5))
        ends = self.rng.choice([None, None, now.plus_s(DAY_S), now.plus_s(-60)])
        closed = self.rng.choice([None, None, None, now])
        case = Case(
            uuid4(),
            mark(self.rng),
            owner.person_id,
            ends.utc_us if ends else None,
            closed is not None,
        )
        conn.execute(
            insert(cases).values(
                id=case.case_id,
                number=str(case.case_id),
                purpose=case.purpose_mark,
                owner_id=owner.person_id,
                opened_by=owner.person_id,
                **columns("opened", now.plus_s(-DAY_S)),
                **columns("ends", ends),
                **columns("closed", closed),
            )
        )
        for one in others:
            self._member(conn, case, one)
        for file in self.rng.sample(self.world.files, k=min(4, len(self.world.files))):
            self._item(conn, case, file)
        return case

    def _member(self, conn: Connection, case: Case, who: Person) -> None:
        now = self._now()
        until = self.rng.choice([None, now.plus_s(DAY_S), now.plus_s(-60)])
        ended = self.rng.choice([None, None, None, now.plus_s(-30)])
        may_export = self.rng.random() < 0.5
        conn.execute(
            insert(case_members).values(
                id=uuid4(),
                case_id=case.case_id,
                person_id=who.person_id,
                may_export=may_export,
                added_by=case.owner_id,
                **columns("added", now.plus_s(-DAY_S)),
                **columns("until", until),
                **columns("ended", ended),
            )
        )
        if ended is None:
            case.members[who.person_id] = (may_export, until.utc_us if until else None)

    def _item(self, conn: Connection, case: Case, file: File) -> None:
        removed = self.rng.choice([None, None, None, self._now()])
        item = Item(uuid4(), file, mark(self.rng))
        conn.execute(
            insert(case_items).values(
                id=item.item_id,
                case_id=case.case_id,
                media_id=file.media_id,
                note=item.note_mark,
                is_marked=self.rng.random() < 0.5,
                hold_id=uuid4(),
                added_by=case.owner_id,
                **columns("added", self._now()),
                **columns("removed", removed),
            )
        )
        if removed is None:
            case.items.append(item)

    def _notice(self, conn: Connection) -> Notice:
        now, area_id = self._now(), self.rng.choice(list(self.world.parents))
        state = self.rng.choice(["draft", "draft", "sent", "withdrawn"])
        until = now.plus_s(self.rng.choice([DAY_S, -60.0]))
        notice = Notice(
            uuid4(),
            area_id,
            state,
            until.utc_us,
            mark(self.rng),
            {"picture": mark(self.rng), "sound": mark(self.rng)},
        )
        conn.execute(
            insert(notices).values(
                id=notice.notice_id,
                area_id=area_id,
                title=notice.words_mark,
                text=f"It is said: {notice.words_mark}",
                state=state,
                made_by=self.rng.choice(self.world.people).person_id,
                **columns("made", now),
                **columns("sent", None if state == "draft" else now),
                **columns("withdrawn", now if state == "withdrawn" else None),
                **columns("until", until),
            )
        )
        for kind, one in notice.file_marks.items():
            conn.execute(
                insert(notice_files).values(
                    id=uuid4(),
                    notice_id=notice.notice_id,
                    kind=kind,
                    media_type="image/jpeg" if kind == "picture" else "audio/ogg",
                    content=f"bytes of {one}".encode(),
                )
            )
        return notice

    def _tip(self, conn: Connection) -> Tip:
        camera, now = self.rng.choice(self.world.cameras), self._now()
        began = now.plus_s(-self.rng.choice([0, 2, 8]) * DAY_S)
        shot = Shot(uuid4(), camera.place, began.utc_us, is_trouble=False, raised_us=now.utc_us)
        self._raise(conn, shot, began)
        case = self.rng.choice([None, *self.cases])
        tip = Tip(uuid4(), shot, case, mark(self.rng), {}, mark(self.rng))
        conn.execute(
            insert(tips).values(
                id=tip.tip_id,
                alert_id=shot.alert_id,
                case_id=case and case.case_id,
                what=tip.words_mark,
                place=tip.words_mark,
                area_id=None,
                code_hash=str(tip.tip_id),
                language="vi",
                source="form",
                **columns("happened", began),
                **columns("received", now),
            )
        )
        sealed = self.box.seal_reporter(Reporter(tip.reporter_mark, ""), tip_id=tip.tip_id)
        conn.execute(insert(tip_reporters).values(tip_id=tip.tip_id, sealed=sealed))
        shown, came = mark(self.rng), mark(self.rng)
        tip.pictures[picture_id := uuid4()] = (shown, came)
        original = f"bytes of {came}".encode()
        conn.execute(
            insert(tip_pictures).values(
                id=picture_id,
                tip_id=tip.tip_id,
                number=1,
                shown=f"bytes of {shown}".encode(),
                width=640,
                height=480,
                original=self.box.seal(original, tip_id=tip.tip_id, purpose="picture 1"),
                original_sha256=sha256(original).hexdigest(),
                original_bytes=len(original),
            )
        )
        return tip

    def _raise(self, conn: Connection, shot: Shot, began: Moment) -> None:
        times = {"began": began, "confirmed": began, "last_seen": began, "raised": self._now()}
        conn.execute(
            insert(alerts).values(
                id=shot.alert_id,
                camera_id=shot.camera.camera_id,
                kind="tip",
                state="open",
                people=0,
                clock_source="ntp",
                revision=1,
                **{k: v for name, at in times.items() for k, v in columns(name, at).items()},
            )
        )

    def _look_at(self, camera: Camera, watching: LiveViews) -> None:
        """Somebody watches it all the time, so that there is a picture of now."""
        mouth = self.world.mouths[camera.place.camera_id]
        well = CameraCondition(Condition.WELL, 0, ())
        live = LiveCamera(camera.place.camera_id, camera.label, "", mouth.name, mouth.camera, well)
        watching.come(uuid4(), Asker(uuid4(), "", "", "", "vi", ""), live, Purpose.LIVE)
        shown = self.now_marks[camera.place.camera_id] = mark(self.rng)
        assert watching.put(mouth.name, mouth.camera, f"bytes of {shown}".encode(), age_s=0)


class HoldingsTwin:
    """Who may read which of it."""

    def __init__(self, holdings: Holdings, twin: Twin) -> None:
        self._holdings, self._twin = holdings, twin
        self._readers: dict[str, Any] = {}
        for case in holdings.cases:
            self._readers[case.purpose_mark] = lambda who, one=case: self.works_on(who, one)
            for item in case.items:
                self._readers[item.note_mark] = lambda who, one=case, it=item: (
                    self.works_on(who, one) and self._twin.opens(who, it.file)
                )
        for notice in holdings.notices:
            self._readers[notice.words_mark] = lambda who, one=notice: self.reads(who, one)
            for shown in notice.file_marks.values():
                self._readers[shown] = lambda who, one=notice: self.hears(who, one)
        for tip in holdings.tips:
            self._readers[tip.words_mark] = lambda who, one=tip: self.reads_tip(who, one)
            self._readers[tip.reporter_mark] = lambda who, one=tip: self.knows_sender(who, one)
            for shown, came in tip.pictures.values():
                self._readers[shown] = lambda who, one=tip: self.reads_tip(who, one)
                self._readers[came] = lambda who, one=tip: self.has_tip(who, one)
        for camera in holdings.world.cameras:
            shown = holdings.now_marks[camera.place.camera_id]
            self._readers[shown] = lambda who, one=camera.place: self.looks_at(who, one)

    def is_known(self, one: str) -> bool:
        """Whether this mark is of something here."""
        return one in self._readers

    def may_read(self, who: Person, one: str) -> bool:
        """Whether what carries the mark is theirs."""
        return bool(self._readers[one](who))

    def works_on(self, who: Person, case: Case) -> bool:
        """Its owner always, members for their time and the case's."""
        if who.is_disabled or who.person_id == case.owner_id:
            return not who.is_disabled
        _, until_us = case.members.get(who.person_id, (False, 0))
        now_us = self._now_us()
        return all(end is None or end > now_us for end in (until_us, case.ends_us))

    def exports(self, who: Person, case: Case) -> bool:
        """Whether they may let things of it leave, if the footage is theirs to export."""
        is_owner = who.person_id == case.owner_id
        return self.works_on(who, case) and (
            is_owner or case.members.get(who.person_id, (False, 0))[0]
        )

    def takes_out(self, who: Person, case: Case) -> bool:
        """Whether a package of all of it may leave by them."""
        return (
            bool(case.items)
            and self.exports(who, case)
            and all(self._leaves(who, item.file) for item in case.items)
        )

    def _leaves(self, who: Person, file: File) -> bool:
        right = Right.EXPORT | (Right.SEE if file.kind == "picture" else Right.CLIPS)
        return self._twin.opens(who, file) and self._twin.may(
            who, file.camera, right, file.recorded_us
        )

    def writes(self, who: Person, notice: Notice) -> bool:
        """Leaders and keepers who look after its area."""
        return who.role in WRITERS and self._twin.tends_area(who, notice.area_id)

    def reads(self, who: Person, notice: Notice) -> bool:
        """Everybody, once it was sent and while it is not withdrawn; its writers always."""
        return notice.state == "sent" or self.writes(who, notice)

    def hears(self, who: Person, notice: Notice) -> bool:
        """Its files: likewise, and everybody only until it is over."""
        is_public = notice.state == "sent" and notice.until_us > self._now_us()
        return is_public or self.writes(who, notice)

    def is_public(self, notice: Notice) -> bool:
        """Whether its files are anybody's now."""
        return notice.state == "sent" and notice.until_us > self._now_us()

    def has_tip(self, who: Person, tip: Tip) -> bool:
        """Whether they work on its case."""
        return tip.case is not None and self.works_on(who, tip.case)

    def reads_tip(self, who: Person, tip: Tip) -> bool:
        """Who sees its alert, and who works on its case."""
        return self._twin.sees_alert(who, tip.shot) or self.has_tip(who, tip)

    def knows_sender(self, who: Person, tip: Tip) -> bool:
        """Who sees its alert and may know who sent tips there."""
        return self._twin.sees_alert(who, tip.shot) and self._twin.may(
            who, tip.shot.camera, Right.REPORTERS
        )

    def looks_at(self, who: Person, camera: CameraPlace) -> bool:
        """Who may watch it live, or aims it."""
        return any(self._twin.may(who, camera, one) for one in (Right.LIVE, Right.MANAGE))

    def names_at(self, who: Person, path: str) -> set[UUID]:
        """Cameras and areas whose names this page may show them beside what they know anyway."""
        world = self._holdings.world
        shown = self._cameras_at(who, path)
        known = set(shown)
        for camera in world.cameras:
            if camera.place.camera_id in shown:
                known |= at_or_above(camera.place.area_id, world.parents)
        if path.partition("?")[0] in ("/", "/list"):
            known |= self._lately_theirs(who)
        if path.startswith("/public"):
            for notice in self._holdings.notices:
                if notice.state != "draft":
                    known |= at_or_above(notice.area_id, world.parents)
        return known

    def _lately_theirs(self, who: Person) -> set[UUID]:
        """Places of their own grants that ended within thirty days: the list says what ended."""
        world, now_us = self._holdings.world, self._now_us()
        homes = {one.place.camera_id: one.place.area_id for one in world.cameras}
        known: set[UUID] = set()
        for grant in who.grants:
            ends = grant.ends_utc_us
            if ends is None or not now_us - 30 * DAY_S * 1_000_000 < ends <= now_us:
                continue
            if not grant.rights & fence_of(who.role):
                continue
            if grant.camera_id is not None:
                known |= {grant.camera_id} | at_or_above(homes[grant.camera_id], world.parents)
            elif grant.area_id is not None:
                known |= at_or_above(grant.area_id, world.parents)
        return known

    def _cameras_at(self, who: Person, path: str) -> set[UUID]:
        world = self._holdings.world
        shown: set[UUID] = set()
        for case in self._holdings.cases:
            if str(case.case_id) in path and self.works_on(who, case):
                files = [one.file for one in case.items if self._twin.opens(who, one.file)]
                shown |= {one.camera.camera_id for one in files}
        for camera in world.cameras:
            if str(camera.place.camera_id) in path and self.looks_at(who, camera.place):
                shown.add(camera.place.camera_id)
        if any(str(one.shot.alert_id) in path for one in self._holdings.tips):
            clips = [
                one.place for one in world.cameras if self._twin.may(who, one.place, Right.CLIPS)
            ]
            shown |= {one.camera_id for one in clips}
        return shown

    def _now_us(self) -> int:
        return self._holdings.world.clock.now().utc_us
