"""Service for public notices: leaders write them for areas they look after; anybody can read them.

None and False mean that the notice does not exist or is not the asker's; the caller cannot tell
which.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from hub.access.rules.roles import Role
from hub.access.scope import tended_area_ids
from hub.base.audit.acting import Acting, Changing, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import plain
from hub.base.clock.clock import Clock
from hub.base.db import statements
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.text.order import by_name
from hub.public.notices import rows
from hub.public.notices.rules import LONGEST_DAYS, NoticeAct, NoticeError, NoticeState, checked, may
from hub.public.notices.tables import notice_files, notice_ways, notices
from hub.public.notices.views import Notice, NoticeFile, NoticePage, WriterPage
from hub.registry.areas import places

_Is = ColumnElement[bool]

WRITERS: Final = frozenset({Role.LEADER, Role.KEEPER})
PUBLIC_AT_MOST: Final = 50
WAY_CHARS: Final = 200


class NoticeService:
    """Public notices of the town."""

    def __init__(self, acting: Acting, *, db: Database, clock: Clock) -> None:
        """Anybody reads sent ones: that needs `db` and `clock` alone, and is not logged."""
        self._acting = acting
        self._db = db
        self._clock = clock

    def notices(self, asker: Asker) -> WriterPage | None:
        """All notices of the areas this person looks after; None if they look after none."""
        with self._acting.reading(asker, "notices.open") as look:
            mine = _areas(look)
            if not mine:
                look.refuse()
                return None
            page = WriterPage(
                areas=sorted(places(look.conn, mine).items(), key=lambda pair: by_name(pair[1])),
                notices=rows.found(look.conn, notices.c.area_id.in_(mine)),
                ways=rows.living_channels(look.conn, notice_ways.c.area_id.in_(mine)),
            )
            look.done()
        return page

    def notice(self, asker: Asker, notice_id: UUID) -> NoticePage | None:
        """One notice with its delivery results, for its writers."""
        with self._acting.reading(asker, "notice.open", On("notice", notice_id)) as look:
            one = _one(look, notice_id)
            look.answer(one)
            if one is None:
                return None
            ways = rows.channels_of_area(look.conn, one.area_id)
            return NoticePage(one, ways, rows.sendings(look.conn, notice_id))

    def write_notice(
        self, asker: Asker, area_id: UUID, *, title: str, words: str, days: int
    ) -> UUID | None:
        """Create a draft. None if the asker does not look after the area; NoticeError without
        text."""
        with self._acting.changing(asker, "notice.write", On("area", area_id)) as change:
            if area_id not in _areas(change):
                change.refuse()
                return None
            title, words = checked(title, words)
            notice_id, now = new_id(change.now), change.now
            until = now.plus_s(min(max(days, 1), LONGEST_DAYS) * 86_400.0)
            change.conn.execute(
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
            change.done(plain(title), On("notice", notice_id))
        return notice_id

    def put_notice_file(
        self, asker: Asker, notice_id: UUID, kind: Literal["picture", "sound"], file: NoticeFile
    ) -> bool:
        """Set the draft's picture or voice note; replaces the old one."""
        with self._step(asker, notice_id, "change") as change:
            if change.is_refused:
                return False
            mine = (notice_files.c.notice_id == notice_id) & (notice_files.c.kind == kind)
            change.conn.execute(delete(notice_files).where(mine))
            change.conn.execute(
                insert(notice_files).values(
                    id=new_id(change.now),
                    notice_id=notice_id,
                    kind=kind,
                    media_type=file.media_type,
                    content=file.content,
                )
            )
        return True

    def send_notice(self, asker: Asker, notice_id: UUID) -> bool:
        """Send it to all channels of its area and the areas below, and put it on the public
        page."""
        with self._step(asker, notice_id, "send") as change:
            if change.is_refused:
                return False
            conn, now = change.conn, change.now
            (one,) = rows.found(conn, notices.c.id == notice_id)
            statements.change(
                conn, notices, notice_id, {"state": NoticeState.SENT, **columns("sent", now)}
            )
            ways = [way.way_id for way in rows.channels_of_area(conn, one.area_id)]
            rows.enqueue(conn, notice_id, ways, word="sent", now=now)
        return True

    def withdraw_notice(self, asker: Asker, notice_id: UUID) -> bool:
        """Drop unsent messages. The public page and every channel that may have got the notice
        announce the withdrawal."""
        with self._step(asker, notice_id, "withdraw") as change:
            if change.is_refused:
                return False
            conn, now = change.conn, change.now
            gone = {
                "state": NoticeState.WITHDRAWN,
                "withdrawn_by": asker.person_id,
                **columns("withdrawn", now),
            }
            statements.change(conn, notices, notice_id, gone)
            reached = rows.drop_queued(conn, notice_id, now=now)
            rows.enqueue(conn, notice_id, reached, word="withdrawn", now=now)
        return True

    @contextmanager
    def _step(self, asker: Asker, notice_id: UUID, act: NoticeAct) -> Iterator[Changing]:
        """A change of one of their notices; refused if it is not theirs, or its state does not
        allow it."""
        this = On("notice", notice_id)
        with self._acting.changing(asker, f"notice.{act}", this, rings=True) as change:
            one = _one(change, notice_id)
            change.answer(one is not None and may(one.state, act))
            yield change

    def add_way(self, asker: Asker, area_id: UUID, *, channel: str, who: str, label: str) -> bool:
        """Add a channel for the area's people."""
        who, label = " ".join(who.split())[:WAY_CHARS], " ".join(label.split())[:WAY_CHARS]
        area = On("area", area_id)
        with self._acting.changing(asker, "notice_way.add", area, about=channel) as change:
            if area_id not in _areas(change):
                change.refuse(plain(channel))
                return False
            if not who:
                raise NoticeError("way")
            change.conn.execute(
                insert(notice_ways).values(
                    id=new_id(change.now),
                    area_id=area_id,
                    channel=channel,
                    address=text(f"{channel}:{who}", 2 * WAY_CHARS),
                    label=text(label or f"{channel} {who}", WAY_CHARS),
                    **columns("made", change.now),
                )
            )
            change.done(plain(channel))
        return True

    def end_way(self, asker: Asker, way_id: UUID) -> bool:
        """Remove a channel of the area."""
        with self._acting.changing(asker, "notice_way.end", On("notice_way", way_id)) as change:
            mine = notice_ways.c.area_id.in_(_areas(change))
            this = (notice_ways.c.id == way_id) & mine & notice_ways.c.ended_utc_us.is_(None)
            is_theirs = change.conn.scalar(select(notice_ways.c.id).where(this)) is not None
            if is_theirs:
                ended = columns("ended", change.now)
                change.conn.execute(update(notice_ways).where(this).values(ended))
            change.answer(is_theirs)
        return is_theirs

    def writers_file(
        self, asker: Asker, notice_id: UUID, kind: Literal["picture", "sound"]
    ) -> NoticeFile | None:
        """A picture or voice note for the writer's preview."""
        with self._acting.reading(asker, "notice.file", On("notice", notice_id)) as look:
            is_theirs = _one(look, notice_id) is not None
            found = _file(look.conn, notice_id, kind) if is_theirs else None
            look.answer(found, plain(kind))
        return found

    def public_notices(self) -> list[Notice]:
        """Current public notices, newest first; reading is not logged."""
        with self._db.reading() as conn:
            return rows.found(conn, *self._public(), limit=PUBLIC_AT_MOST)

    def public_notice(self, notice_id: UUID) -> Notice | None:
        """A notice that was sent; if withdrawn, without its text."""
        was_sent = notices.c.state != NoticeState.DRAFT
        with self._db.reading() as conn:
            found = rows.found(conn, notices.c.id == notice_id, was_sent)
        return found[0] if found else None

    def public_file(self, notice_id: UUID, kind: Literal["picture", "sound"]) -> NoticeFile | None:
        """A picture or voice note of a current public notice."""
        with self._db.reading() as conn:
            if not rows.found(conn, notices.c.id == notice_id, *self._public()):
                return None
            return _file(conn, notice_id, kind)

    def _public(self) -> tuple[_Is, _Is]:
        now_utc_us = self._clock.now().utc_us
        until = or_(notices.c.until_utc_us.is_(None), notices.c.until_utc_us > now_utc_us)
        return notices.c.state == NoticeState.SENT, until


def _areas(look: Reading) -> set[UUID]:
    """Areas for which this person writes notices."""
    if look.asker.role not in WRITERS:
        return set()
    return tended_area_ids(look.conn, look.asker.person_id, look.now)


def _one(look: Reading, notice_id: UUID) -> Notice | None:
    mine = _areas(look)
    this = notices.c.id == notice_id
    found = rows.found(look.conn, this, notices.c.area_id.in_(mine)) if mine else []
    return found[0] if found else None


def _file(conn: Connection, notice_id: UUID, kind: str) -> NoticeFile | None:
    this = (notice_files.c.notice_id == notice_id) & (notice_files.c.kind == kind)
    row = conn.execute(select(notice_files).where(this)).first()
    return None if row is None else NoticeFile(row.media_type, bytes(row.content))
