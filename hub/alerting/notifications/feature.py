"""The ledger of notifications, and what could not be delivered."""

from typing import Final

from sqlalchemy import ColumnElement, and_, or_

from hub.access.rules.grants import Right
from hub.alerting.notifications import pages
from hub.alerting.notifications.service import NotificationService
from hub.base.db.table_notes import Mark
from hub.base.moment import Moment
from hub.notify.tables import attempts, notifications
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

NEWS_US: Final = 3_600_000_000
"""Microseconds; for this long, an accepted but unseen notification may still use a fallback
channel."""


def _wait(now: Moment) -> ColumnElement[bool]:
    """SQL condition: the notification waits to be sent, or may still be sent another way."""
    ledger = notifications.c
    waits = ledger.state == "queued"
    unseen = and_(
        ledger.state.in_(["accepted", "folded"]),
        ledger.shown_utc_us.is_(None),
        ledger.answered_utc_us > now.utc_us - NEWS_US,
    )
    return or_(waits, unseen)


FEATURE: Final = Feature(
    name="notifications",
    templates=("hub.alerting.notifications",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    services=(NotificationService,),
    tables=(notifications, attempts),
    marks=(Mark(notifications, ("owed", "due", "lease_until", "held", "answered"), where=_wait),),
    links=(
        NavLink(
            address="/undelivered",
            label=lambda words: words.say("What could not be delivered"),
            icon="phone",
            part=Part.ALERTS,
            may=lambda standing: standing.has(Right.MANAGE),
        ),
    ),
)
