"""Feature: the officer's desk with inbox, page of an alert, own settings and live changes."""

from typing import Final

from hub.alerting.alerts import wording as alerts_wording
from hub.alerting.notifications import wording as notifications_wording
from hub.alerting.response.bulk import BulkService
from hub.alerting.response.going import GoingService
from hub.alerting.response.service import ResponseService
from hub.console import (
    api,
    bulk_pages,
    in_words_pages,
    in_words_wording,
    inbox_pages,
    pages,
    stream,
)
from hub.console.footage_wording import footage
from hub.console.in_words_service import AlertInWordsService
from hub.web.feature import Feature
from hub.web.i18n import Messages
from hub.web.navigation import NavLink, Part
from hub.web.rate_limits import Rate


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
    return {**inbox_pages.acts(words), **pages.acts(words), **in_words_pages.acts(words)}


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    return pages.details(words)


STREAM: Final = Feature(name="changes", routers=(stream.router,), acts=stream.acts)
FEATURE: Final = Feature(
    name="console",
    templates=("hub.console",),
    # Single acts stand before "/alerts/…/{act_name}", which takes any name.
    routers=(
        api.router,
        inbox_pages.router,
        bulk_pages.router,
        in_words_pages.router,
        pages.router,
    ),
    services=(ResponseService, BulkService, GoingService, AlertInWordsService),
    acts=acts,
    details=details,
    # After a night offline a phone sends all its receipts at once, each for one push.
    rates=(Rate(r"POST", r"/api/notifications/.*", None),),
    globals={
        "sentences": alerts_wording,
        "footage": footage,
        "told_words": in_words_wording,
        "phone_lines": notifications_wording.phone_lines,
    },
    links=(
        NavLink(
            address="/",
            label=lambda words: words.say("Alerts"),
            icon="open",
            part=Part.ALERTS,
            rail=1,
            is_in_bar=True,
            covers=("/alerts",),
            waiting="alerts",
        ),
        NavLink(
            address="/settings",
            label=lambda words: words.say("Settings"),
            icon="settings",
            part=Part.OWN,
            rail=11,
        ),
    ),
    shortcuts=(
        NavLink(
            address="/settings#push-settings",
            label=lambda words: words.say("Switch notifications on"),
            icon="phone",
            part=Part.OWN,
        ),
        NavLink(
            address="/settings#language",
            label=lambda words: words.say("Choose the language"),
            icon="settings",
            part=Part.OWN,
        ),
        NavLink(
            address="/settings#logout",
            label=lambda words: words.say("Sign out"),
            icon="key",
            part=Part.OWN,
        ),
    ),
)
