"""Service for public notices: leaders write them for areas they look after; anybody can read them.

None and False mean either "does not exist" or "not theirs"; the caller cannot tell which.
"""

from collections.abc import Callable
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from hub.alerts.moment import Moment
from hub.alerts.notices import LONGEST_DAYS, NoticeAct, NoticeError, NoticeState, checked, may
from hub.alerts.roles import Role
from hub.store import notice_rows
from hub.store.areas import places
from hub.store.asker import Asker
from hub.store.bounds import text
from hub.store.door_base import DoorBase
from hub.store.notice_tables import notice_files, notice_ways, notices
from hub.store.notice_views import Notice, NoticeFile, NoticePage, WriterPage
from hub.store.rows import change
from hub.store.scope import tended_areas
from hub.store.tables import columns, new_id

_Write = Callable[[Connection, Moment], None]
_Is = ColumnElement[bool]

WRITERS: Final = frozenset({Role.LEADER, Role.KEEPER})
PUBLIC_AT_MOST: Final = 50
WAY_CHARS: Final = 200


class NoticeDoor(DoorBase):
    """Public notices of the town."""

    def writes_notices(self, asker: Asker) -> bool:
        """Whether this person may write notices; for links, logs nothing."""
        with self._db.reading() as conn:
            return bool(self._areas(conn, asker))

    def _areas(self, conn: Connection, asker: Asker) -> set[UUID]:
        if asker.role not in WRITERS:
            return set()
        return set(conn.scalars(tended_areas(asker.person_id, self._clock.now())))

    def notices(self, asker: Asker) -> WriterPage | None:
        """All notices of the areas this person looks after; None if they look after none."""
        with self._db.reading() as conn:
            mine = self._areas(conn, asker)
            where = places(conn, mine)
            page = WriterPage(
                areas=sorted(where.items(), key=lambda pair: pair[1]),
                notices=notice_rows.found(conn, notices.c.area_id.in_(mine)),
                ways=notice_rows.ways(conn, notice_ways.c.area_id.in_(mine)),
            )
        self._note(asker, "notices.open" if mine else "notices.open.refused")
        return page if mine else None

    def notice(self, asker: Asker, notice_id: UUID) -> NoticePage | None:
        """One notice with its delivery results."""
        with self._db.reading() as conn:
            one = self._one(conn, asker, notice_id)
            ways = [] if one is None else notice_rows.ways_of_area(conn, one.area_id)
            done = notice_rows.sendings(conn, notice_id)
        self._note(asker, "notice.open" if one else "notice.open.refused", "notice", notice_id)
        return None if one is None else NoticePage(one, ways, done)

    def _one(self, conn: Connection, asker: Asker, notice_id: UUID) -> Notice | None:
        mine = self._areas(conn, asker)
        this = notices.c.id == notice_id
        found = notice_rows.found(conn, this, notices.c.area_id.in_(mine)) if mine else []
        return found[0] if found else None

    def write_notice(
        self, asker: Asker, area_id: UUID, *, title: str, words: str, days: int
    ) -> UUID | None:
        """Create a draft. None if the area is not theirs to look after; NoticeError without
        text."""
        title, words = checked(title, words)
        now = self._clock.now()
        with self._db.writing() as conn:
            if area_id not in self._areas(conn, asker):
                self._note_in(conn, asker, "notice.write.refused", "area", area_id)
                return None
            notice_id = new_id(now)
            until = now.plus_s(min(max(days, 1), LONGEST_DAYS) * 86_400.0)
            conn.execute(
                insert(notices).values(
                    id=notice_id,
                    area_id=area_id,
                    title=text(title, len(title)),
                    text=text(words, len(words)),
                    state=NoticeState.DRAFT,
                    made_by=asker.person_id,
                    **columns("made", now),
                    **columns("until", until),
                )
            )
            self._note_in(conn, asker, "notice.write", "notice", notice_id, detail=title)
        return notice_id

    def put_notice_file(
        self, asker: Asker, notice_id: UUID, kind: Literal["picture", "sound"], file: NoticeFile
    ) -> bool:
        """Set the draft's picture or voice note; replaces the old one."""

        def write(conn: Connection, now: Moment) -> None:
            mine = (notice_files.c.notice_id == notice_id) & (notice_files.c.kind == kind)
            conn.execute(delete(notice_files).where(mine))
            conn.execute(
                insert(notice_files).values(
                    id=new_id(now),
                    notice_id=notice_id,
                    kind=kind,
                    media_type=file.media_type,
                    content=file.content,
                )
            )

        return self._act(asker, notice_id, "change", write)

    def send_notice(self, asker: Asker, notice_id: UUID) -> bool:
        """Send it to all channels of its area and the areas below, and put it on the public
        page."""

        def write(conn: Connection, now: Moment) -> None:
            (one,) = notice_rows.found(conn, notices.c.id == notice_id)
            sent = {"state": NoticeState.SENT, **columns("sent", now)}
            change(conn, notices, notice_id, sent)
            ways = [way.way_id for way in notice_rows.ways_of_area(conn, one.area_id)]
            notice_rows.owe(conn, notice_id, ways, word="sent", now=now)

        return self._act(asker, notice_id, "send", write)

    def withdraw_notice(self, asker: Asker, notice_id: UUID) -> bool:
        """Drop unsent messages. The public page and every channel that may have got the notice
        announce the withdrawal."""

        def write(conn: Connection, now: Moment) -> None:
            gone = {
                "state": NoticeState.WITHDRAWN,
                "withdrawn_by": asker.person_id,
                **columns("withdrawn", now),
            }
            change(conn, notices, notice_id, gone)
            reached = notice_rows.drop_queued(conn, notice_id, now=now)
            notice_rows.owe(conn, notice_id, reached, word="withdrawn", now=now)

        return self._act(asker, notice_id, "withdraw", write)

    def _act(self, asker: Asker, notice_id: UUID, act: NoticeAct, write: _Write) -> bool:
        now = self._clock.now()
        with self._db.writing() as conn:
            one = self._one(conn, asker, notice_id)
            is_done = one is not None and may(one.state, act)
            name = f"notice.{act}" if is_done else f"notice.{act}.refused"
            self._note_in(conn, asker, name, "notice", notice_id)
            if is_done:
                write(conn, now)
        if is_done:
            self._bell.ring()
        return is_done

    def add_way(self, asker: Asker, area_id: UUID, *, channel: str, who: str, label: str) -> bool:
        """Add a channel for the area's people."""
        who, label = " ".join(who.split())[:WAY_CHARS], " ".join(label.split())[:WAY_CHARS]
        if not who:
            raise NoticeError("way")
        now = self._clock.now()
        with self._db.writing() as conn:
            is_theirs = area_id in self._areas(conn, asker)
            if is_theirs:
                conn.execute(
                    insert(notice_ways).values(
                        id=new_id(now),
                        area_id=area_id,
                        channel=channel,
                        address=text(f"{channel}:{who}", 2 * WAY_CHARS),
                        label=text(label or f"{channel} {who}", WAY_CHARS),
                        **columns("made", now),
                    )
                )
            act = "notice_way.add" if is_theirs else "notice_way.add.refused"
            self._note_in(conn, asker, act, "area", area_id, detail=channel)
        return is_theirs

    def end_way(self, asker: Asker, way_id: UUID) -> bool:
        """Remove a channel of the area."""
        now = self._clock.now()
        with self._db.writing() as conn:
            mine = notice_ways.c.area_id.in_(self._areas(conn, asker))
            this = (notice_ways.c.id == way_id) & mine & notice_ways.c.ended_utc_us.is_(None)
            is_theirs = conn.scalar(select(notice_ways.c.id).where(this)) is not None
            if is_theirs:
                conn.execute(update(notice_ways).where(this).values(columns("ended", now)))
            act = "notice_way.end" if is_theirs else "notice_way.end.refused"
            self._note_in(conn, asker, act, "notice_way", way_id)
        return is_theirs

    def writers_file(
        self, asker: Asker, notice_id: UUID, kind: Literal["picture", "sound"]
    ) -> NoticeFile | None:
        """A picture or voice note for the writer's preview."""
        with self._db.reading() as conn:
            is_theirs = self._one(conn, asker, notice_id) is not None
            found = _file(conn, notice_id, kind) if is_theirs else None
        act = "notice.file" if found else "notice.file.refused"
        self._note(asker, act, "notice", notice_id, detail=kind)
        return found

    def public_notices(self) -> list[Notice]:
        """Current public notices, newest first; reading is not logged."""
        with self._db.reading() as conn:
            return notice_rows.found(conn, *self._public(), limit=PUBLIC_AT_MOST)

    def public_notice(self, notice_id: UUID) -> Notice | None:
        """A notice that was sent; if withdrawn, without its text."""
        was_sent = notices.c.state != NoticeState.DRAFT
        with self._db.reading() as conn:
            found = notice_rows.found(conn, notices.c.id == notice_id, was_sent)
        return found[0] if found else None

    def public_file(self, notice_id: UUID, kind: Literal["picture", "sound"]) -> NoticeFile | None:
        """A picture or voice note of a current public notice."""
        with self._db.reading() as conn:
            if not notice_rows.found(conn, notices.c.id == notice_id, *self._public()):
                return None
            return _file(conn, notice_id, kind)

    def _public(self) -> tuple[_Is, _Is]:
        now_utc_us = self._clock.now().utc_us
        until = or_(notices.c.until_utc_us.is_(None), notices.c.until_utc_us > now_utc_us)
        return notices.c.state == NoticeState.SENT, until


def _file(conn: Connection, notice_id: UUID, kind: str) -> NoticeFile | None:
    this = (notice_files.c.notice_id == notice_id) & (notice_files.c.kind == kind)
    row = conn.execute(select(notice_files).where(this)).first()
    return None if row is None else NoticeFile(row.media_type, bytes(row.content))
