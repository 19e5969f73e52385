"""Notifications and phones for tests that need no database."""

from typing import Any
from uuid import UUID

from hub.alerting.notifications.pending import PendingNotification
from hub.notify.channels.port import Message
from hub.notify.views import Phone
from tests.hub.rigs.notify_town import NOON

ALERT_ID = UUID("01a1ee56-5e00-7003-a7fa-8323a8f44d7a")
NOTIFICATION_ID = UUID("01a1ee56-5e00-7003-a08a-36d6ed046e08")


def phone(**changes: Any) -> Phone:
    facts: dict[str, Any] = {
        "phone_id": UUID(int=1),
        "channel": "webpush",
        "address": "https://push.test/1",
        "secrets": "{}",
    }
    return Phone(**(facts | changes))


def owed(**changes: Any) -> PendingNotification:
    facts: dict[str, Any] = {
        "notification_id": NOTIFICATION_ID,
        "alert_id": ALERT_ID,
        "moment": "opened",
        "revision": 1,
        "kind": "person",
        "state": "open",
        "people": 2,
        "has_picture": False,
        "place": "Ngã tư chợ, Tân Khai",
        "camera_label": "Cổng chợ",
        "node_name": "tk-01",
        "began": NOON,
        "handled_by": None,
        "language": "vi",
        "phone": phone(),
        "attempts": 0,
        "lease_by": "w1",
    }
    return PendingNotification(**(facts | changes))


def message(**changes: Any) -> Message:
    facts: dict[str, Any] = {
        "notification_id": NOTIFICATION_ID,
        "alert_id": ALERT_ID,
        "revision": 1,
        "moment": "opened",
        "title": "Có người · Ngã tư chợ",
        "body": "Cổng chợ · 18:46 · 2 người",
        "language": "vi",
        "take_label": "Tiếp nhận",
        "open_label": "Xem",
        "useful_s": 3600,
    }
    return Message(**(facts | changes))
