"""Service for holds and retention rules, for people who look after cameras or export evidence.

People who may manage a camera, or export its footage, can see, place and end its holds. People who
may manage an area set its rules.
"""

from uuid import UUID

from sqlalchemy import Connection

from hub.alerts.errors import RegistryError
from hub.alerts.moment import Moment
from hub.alerts.retention import FootageClass, Hold
from hub.store import holds, keeping, keeping_sights
from hub.store.door_base import DoorBase
from hub.store.keeping_views import KeepingFault, KeptPage, NewHold, NewRule
from hub.store.views import Asker

MOST_DAYS = 36_500


class KeepingDoor(DoorBase):
    """Retention rules and holds."""

    def keeps(self, asker: Asker) -> bool:
        """True if this person may hold any footage; for the links of a page, reveals nothing."""
        with self._db.reading() as conn:
            return keeping_sights.holds_any(conn, asker.person_id, self._clock.now())

    def kept(self, asker: Asker) -> KeptPage:
        """Holds of the cameras in their scope, and the rules that apply to them."""
        now = self._clock.now()
        with self._db.reading() as conn:
            page = keeping_sights.page(conn, asker.person_id, now)
        detail = f"{len(page.holds)} holds, {len(page.rules)} rules"
        self._note(asker, "keeping.open", detail=detail)
        return page

    def may_hold_alert(self, asker: Asker, alert_id: UUID) -> bool:
        """True if they may hold its footage; for the link of its page, reveals nothing."""
        with self._db.reading() as conn:
            return keeping_sights.is_alert_theirs(
                conn, asker.person_id, alert_id, self._clock.now()
            )

    def place_hold(self, asker: Asker, new: NewHold) -> KeepingFault | bool:
        """True if the hold is placed; False if no such footage is theirs to hold."""
        if not new.case_number.strip():
            return KeepingFault.CASE
        if not new.reason.strip():
            return KeepingFault.REASON
        if new.until_utc_us is not None and new.until_utc_us < new.from_utc_us:
            return KeepingFault.SPAN
        what = (
            Hold(alert_id=new.alert_id)
            if new.alert_id is not None
            else Hold(
                camera_id=new.camera_id,
                from_utc_us=new.from_utc_us,
                until_utc_us=new.until_utc_us,
            )
        )
        now = self._clock.now()
        try:
            with self._db.writing() as conn:
                holds.place_hold(
                    conn,
                    what,
                    case_number=new.case_number,
                    reason=new.reason,
                    by=asker.by,
                    now=now,
                    within=keeping_sights.theirs(asker.person_id, now),
                )
        except RegistryError as refusal:
            kind, one = ("alert", new.alert_id) if new.alert_id else ("camera", new.camera_id)
            self._note(asker, "hold.add.refused", kind, one, detail=str(refusal))
            return False
        self._bell.ring()
        return True

    def end_hold(self, asker: Asker, hold_id: UUID, *, reason: str) -> KeepingFault | bool:
        """End the hold, so that retention rules apply again; False if it is not theirs or not
        active."""
        if not reason.strip():
            return KeepingFault.REASON
        now = self._clock.now()
        with self._db.writing() as conn:
            row = keeping_sights.one_hold(conn, asker.person_id, hold_id, now)
            if row is None:
                self._note_in(conn, asker, "hold.end.refused", "hold", hold_id)
                return False
            holds.end_holds(
                conn,
                case_number=row.case_number,
                reason=reason,
                by=asker.by,
                now=now,
                hold_id=hold_id,
            )
        self._bell.ring()
        return True

    def set_rule(self, asker: Asker, new: NewRule) -> KeepingFault | bool:
        """Set the retention of the area's footage from now on; False if the area is not theirs."""
        if not new.reason.strip():
            return KeepingFault.REASON
        if new.keep_days is not None and not 1 <= new.keep_days <= MOST_DAYS:
            return KeepingFault.DAYS
        now = self._clock.now()
        with self._db.writing() as conn:
            if not self._tends(conn, asker, new.area_id, now, "retention.set.refused"):
                return False
            keeping.set_rule(
                conn,
                footage_class=new.footage_class,
                area_id=new.area_id,
                keep_days=new.keep_days,
                reason=new.reason,
                now=now,
                by=asker.by,
            )
        return True

    def end_rule(
        self, asker: Asker, area_id: UUID, footage_class: FootageClass, *, reason: str
    ) -> KeepingFault | bool:
        """End the rule, so that the rule above applies; False if there is no such rule of
        theirs."""
        if not reason.strip():
            return KeepingFault.REASON
        now = self._clock.now()
        with self._db.writing() as conn:
            if not self._tends(conn, asker, area_id, now, "retention.end.refused"):
                return False
            return keeping.end_rule(
                conn,
                footage_class=footage_class,
                area_id=area_id,
                now=now,
                by=asker.by,
                reason=reason,
            )

    def _tends(
        self, conn: Connection, asker: Asker, area_id: UUID, now: Moment, refused: str
    ) -> bool:
        is_theirs = keeping_sights.is_area_theirs(conn, asker.person_id, area_id, now)
        if not is_theirs:
            self._note_in(conn, asker, refused, "area", area_id)
        return is_theirs
