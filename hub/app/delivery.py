"""The parts that send messages to people: alerts, notices and tests."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from hub.alerting.notifications.abandoned import GONE_S, AbandonedLeases
from hub.alerting.notifications.fallback import FallbackChannel
from hub.alerting.notifications.recorder import DeliveryRecorder
from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.alerting.notifications.send import Sender
from hub.alerting.notifications.worker import Worker
from hub.alerting.response.escalator import Escalator
from hub.app.resources import Resources
from hub.nodes.commissioning.alert_test_sender import PhoneTest
from hub.notify.phones.heartbeat_sender import PhoneCheck
from hub.notify.rules.heartbeat import CheckBounds
from hub.public.notices.sender import NoticePost


@dataclass(frozen=True, slots=True)
class Delivery:
    """The parts that send messages; the hub runs each of them."""

    notifier: Worker
    abandoned: AbandonedLeases
    fallback: FallbackChannel
    escalator: Escalator
    notice_post: NoticePost
    phone_test: PhoneTest
    phone_check: PhoneCheck


def build(r: Resources, *, senders: Callable[[], Collection[int] | None]) -> Delivery:
    """Make all parts that send messages, not started."""
    zone, push = ZoneInfo(r.settings.web.time_zone), r.settings.push
    shared: dict[str, Any] = {"db": r.db, "clock": r.clock, "change_signal": r.change_signal}
    recorder = DeliveryRecorder(r.db, clock=r.clock)
    return Delivery(
        notifier=Worker(
            sender=Sender(channels=r.channels, recorder=recorder, clock=r.clock, zone=zone),
            recorder=recorder,
            batching=BatchingLimits(calm=push.calm_alerts),
            **shared,
        ),
        abandoned=AbandonedLeases(
            senders=senders, gone_s=GONE_S if r.db.is_shared else 0.0, **shared
        ),
        fallback=FallbackChannel(unseen_after_s=push.unseen_after_s, **shared),
        escalator=Escalator(**shared),
        notice_post=NoticePost(channels=r.channels, **shared),
        phone_test=PhoneTest(channels=r.channels, zone=zone, **shared),
        phone_check=PhoneCheck(
            db=r.db, clock=r.clock, channel=r.webpush, bounds=CheckBounds(zone=zone)
        ),
    )
