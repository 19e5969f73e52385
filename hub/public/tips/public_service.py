"""Public service for tips: people without an account send them and follow the answer.

A tip and its alert are written in one transaction. The log contains nothing about the sender, not
even a network address.
"""

import json
from collections import Counter
from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, func, insert, select

from hub.alerting.alerts.rows import NewAlert, raise_alert
from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.alerts.scope import IS_RUNNING
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications import recipients
from hub.alerting.routing import rows as routing_rows
from hub.alerting.routing.rows import TOLD_NOBODY
from hub.alerting.routing.rules import RuleRecipients, Urgency
from hub.base.audit import log as audit_log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.public.tips import api_keys
from hub.public.tips.kept_pictures import FormWords, KeptPictures, names_of
from hub.public.tips.retention import TipSpans
from hub.public.tips.rules import (
    MOST_ORIGINAL_BYTES,
    MOST_WAITING,
    TipError,
    TipFault,
    camera_for,
    fault_of,
    tidy_code,
    wakes,
)
from hub.public.tips.sealing import FORM_OLDEST_S, FORM_YOUNGEST_S, SealBox, code_hash
from hub.public.tips.tables import tip_answers, tip_pictures, tip_reporters, tips
from hub.public.tips.views import FollowedTip, NewTip, TipAnswer, TipPicture
from hub.registry.areas import area_parents, places
from hub.registry.neighbours import CameraSpot
from hub.registry.tables import cameras

log = structlog.get_logger()

TOO_MANY: Final = "more tips in an hour than wake people"
HOUR_US: Final = 3600 * 1_000_000


class PublicTipService:
    """Tips of people without an account. For any thread."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        change_signal: ChangeSignal,
        box: SealBox,
        spans: TipSpans | None = None,
    ) -> None:
        self.spans = spans or TipSpans()
        """Retention of tips; the form states it."""
        self._db = db
        self._clock = clock
        self._change_signal = change_signal
        self._box = box
        self._kept = KeptPictures()
        self.counts: Counter[str] = Counter()
        """Accepted, "repeated", and refused by fault."""

    def form_mark(self, refused: str = "") -> str:
        """Mark for a new form, or for one that was refused under this mark and keeps its pictures
        also under another one."""
        mark = self._box.mark_after_refusal(refused, self._clock.now())
        if mark != refused:
            self._kept.move(refused, mark)
        return mark

    def check_form(self, mark: str) -> None:
        """TipError unless the form came from this hub, is at most a day old and not too new."""
        age_s = self._box.form_age_s(mark, self._clock.now())
        if age_s is None or not FORM_YOUNGEST_S <= age_s <= FORM_OLDEST_S:
            raise self._refused(TipFault.STALE)

    def kept_pictures(self, mark: str, words: FormWords) -> tuple[TipPicture, ...]:
        """Pictures kept for a refused form with this mark and these words."""
        return self._kept.of(mark, words)

    def pictures(
        self,
        mark: str,
        chosen: tuple[TipPicture, ...],
        words: FormWords,
        *,
        without: bool,
        named: str = "",
    ) -> tuple[TipPicture, ...]:
        """Pictures of a form: those chosen now, which are kept in case the form is refused. If none
        are chosen: the kept ones of its refused sending, or of one accepted with the same words;
        none if it is sent `without` them. TipError if the form names others as kept."""
        if without:
            self._kept.drop(mark)
            return ()
        if chosen and self._box.form_age_s(mark, self._clock.now()) is not None:
            self._kept.keep(mark, chosen)
        found = chosen or self._kept.of(mark, words)
        if named and not chosen and names_of(found) != named:
            if found:  # the person chose others after these
                self._kept.drop(mark)
            raise self._refused(TipFault.GONE)
        return found

    def note_taken(self, mark: str, words: FormWords) -> None:
        """Note that the form was accepted: from now on its pictures serve only a repeat of these
        words."""
        self._kept.note_taken(mark, words)

    def places(self) -> list[tuple[UUID, str]]:
        """Areas with cameras, by name; public data (`hub.public.watched.queries`)."""
        with self._db.reading() as conn:
            here = set(conn.scalars(select(cameras.c.area_id).distinct()))
            found = places(conn, here)
        return sorted(found.items(), key=lambda one: by_name(one[1]))

    def drop(self, why: str) -> None:
        """Count a discarded tip that no person sent."""
        self._count(why)

    def app_of(self, key: str) -> str | None:
        """The app of this key, if the key is valid."""
        with self._db.reading() as conn:
            return api_keys.app_of(conn, key)

    def receive(self, tip: NewTip, *, submission: str, is_named: bool = False) -> str:
        """Store a tip and notify the people responsible; returns its code. The same content of one
        form counts once; if the submission `is_named`, any content under that name counts once.
        TipError if nothing was stored."""
        now = self._clock.now()
        fault = fault_of(tip.words, now_utc_us=now.utc_us)
        if fault is not None:
            raise self._refused(fault)
        code = self._box.code(
            submission, b"" if is_named else _content(tip, names_of(tip.pictures))
        )
        with self._db.writing() as conn:
            if _is_stored(conn, code):
                self._count("repeated")
                return code
            found = _no_room(conn, tip) or camera_for(tip.words, _spots(conn), area_parents(conn))
            if isinstance(found, TipFault):
                raise self._refused(found)
            self._write(conn, tip, found, code, now)
            self._change_signal.ring_after(conn)
        self._count("taken")
        return code

    def code_of(self, tip: NewTip, *, submission: str, names: str) -> str | None:
        """Code of a tip that was stored with these words and with the pictures of these `names`;
        None if there is none."""
        code = self._box.code(submission, _content(tip, names))
        with self._db.reading() as conn:
            if not _is_stored(conn, code):
                return None
        self._count("repeated")
        return code

    def follow(self, typed: str) -> FollowedTip | None:
        """State of the tip with this code; None if there is none."""
        code = tidy_code(typed)
        if code is None:
            return None
        with self._db.reading() as conn:
            row = conn.execute(
                select(tips.c.id, tips.c.received_utc_us, tips.c.removed_utc_us, alerts.c.state)
                .join(alerts, alerts.c.id == tips.c.alert_id)
                .where(tips.c.code_hash == code_hash(code))
            ).first()
            if row is None:
                return None
            is_removed = row.removed_utc_us is not None
            answers = answers_of(conn, row.id)
            return FollowedTip(row.received_utc_us, row.state, answers, is_removed)

    def _write(
        self, conn: Connection, tip: NewTip, spot: CameraSpot, code: str, now: Moment
    ) -> None:
        tip_id, words = new_id(now), tip.words
        happened = now
        if words.happened_utc_us is not None:
            happened = Moment(words.happened_utc_us, None)  # not verified
        alert_id = _raise(conn, spot, happened, now)
        conn.execute(
            insert(tips).values(
                id=tip_id,
                alert_id=alert_id,
                what=text(words.what, len(words.what)),
                place=text(words.place, len(words.place)),
                area_id=words.area_id,
                latitude_deg=words.point and words.point.latitude_deg,
                longitude_deg=words.point and words.point.longitude_deg,
                code_hash=code_hash(code),
                language=tip.language,
                source=tip.source,
                **columns("happened", happened),
                **columns("received", now),
            )
        )
        if tip.reporter is not None:
            sealed = self._box.seal_reporter(tip.reporter, tip_id=tip_id)
            conn.execute(insert(tip_reporters).values(tip_id=tip_id, sealed=sealed))
        for number, picture in enumerate(tip.pictures, start=1):
            conn.execute(
                insert(tip_pictures).values(
                    id=new_id(now),
                    tip_id=tip_id,
                    number=number,
                    shown=picture.shown,
                    width=picture.width,
                    height=picture.height,
                    original=self._box.seal(
                        picture.original, tip_id=tip_id, purpose=f"picture {number}"
                    ),
                    original_sha256=sha256(picture.original).hexdigest(),
                    original_bytes=len(picture.original),
                )
            )
        audit_log.note(
            conn,
            By(),
            act="tip.take_in",
            object_kind="tip",
            object_id=tip_id,
            detail=_told(tip),
            now=now,
        )

    def _refused(self, fault: TipFault) -> TipError:
        self._count(fault.value)
        return TipError(fault)

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        if what in (TipFault.BUSY, TipFault.FULL):
            log.warning("tips.refused", reason=what, cure="close tips that were looked at")


def answers_of(conn: Connection, tip_id: UUID) -> tuple[TipAnswer, ...]:
    """Officers' answers to the sender, oldest first."""
    query = select(tip_answers).where(tip_answers.c.tip_id == tip_id)
    rows = conn.execute(query.order_by(tip_answers.c.at_utc_us, tip_answers.c.id))
    return tuple(TipAnswer(row.answer, row.at_utc_us) for row in rows)


def _raise(conn: Connection, spot: CameraSpot, happened: Moment, now: Moment) -> UUID:
    """Raise the tip's alert by the current rules; queues its notifications."""
    told = routing_rows.routing_decision(conn, spot.camera_id, Kind.TIP, (), at=now)
    quiet_reason = TOLD_NOBODY if told.tells is RuleRecipients.NOBODY else None
    if quiet_reason is None and not wakes(_woke_lately(conn, now)):
        quiet_reason = TOO_MANY
    alert = NewAlert(
        alert_id=new_id(now),
        camera_id=spot.camera_id,
        kind=Kind.TIP,
        people=0,
        clock_source="ntp" if now.error_ms is not None else "none",
        began=happened,
        confirmed=happened,
        is_critical=told.urgency is Urgency.CRITICAL,
        quiet_reason=quiet_reason,
        rule_id=told.rule_id,
        rule_reason=told.reason,
    )
    raise_alert(conn, alert, reason=quiet_reason or "somebody reported it", now=now)
    if quiet_reason is None:
        recipients.enqueue(
            conn, alert_id=alert.alert_id, camera_id=spot.camera_id, moment="opened", now=now
        )
    return alert.alert_id


def _woke_lately(conn: Connection, now: Moment) -> int:
    lately = alerts.c.raised_utc_us > now.utc_us - HOUR_US
    woke = (alerts.c.kind == Kind.TIP) & alerts.c.quiet_reason.is_(None) & lately
    query = select(func.count()).select_from(tips).join(alerts, alerts.c.id == tips.c.alert_id)
    return conn.scalar(query.where(woke)) or 0


def _no_room(conn: Connection, tip: NewTip) -> TipFault | None:
    query = select(func.count()).select_from(tips).join(alerts, alerts.c.id == tips.c.alert_id)
    if (conn.scalar(query.where(IS_RUNNING)) or 0) >= MOST_WAITING:
        return TipFault.BUSY
    new_bytes = sum(len(one.original) for one in tip.pictures)
    if not new_bytes:
        return None
    kept_bytes = conn.scalar(select(func.sum(tip_pictures.c.original_bytes))) or 0
    return TipFault.FULL if kept_bytes + new_bytes > MOST_ORIGINAL_BYTES else None


def _spots(conn: Connection) -> list[CameraSpot]:
    here = cameras.c
    query = select(here.id, here.area_id, here.latitude_deg, here.longitude_deg)
    return [CameraSpot(*row) for row in conn.execute(query)]


def _is_stored(conn: Connection, code: str) -> bool:
    return conn.scalar(select(tips.c.id).where(tips.c.code_hash == code_hash(code))) is not None


def _content(tip: NewTip, names: str) -> bytes:
    words, reporter = tip.words, tip.reporter
    said = [
        words.what,
        words.place,
        str(words.area_id),
        str(words.point),
        words.happened_utc_us,
        reporter and [reporter.name, reporter.contact],
        names,
    ]
    return json.dumps(said).encode()


def _told(tip: NewTip) -> Detail:
    if tip.source == "form":
        return Detail("tip.by_form", n=len(tip.pictures))
    return Detail("tip.by_app", name=tip.source, n=len(tip.pictures))
