"""Service for silences: people who look after a camera create them, and officers who are alerted of
it set a snooze; people who see it read and end them."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Uuid, bindparam, select

from hub.access.rules.grants import Right
from hub.access.scope import has_right, visible_cameras, visible_to, visible_values
from hub.access.tables import people
from hub.alerting.alerts import queries
from hub.alerting.alerts.rows import change_alert, note_history
from hub.alerting.alerts.rules.kinds import SIGHTINGS
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alert_history
from hub.alerting.alerts.views import AlertRow
from hub.alerting.oncall.faults import NAME_CHARS, checked_reason
from hub.alerting.silences import rows as silences_rows
from hub.alerting.silences.rows import MUTE_OFFERED
from hub.alerting.silences.rules import (
    LONGEST_S,
    MOST_SNOOZES,
    NOT_CRITICAL,
    SNOOZE_S,
    SNOOZES_IN_S,
    Silence,
)
from hub.alerting.silences.tables import silences
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, AnySelect, new_id
from hub.base.text.order import by_name
from hub.registry import zones
from hub.registry.areas import camera_at, places
from hub.registry.tables import cameras


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """A silence as a page shows it; times are UTC microseconds."""

    silence: Silence
    zone_label: str
    """Name of its zone or line for people; empty for the whole picture."""
    camera_label: str
    place: str
    made_by_name: str | None
    """None: by the hub after false alarms, as older versions did."""
    made_utc_us: int
    hits: int
    last_hit_utc_us: int | None


@dataclass(frozen=True, slots=True)
class CameraName:
    """A camera that the asker looks after."""

    camera_id: UUID
    label: str


@dataclass(frozen=True, slots=True)
class NewSilence:
    """A silence as entered."""

    camera_id: UUID
    kind: str | None
    zone: str | None
    """Name or label of a zone or line; None: the whole picture."""
    span_s: float
    reason: str


class SilenceService:
    """Silences that suppress alerts for a time. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def silences(self, asker: Asker) -> list[SilenceRow]:
        """Active silences of cameras this person may see, newest first."""
        with self._acting.part_of(asker, "silences.open") as look:
            rows = _rows(look)
        if rows:
            self._acting.note(asker, "silences.open", detail=Detail("silences.count", n=len(rows)))
        return rows

    def cameras_to_silence(self, asker: Asker) -> list[CameraName]:
        """The cameras this person looks after."""
        with self._acting.part_of(asker, "silences.open") as look:
            mine = visible_cameras(asker.person_id, Right.MANAGE, look.now).subquery("mine")
            query = (
                select(cameras.c.id, cameras.c.label, cameras.c.area_id)
                .join(mine, mine.c.camera_id == cameras.c.id)
                .order_by(cameras.c.id)
            )
            rows = look.conn.execute(query).all()
            where = places(look.conn, {row.area_id for row in rows})
            found = [CameraName(row.id, camera_at(row.label, where[row.area_id])) for row in rows]
            return sorted(found, key=lambda one: by_name(one.label))

    def zones_to_silence(self, asker: Asker) -> list[str]:
        """Zones and lines of these cameras, as people call them."""
        with self._acting.part_of(asker, "silences.open") as look:
            mine = visible_cameras(asker.person_id, Right.MANAGE, look.now)
            return zones.all_called(zones.labels(look.conn, look.conn.scalars(mine)))

    def add_silence(self, asker: Asker, new: NewSilence) -> bool:
        """Silence a camera, or a zone or kind on it; False if they do not look after it.

        An OnCallError without a reason; a span is cut to 31 days.
        """
        on = On("camera", new.camera_id)
        with self._acting.changing(asker, "silence.add", on) as change:
            reason, now = checked_reason(new.reason), change.now
            if not has_right(change.conn, asker.person_id, new.camera_id, Right.MANAGE, now):
                change.refuse()
                return False
            known = zones.labels(change.conn, [new.camera_id])
            made = Silence(
                new_id(now),
                new.camera_id,
                new.kind or None,
                text(zones.name_meant(known, new.zone), NAME_CHARS) if new.zone else None,
                None,
                is_exact=False,
                until_utc_us=now.plus_s(min(max(new.span_s, 60.0), LONGEST_S)).utc_us,
                reason=reason,
            )
            silences_rows.add(change.conn, made, made_by=asker.person_id, now=now)
            change.done(plain(reason), On("silence", made.silence_id))
        return True

    def snoozed_until(self, asker: Asker, camera_id: UUID) -> int | None:
        """Until when the camera of an alert is silenced; None if it is not."""
        with self._acting.part_of(asker, "alert.open") as look:
            return silences_rows.silenced_until(look.conn, camera_id, now=look.now)

    def may_snooze(self, asker: Asker, row: AlertRow) -> bool:
        """True if the page of an alert offers `snooze`; the snooze itself can still be refused as
        one too many."""
        with self._acting.part_of(asker, "alert.open") as look:
            return _may_snooze(look, row)

    def snooze(self, asker: Asker, alert_id: UUID, *, reason: str) -> bool | None:
        """Silence the camera of this alert for an hour, except for critical alerts. For a person
        who sees the alert and is alerted of its camera.

        None: the alert is unknown, not theirs to see, or never silenced. False: the camera is
        silenced already, or was too often. An OnCallError without a reason.
        """
        on = On("alert", alert_id)
        with self._acting.changing(asker, "alert.snooze", on) as change:
            reason, now = checked_reason(reason), change.now
            row = queries.one_alert(change.conn, asker.person_id, alert_id, now)
            if row is None or not _may_snooze(change, row):
                change.refuse()
                return None
            if not _is_free(change, row.camera_id):
                change.refuse(Detail("silence.already_or_often"), how="again")
                return False
            until_utc_us = now.plus_s(SNOOZE_S).utc_us
            made = Silence(
                new_id(now), row.camera_id, None, None, NOT_CRITICAL, False, until_utc_us, reason
            )
            silences_rows.add(change.conn, made, made_by=asker.person_id, now=now)
            change.done(plain(reason))
            change.note("silence.add", On("silence", made.silence_id), plain(reason))
        return True

    def mute_of(self, asker: Asker, row: AlertRow) -> SilenceRow | None:
        """The active mute of the spot of an alert that was a false alarm."""
        if row.state != AlertState.FALSE_ALARM:
            return None
        with self._acting.part_of(asker, "alert.open") as look:
            silence_id = silences_rows.mute_of(look.conn, row.alert_id, now=look.now)
            return next(iter(_rows(look, silence_id)), None) if silence_id else None

    def may_mute(self, asker: Asker, row: AlertRow) -> bool:
        """True if the page of an alert offers `mute` to this person, who closed it."""
        with self._acting.part_of(asker, "alert.open") as look:
            return _is_mute_offered(look, row)

    def mute(self, asker: Asker, alert_id: UUID) -> bool | None:
        """Mute the spot of this alert for two weeks. For the person who closed it as the third
        false alarm in a row there, by itself and not among many.

        None: the alert is unknown, or not theirs to see. False: it is not offered, or no longer.
        A second call changes nothing.
        """
        with self._acting.changing(
            asker, "alert.mute", On("alert", alert_id), rings=True
        ) as change:
            conn, now = change.conn, change.now
            row = queries.one_alert(conn, asker.person_id, alert_id, now)
            if row is None:
                change.refuse()
                return None
            if silences_rows.mute_of(conn, alert_id, now=now) is not None:
                change.refuse(how="again")
                return True
            if not _is_mute_offered(change, row):
                change.refuse(Detail("silence.not_three_in_a_row"))
                return False
            made = silences_rows.mute_spot(conn, alert_id, person_id=asker.person_id, now=now)
            change_alert(conn, alert_id, {}, now=now)
            note_history(conn, alert_id, act="muted", person_id=asker.person_id, now=now)
            change.done()
            change.note(
                "silence.add", On("silence", made.silence_id), Detail("silence.three_in_a_row")
            )
        return True

    def end_silence(self, asker: Asker, silence_id: UUID) -> bool:
        """End a silence, so that alerts come again; False if they may not see its camera."""
        with self._acting.changing(asker, "silence.end", On("silence", silence_id)) as change:
            is_there = bool(_rows(change, silence_id))
            change.answer(is_there)
            if is_there:
                silences_rows.end(
                    change.conn, silence_id, person_id=asker.person_id, now=change.now
                )
        return is_there


def _may_snooze(look: Reading, row: AlertRow) -> bool:
    is_silenceable = row.kind in SIGHTINGS
    is_alerted = has_right(look.conn, look.asker.person_id, row.camera_id, Right.ALERTED, look.now)
    return is_silenceable and is_alerted


def _is_mute_offered(look: Reading, row: AlertRow) -> bool:
    """True if closing this alert offered a mute to the asker, who may still set it."""
    if row.closed_by != look.asker.person_id or not _may_snooze(look, row):
        return False
    offers = select(alert_history.c.id).where(
        alert_history.c.alert_id == row.alert_id,
        alert_history.c.act == MUTE_OFFERED,
        alert_history.c.at_utc_us >= row.closed_utc_us,
    )
    is_offered = look.conn.execute(offers.limit(1)).first() is not None
    return is_offered and silences_rows.may_mute(look.conn, row.alert_id, now=look.now)


def _is_free(look: Reading, camera_id: UUID) -> bool:
    """True if the camera is not silenced as a whole, and was not snoozed too often."""
    conn, now = look.conn, look.now
    if silences_rows.silenced_until(conn, camera_id, now=now) is not None:
        return False
    since_utc_us = now.plus_s(-SNOOZES_IN_S).utc_us
    return silences_rows.snoozes(conn, camera_id, since_utc_us=since_utc_us) < MOST_SNOOZES


def _counting(*conditions: ColumnElement[bool]) -> AnySelect:
    """Silences active at `now_utc_us`, of cameras that the person in `visible_values` sees or looks
    after."""
    seen = visible_to(Right.SEE).subquery("seen")
    tended = visible_to(Right.MANAGE).subquery("tended")
    mine = select(seen.c.camera_id).union(select(tended.c.camera_id))
    return (
        select(silences, cameras.c.label, cameras.c.area_id, people.c.name)
        .join(cameras, cameras.c.id == silences.c.camera_id)
        .outerjoin(people, people.c.id == silences.c.made_by)
        .where(
            silences.c.camera_id.in_(mine),
            silences.c.ended_utc_us.is_(None),
            silences.c.until_utc_us > bindparam("now_utc_us", type_=BigInteger),
            *conditions,
        )
        .order_by(silences.c.made_utc_us.desc(), silences.c.id.desc())
    )


# Built once: every inbox needs it, and building costs several times its execution.
_ALL_COUNTING: Final = _counting()
_ONE_COUNTING: Final = _counting(silences.c.id == bindparam("silence_id", type_=Uuid))


def _rows(look: Reading, silence_id: UUID | None = None) -> list[SilenceRow]:
    """All active silences for this person, or the one with this id."""
    conn, now = look.conn, look.now
    asked: dict[str, object] = {
        **visible_values(look.asker.person_id, now),
        "now_utc_us": now.utc_us,
    }
    if silence_id is None:
        rows: list[AnyRow] = list(conn.execute(_ALL_COUNTING, asked))
    else:
        rows = list(conn.execute(_ONE_COUNTING, {**asked, "silence_id": silence_id}))
    where = places(conn, {row.area_id for row in rows})
    known = zones.labels(conn, {row.camera_id for row in rows if row.zone})
    return [
        SilenceRow(
            silence=silences_rows.as_silence(row),
            zone_label=zones.called(known, row.zone or "", row.camera_id),
            camera_label=row.label,
            place=where[row.area_id],
            made_by_name=row.name,
            made_utc_us=row.made_utc_us,
            hits=row.hits,
            last_hit_utc_us=row.last_hit_utc_us,
        )
        for row in rows
    ]
