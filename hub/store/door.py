"""The service for people: each read and each act passes one scope check and writes one audit
line."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from hub.alerts.alert import (
    State,
    allowed_acts,
)
from hub.alerts.grants import Right
from hub.alerts.moment import Moment
from hub.store import camera_sights, search_sights, sights
from hub.store.account_door import AccountDoor
from hub.store.area_door import AreaDoor
from hub.store.grant_door import GrantDoor
from hub.store.log_door import LogDoor
from hub.store.next_calls import Foresight
from hub.store.notice_door import NoticeDoor
from hub.store.phone_test_door import PhoneTestDoor
from hub.store.report_door import ReportDoor
from hub.store.response_service import colleagues, life_of
from hub.store.views import (
    AlertChange,
    AlertPage,
    AlertRow,
    AskedSpan,
    Asker,
    GrowingRow,
    Inbox,
    MediaRow,
)


class Door(
    NoticeDoor,
    ReportDoor,
    PhoneTestDoor,
    AreaDoor,
    LogDoor,
    AccountDoor,
    GrantDoor,
):
    """Thread-safe. None: the item is unknown, or the person has no right to it.

    A read and its audit line are two transactions, so that pages do not delay writers. The answer
    is returned only after the line is committed.
    """

    def inbox(self, asker: Asker, limit: int = 50) -> Inbox:
        """Alerts this person may see: all running ones, and the last `limit` handled."""
        now, who = self._clock.now(), asker.person_id
        with self._db.reading() as conn:
            running = Foresight(conn).with_calls(sights.running_alerts(conn, who, now))
            handled = sights.handled_alerts(conn, who, now, limit)
            cursor = sights.last_cursor(conn)
        self._note(asker, "inbox.open", detail=f"{len(running)} running, {len(handled)} handled")
        return Inbox(running, handled, cursor)

    def row(self, asker: Asker, alert_id: UUID) -> AlertRow | None:
        """One alert as shown in the inbox, for a live page after a change."""
        with self._db.reading() as conn:
            row = _one_with_call(conn, asker, alert_id, self._clock.now())
        self._note(asker, _answered("alert.glance", row), "alert", alert_id)
        return row

    def alert(self, asker: Asker, alert_id: UUID) -> AlertPage | None:
        """One alert with all details."""
        with self._db.reading() as conn:
            page = self._page(conn, asker, alert_id)
        self._note(asker, _answered("alert.open", page), "alert", alert_id)
        return page

    def _page(self, conn: Connection, asker: Asker, alert_id: UUID) -> AlertPage | None:
        now, who = self._clock.now(), asker.person_id
        row = _one_with_call(conn, asker, alert_id, now)
        if row is None:
            return None
        is_mine = row.state == State.TAKEN and row.taken_by == who
        may_play = sights.may_play(conn, who, alert_id, now)
        kinds = ("picture", "clip", "sound") if may_play else ("picture",)
        latitude_deg, longitude_deg = sights.whereabouts(conn, row.camera_id)
        media = sights.alert_media(conn, alert_id, kinds=kinds)
        return AlertPage(
            row=row,
            allowed=allowed_acts(life_of(row), who),
            may_play=may_play,
            sightings=sights.alert_sightings(conn, alert_id),
            media=media,
            history=sights.history(conn, alert_id),
            told=sights.told(conn, alert_id),
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            is_node_here=sights.is_node_here(conn, row.camera_id),
            growing=self._growing_rows(conn, alert_id) if may_play else (),
            sound=sights.sound_reason(conn, row.camera_id),
            asked=_asked_of(conn, who, row.camera_id, media, now) if may_play else (),
            seen_utc_us=now.utc_us,
            colleagues=tuple(colleagues(conn, row, asker, now)) if is_mine else (),
            may_arrive=is_mine and row.arrived_utc_us is None,
            near=tuple(camera_sights.near(conn, who, row.camera_id, now)),
        )

    def await_clip(self, asker: Asker, alert_id: UUID) -> bool:
        """True if this person may wait for the alert's clips (needs CLIPS); one log line."""
        with self._db.reading() as conn:
            may = sights.may_play(conn, asker.person_id, alert_id, self._clock.now())
        self._note(asker, "clip.await" if may else "clip.await.refused", "alert", alert_id)
        return may

    def first_clip(self, asker: Asker, alert_id: UUID) -> MediaRow | GrowingRow | None:
        """The first clip of the alert that can play now. None without any, and without the right
        (also if it has ended). Opening it writes its own log line."""
        with self._db.reading() as conn:
            if not sights.may_play(conn, asker.person_id, alert_id, self._clock.now()):
                return None
            clips = sights.alert_media(conn, alert_id, kinds=("clip",))
            growing = self._growing_rows(conn, alert_id)
        stored = (clip for clip in clips if clip.is_stored and clip.removed is None)
        begun = (clip for clip in growing if clip.grew_utc_us is not None)
        return next(stored, None) or next(begun, None)

    def _growing_rows(self, conn: Connection, alert_id: UUID) -> tuple[GrowingRow, ...]:
        growing = self._growing
        if growing is None:
            return ()
        rows = []
        for clip in sights.alert_growing(conn, alert_id):
            grew = growing.grew_utc_us(clip.node_id, clip.row.clip_id, clip.media_id)
            if grew is None and clip.sha256 is not None and self._blobs.has(clip.sha256):
                grew = self._clock.now().utc_us  # complete; its row is being written
            rows.append(replace(clip.row, grew_utc_us=grew))
        return tuple(rows)

    def changes_since(self, asker: Asker, cursor: int) -> tuple[list[AlertChange], int]:
        """The newest change of each visible alert after `cursor`, and the next cursor.

        Open pages call this at every change signal; only a non-empty answer writes an audit line.
        """
        now = self._clock.now()
        with self._db.reading() as conn:
            changes = sights.changes(conn, asker.person_id, after=cursor, now=now)
            newest = sights.last_cursor(conn)
        if changes:
            self._note(asker, "changes.open", detail=f"{len(changes)} since {cursor}")
        return changes, max(newest, cursor)

    def scope_mark(self, asker: Asker) -> int:
        """A number that changes with this person's scope; it reveals nothing itself."""
        with self._db.reading() as conn:
            return hash(sights.scope_now(conn, asker.person_id, self._clock.now()))


def _answered(act: str, answer: object) -> str:
    return act if answer is not None else f"{act}.refused"


def _one_with_call(conn: Connection, asker: Asker, alert_id: UUID, now: Moment) -> AlertRow | None:
    row = sights.one_alert(conn, asker.person_id, alert_id, now)
    return None if row is None else Foresight(conn).with_calls([row])[0]


def _asked_of(
    conn: Connection, person_id: UUID, camera_id: UUID, clips: list[MediaRow], now: Moment
) -> tuple[AskedSpan, ...]:
    """Clip requests to the camera for the time that these clips show."""
    films = [one for one in clips if one.kind == "clip"]
    if not films:
        return ()
    ends = (one.first_frame_utc_us + one.duration_ms * 1000 for one in films)
    begin_utc_us = min(one.first_frame_utc_us for one in films)
    asked = search_sights.asked_spans(
        conn,
        person_id,
        camera_id,
        from_utc_us=begin_utc_us,
        until_utc_us=max(ends),
        now=now,
        rights=Right.CLIPS,
    )
    return tuple(asked)
