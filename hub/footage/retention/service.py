"""Service for holds and retention rules, for people who look after cameras or export evidence.

People who may manage a camera, or export its footage, can see, place and end its holds. People who
may manage an area set its rules.
"""

from uuid import UUID

from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.errors import RegistryError
from hub.footage.retention import holds, queries, rows
from hub.footage.retention.rules import FootageClass, Hold
from hub.footage.retention.views import NewHold, NewRetentionRule, RetentionFault, RetentionPage


class RetentionService:
    """Retention rules and holds. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def may_hold(self, asker: Asker) -> bool:
        """True if this person may hold any footage; for the links of a page, reveals nothing."""
        with self._acting.part_of(asker, "keeping.open") as look:
            return queries.holds_any(look.conn, asker.person_id, look.now)

    def page(self, asker: Asker) -> RetentionPage:
        """Holds of the cameras in the asker's scope, and the rules that apply to these cameras."""
        with self._acting.reading(asker, "keeping.open") as look:
            page = queries.page(look.conn, asker.person_id, look.now)
            look.done(Detail("retention.count", n=len(page.holds), m=len(page.rules)))
        return page

    def may_hold_alert(self, asker: Asker, alert_id: UUID) -> bool:
        """True if the asker may hold the footage of this alert; for the link on its page, reveals
        nothing."""
        with self._acting.part_of(asker, "alert.open") as look:
            return queries.is_alert_theirs(look.conn, asker.person_id, alert_id, look.now)

    def place_hold(self, asker: Asker, new: NewHold) -> RetentionFault | bool:
        """True if the hold is placed; False if the asker may not hold such footage."""
        if not new.case_number.strip():
            return RetentionFault.CASE
        if not new.reason.strip():
            return RetentionFault.REASON
        if new.until_utc_us is not None and new.until_utc_us < new.from_utc_us:
            return RetentionFault.SPAN
        if new.alert_id is not None:
            what, on = Hold(alert_id=new.alert_id), On("alert", new.alert_id)
        else:
            what = Hold(
                camera_id=new.camera_id,
                from_utc_us=new.from_utc_us,
                until_utc_us=new.until_utc_us,
            )
            on = On("camera", new.camera_id)
        try:
            with self._acting.changing(asker, "hold.add", on, rings=True) as change:
                holds.place_hold(
                    change.conn,
                    what,
                    case_number=new.case_number,
                    reason=new.reason,
                    by=change.by,
                    now=change.now,
                    within=queries.theirs(asker.person_id, change.now),
                )
        except RegistryError:
            return False
        return True

    def end_hold(self, asker: Asker, hold_id: UUID, *, reason: str) -> RetentionFault | bool:
        """End the hold, so that retention rules apply again; False if it is not the asker's or not
        active."""
        if not reason.strip():
            return RetentionFault.REASON
        with self._acting.changing(asker, "hold.end", On("hold", hold_id), rings=True) as change:
            row = queries.one_hold(change.conn, asker.person_id, hold_id, change.now)
            if row is None:
                change.refuse()
                return False
            holds.end_holds(
                change.conn,
                case_number=row.case_number,
                reason=reason,
                by=change.by,
                now=change.now,
                hold_id=hold_id,
            )
        return True

    def set_rule(self, asker: Asker, new: NewRetentionRule) -> RetentionFault | bool:
        """Set the retention of the area's footage from now on; False if the asker does not manage
        the area."""
        if not new.reason.strip():
            return RetentionFault.REASON
        if new.keep_days is not None and not 1 <= new.keep_days <= rows.MOST_DAYS:
            return RetentionFault.DAYS
        with self._acting.changing(asker, "retention.set", On("area", new.area_id)) as change:
            if not _is_theirs(change, new.area_id):
                change.refuse()
                return False
            rows.set_rule(
                change.conn,
                footage_class=new.footage_class,
                area_id=new.area_id,
                keep_days=new.keep_days,
                reason=new.reason,
                now=change.now,
                by=change.by,
            )
        return True

    def end_rule(
        self, asker: Asker, area_id: UUID, footage_class: FootageClass, *, reason: str
    ) -> RetentionFault | bool:
        """End the rule, so that the rule above it applies; False if the asker has no such rule."""
        if not reason.strip():
            return RetentionFault.REASON
        with self._acting.changing(asker, "retention.end", On("area", area_id)) as change:
            is_done = _is_theirs(change, area_id) and rows.end_rule(
                change.conn,
                footage_class=footage_class,
                area_id=area_id,
                now=change.now,
                by=change.by,
                reason=reason,
            )
            if not is_done:
                change.refuse()
        return is_done


def _is_theirs(look: Reading, area_id: UUID) -> bool:
    return queries.is_area_theirs(look.conn, look.asker.person_id, area_id, look.now)
