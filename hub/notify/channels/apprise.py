"""Telegram, SMS gateways and many other services through Apprise (BSD-2).

The keeper writes each service's address into one file, with `{to}` for a person's own part. Secrets
stay in the file; a phone's row has only that part. Apprise answers only yes or no, so such a phone
is never retired by its service: a failed message is retried, then dead.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from hub.notify.channels.descriptor import (
    ChannelEntry,
    ChannelSettings,
    ChannelSource,
    ChannelTools,
    Make,
)
from hub.notify.channels.port import Answer, Delivered, Message, MessageRefused, Phone, TryAgain
from hub.notify.channels.post import FORBIDDEN_ATTEMPTS
from hub.notify.channels.reach import NONE, PRIVATE, PrivateHosts, addresses_of
from hub.notify.channels.service_file import ServiceFileError, read_private_toml
from hub.notify.channels.zalo import recipient, why_not_again
from hub.notify.rules.channel_order import NAME

HANDS: Final = 4
"""Apprise blocks a thread; a hanging service must not take more of them."""
FILE: Final = "services.toml"
TO: Final = "{to}"
WAITS: Final = "cto=4&rto=5"
"""Apprise's own limits in seconds to connect and to answer: less than a send deadline."""

_STATUS: Final = re.compile(r"error[= ]+(\d{3})\b")


def read_services(path: Path) -> dict[str, str]:
    """Service address by channel; ServiceFileError names the fault in the file."""
    found: dict[str, str] = {}
    for name, address in read_private_toml(path).items():
        if not NAME.fullmatch(name):
            raise ServiceFileError(
                f"{path}: {name!r} cannot be a channel's name. Write one such as telegram"
            )
        if not isinstance(address, str) or TO not in address:
            raise ServiceFileError(
                f"{path}: {name} names no place for a person's own part. Write {TO} in its address"
            )
        if _destination(address.replace(TO, "84912345678")) is None:
            raise ServiceFileError(
                f"{path}: {name} is no address that Apprise knows. Its wiki lists them by service"
            )
        found[name] = address
    return found


class Service:
    """A channel of the keeper's file; a phone's address is like `telegram:123456`."""

    def __init__(
        self,
        *,
        address: str,
        public_url: str,
        hands: ThreadPoolExecutor,
        private: PrivateHosts = NONE,
    ) -> None:
        self._address = address
        self._private = private
        self._public_url = public_url.rstrip("/")
        self._hands = hands

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Send by Apprise, in a thread."""
        if unwanted := why_not_again(message):
            return unwanted
        to = recipient(phone)
        if not to:
            return MessageRefused("address names nobody")
        address = self._address.replace(TO, quote(to, safe="@+-."))
        body = f"{message.body}\n{self._public_url}{message.path}"
        loop = asyncio.get_running_loop()
        said = (address, message.title, body, self._private)
        return await loop.run_in_executor(self._hands, _notify, *said)


def _destination(address: str) -> Any:
    import apprise  # noqa: PLC0415 - a hundred plugins: only a hub that uses it pays for them

    asset = apprise.AppriseAsset(async_mode=False, app_id="Mat Than", app_desc="", app_url="")
    separator = "&" if "?" in address else "?"
    return apprise.Apprise.instantiate(
        f"{address}{separator}{WAITS}", asset=asset, suppress_exceptions=True
    )


def host_of(address: str) -> str:
    """The host that the address of a service names; empty if the service has one of its own."""
    return _host(_destination(address))


def _host(destination: Any) -> str:
    # In other services' addresses the place of the host holds a secret: nobody looks that up.
    takes_host = "host" in getattr(destination, "template_tokens", {})
    return str(destination.host or "") if takes_host else ""


def _is_reachable(destination: Any, private: PrivateHosts) -> bool:
    """The keeper wrote this address, so its name is not looked up twice for the same purpose."""
    host = _host(destination)
    if not host or private.has(host):
        return True
    try:
        return bool(private.allowed(host, addresses_of(host)))
    except OSError:
        return True  # Apprise finds out itself


def _notify(address: str, title: str, body: str, private: PrivateHosts) -> Answer:
    """Runs in a thread of `HANDS`. Apprise reports the reason of a failure only in its log."""
    destination = _destination(address)
    if destination is None:
        return MessageRefused("Apprise does not know this address")
    if not _is_reachable(destination, private):
        return TryAgain(PRIVATE)
    with _Heard() as heard:
        is_sent = destination.notify(title=title, body=body, body_format="text")
    if is_sent:
        return Delivered()
    status = heard.status
    if status in (401, 403):
        return TryAgain(f"{status} from the service", status, most_attempts=FORBIDDEN_ATTEMPTS)
    if status == 400:
        return MessageRefused("400 from the service", status)
    return TryAgain(f"{status or 'no answer'} from the service", status)


class _Heard(logging.Handler):
    """Finds the status in the log lines of Apprise's plugins of this thread; the text may hold
    secrets."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.status: int | None = None
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Look for a status."""
        if record.thread == self._thread and (found := _STATUS.search(record.getMessage())):
            self.status = int(found[1])

    def __enter__(self) -> "_Heard":
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def _services(settings: ChannelSettings) -> Mapping[str, str]:
    path = settings.file(FILE)
    return read_services(path) if path else {}


def _offered(settings: ChannelSettings) -> Mapping[str, Make]:
    @cache
    def hands() -> ThreadPoolExecutor:
        return ThreadPoolExecutor(HANDS, thread_name_prefix="apprise")

    def make(address: str, tools: ChannelTools) -> Service:
        return Service(
            address=address, public_url=tools.public_url, hands=hands(), private=tools.private
        )

    return {name: partial(make, address) for name, address in _services(settings).items()}


SOURCE: Final = ChannelSource(
    entries=(
        ChannelEntry("telegram", "Telegram", order=50),
        ChannelEntry("sms", "SMS", order=70),
    ),
    offered=_offered,
    hosts=lambda settings: [
        host_of(address.replace(TO, "84912345678")) for address in _services(settings).values()
    ],
    file=FILE,
)
