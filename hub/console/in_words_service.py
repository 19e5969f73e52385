"""Service for one alert in words, for people who are told of it but may not see it."""

from uuid import UUID

from hub.alerting.alerts import in_words
from hub.alerting.alerts.views import AlertInWords
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.console.views import AlertInWordsPage


class AlertInWordsService:
    """Alerts in words. For any thread. None: the alert is unknown, the person is not told of it, or
    they may see its pictures (`InboxService`)."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def tells(self, asker: Asker, alert_id: UUID) -> bool:
        """True if the person is told of this alert but may not see it: then its page in words is
        theirs."""
        with self._acting.part_of(asker, "alert.words") as look:
            return _one(look, alert_id) is not None

    def row(self, asker: Asker, alert_id: UUID) -> AlertInWords | None:
        """The alert as the list shows it, for a live page after a change."""
        with self._acting.reading(asker, "alert.glance", On("alert", alert_id)) as look:
            row = _one(look, alert_id)
            look.answer(row, Detail("alert.in_words") if row else None)
        return row

    def alert(self, asker: Asker, alert_id: UUID) -> AlertInWordsPage | None:
        """The alert as a page."""
        with self._acting.reading(asker, "alert.words", On("alert", alert_id)) as look:
            row = _one(look, alert_id)
            look.answer(row)
            if row is None:
                return None
            going = in_words.going(look.conn, [alert_id]).get(alert_id, ())
            return AlertInWordsPage(row, going)


def _one(look: Reading, alert_id: UUID) -> AlertInWords | None:
    return in_words.one(look.conn, look.asker.person_id, alert_id, look.now)
