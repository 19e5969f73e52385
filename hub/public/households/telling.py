"""Sends a message to a household by one of the hub's channels."""

from collections.abc import Mapping
from uuid import uuid4

import structlog

from hub.notify.channels.port import Channel, Message, Phone
from hub.notify.delivery.fan_out import our_fault, send_by
from hub.notify.rules.delivery_result import Answer, Delivered
from hub.public.households.port import Tell

log = structlog.get_logger()


def teller(channels: Mapping[str, Channel]) -> Tell:
    """Sends a household one message; "" if the service accepted it, else why not."""

    async def tell(channel: str, address: str, title: str, body: str, path: str) -> str:
        number = uuid4()
        message = Message(
            notification_id=number,
            alert_id=number,
            revision=0,
            moment="notice",
            title=title,
            body=body,
            language="vi",
            take_label="",
            open_label="",
            useful_s=86_400,
            own_path=path,
        )
        phone = Phone(number, channel, f"{channel}:{address}", "")
        try:
            answer: Answer = await send_by(channels, message, phone)
        except Exception as error:  # the link is known only now: its page must be shown in any case
            log.exception("household.not_told", channel=channel)
            answer = our_fault(error)
        return "" if isinstance(answer, Delivered) else answer.reason

    return tell
