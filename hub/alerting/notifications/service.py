"""Service for results of notifications: what phones report, and which notifications never reached
one."""

from uuid import UUID

from hub.alerting.notifications import receipts
from hub.alerting.notifications.undelivered import Undelivered, undelivered
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail


class NotificationService:
    """Reports of phones on their notifications. For any thread. False: the notification was not
    for this person."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def undelivered(self, asker: Asker) -> Undelivered:
        """Undelivered notifications about cameras this person may manage."""
        with self._acting.reading(asker, "undelivered.open") as look:
            found = undelivered(look.conn, asker.person_id, look.now)
            look.done(Detail("undelivered.count", n=found.in_a_day))
        return found

    def shown(self, asker: Asker, notification_id: UUID) -> bool:
        """Record that the phone showed this message."""
        on = On("notification", notification_id)
        with self._acting.changing(asker, "notification.shown", on) as change:
            is_theirs = receipts.mark_shown(
                change.conn,
                notification_id=notification_id,
                person_id=asker.person_id,
                now=change.now,
            )
            change.answer(is_theirs)
        return is_theirs

    def opened(self, asker: Asker, notification_id: UUID) -> bool:
        """Record that the person opened the notification."""
        on = On("notification", notification_id)
        with self._acting.changing(asker, "notification.opened", on) as change:
            is_theirs = receipts.mark_opened(
                change.conn,
                notification_id=notification_id,
                person_id=asker.person_id,
                now=change.now,
            )
            change.answer(is_theirs)
        return is_theirs
