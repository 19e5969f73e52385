"""Wiring of the parts that send messages to people: alerts, notices and tests."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hub.alerting.notifications.abandoned import GONE_S, AbandonedLeases
from hub.alerting.notifications.fallback import FallbackChannel
from hub.alerting.notifications.recorder import DeliveryRecorder
from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.alerting.notifications.send import Sender
from hub.alerting.notifications.worker import Worker
from hub.alerting.response.escalator import Escalator
from hub.app.config import HubSettings
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.nodes.commissioning.alert_test_sender import PhoneTest
from hub.notify.channels.port import Channel
from hub.notify.channels.webpush import WebPush
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


def build(
    settings: HubSettings,
    db: Database,
    *,
    clock: Clock,
    change_signal: ChangeSignal,
    channels: Mapping[str, Channel],
    webpush: WebPush,
    senders: Callable[[], Collection[int] | None],
) -> Delivery:
    """Make all parts that send messages, not started."""
    zone, push = ZoneInfo(settings.web.time_zone), settings.push
    recorder = DeliveryRecorder(db, clock=clock)
    return Delivery(
        notifier=Worker(
            db=db,
            sender=Sender(channels=channels, recorder=recorder, clock=clock, zone=zone),
            recorder=recorder,
            clock=clock,
            change_signal=change_signal,
            batching=BatchingLimits(calm=push.calm_alerts),
        ),
        abandoned=AbandonedLeases(
            db=db,
            clock=clock,
            change_signal=change_signal,
            senders=senders,
            gone_s=GONE_S if db.is_shared else 0.0,
        ),
        fallback=FallbackChannel(
            db=db,
            clock=clock,
            change_signal=change_signal,
            unseen_after_s=push.unseen_after_s,
        ),
        escalator=Escalator(db=db, clock=clock, change_signal=change_signal),
        notice_post=NoticePost(db=db, clock=clock, change_signal=change_signal, channels=channels),
        phone_test=PhoneTest(
            db=db, clock=clock, change_signal=change_signal, channels=channels, zone=zone
        ),
        phone_check=PhoneCheck(db=db, clock=clock, channel=webpush, bounds=CheckBounds(zone=zone)),
    )
