"""ntfy channel: a topic on an ntfy server of the town, for phones whose browser has no push.

The ntfy server can read the text, so it belongs on the commune's own machine. From 2.16 on a
message with the same sequence id replaces its entry. Older servers (Debian 13 has 2.11) add an
entry each time, so there an alert is sent once, and again only when it becomes critical or is
handed back. Before sending, the topic is searched for the message, because a lost answer is not a
lost message.
"""

import json
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field

from hub.base.text.marks import page_text
from hub.notify.channels.descriptor import (
    Address,
    ChannelEntry,
    ChannelSettings,
    ChannelSource,
    Make,
)
from hub.notify.channels.port import (
    Answer,
    Delivered,
    Gone,
    Message,
    MessageRefused,
    Phone,
    TryAgain,
)
from hub.notify.channels.post import FORBIDDEN_ATTEMPTS, address_fault, post
from hub.notify.rules.delivery_result import NotNeeded

NAME: Final = "ntfy"

LOUD: Final = 5
"""Rings until answered, also in "do not disturb" if the officer allowed it."""
ONCE: Final = 3
QUIET: Final = 2
"""No sound and no vibration."""

PRIORITIES: Final = {"grown": QUIET, "taken": QUIET, "back": ONCE}

LOOK_BACK: Final = "2h"
"""Longer than the retries of a notification."""
MOST_READ_BYTES: Final = 2**20
"""Most bytes read from a topic's history: enough for thousands of messages."""


class Access(BaseModel):
    """Credentials for publishing; an open topic needs none."""

    model_config = ConfigDict(frozen=True)

    token: str | None = Field(default=None, pattern=r"^[\x21-\x7e]+$")


class TopicMessage(BaseModel):
    """One message in a topic's history: only the fields that are read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event: str = ""
    title: str = ""
    click: str = ""


class Ntfy:
    """Channel "ntfy"; a phone's address is its topic URL, its secrets are {"token"}.

    `replaces`: the server is 2.16 or newer.
    """

    def __init__(
        self, *, client: httpx.AsyncClient, public_url: str, replaces: bool = False
    ) -> None:
        self._client = client
        self._public_url = public_url.rstrip("/")
        self._replaces = replaces

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Publish to the phone's topic."""
        server, topic = split_topic(phone.address)
        if not topic:
            return MessageRefused("address names no topic")
        try:
            token = Access.model_validate_json(phone.secrets).token
        except ValueError:
            return MessageRefused("the phone's access token is unusable")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if not self._replaces:
            if message.moment in ("grown", "taken"):
                return NotNeeded("this ntfy server would add an entry instead of replacing it")
            if message.moment not in ("again", "handed", "test") and await self._has(
                message, phone.address, headers
            ):
                return Delivered()
        body = self._publication(message, topic)
        headers |= {"Content-Type": "application/json"}
        answer = await post(self._client, server, body=body, headers=headers)
        if isinstance(answer, Gone):
            # A topic never ends, so this is the answer of a proxy before the server.
            return TryAgain(answer.reason, answer.status, most_attempts=FORBIDDEN_ATTEMPTS)
        return answer

    def _publication(self, message: Message, topic: str) -> bytes:
        page = self._page(message)
        publication = {
            "topic": topic,
            "sequence_id": message.tag,
            "title": message.title,
            "message": message.body,
            "priority": PRIORITIES.get(message.moment, LOUD),
            "click": page,
            # Taking an alert needs the officer's own session, so the button opens the page.
            "actions": [{"action": "view", "label": message.open_label, "url": page}],
        }
        return json.dumps(publication, ensure_ascii=False).encode()

    def _page(self, message: Message) -> str:
        """Address to open; for a digest it also identifies the digest, since two can have equal
        text."""
        mark = f"#{message.notification_id}" if message.is_digest else ""
        return self._public_url + message.path + mark

    async def _has(self, message: Message, address: str, headers: dict[str, str]) -> bool:
        """True if the topic holds this message already; False if its history cannot be read."""
        if address_fault(address):
            return False
        page = self._page(message)
        # A first notification can have other numbers on a retry; it is the only one there.
        is_only = message.moment == "opened" and not message.is_digest
        return any(
            past.event == "message"
            and past.click == page
            and (is_only or past.title == message.title)
            for past in await self._past(f"{address.rstrip('/')}/json", headers)
        )

    async def _past(self, address: str, headers: dict[str, str]) -> list[TopicMessage]:
        asked = {"poll": "1", "since": LOOK_BACK}
        kept = b""
        try:
            async with self._client.stream(
                "GET", address, params=asked, headers=headers
            ) as response:
                if not response.is_success:
                    return []
                async for chunk in response.aiter_bytes():
                    kept += chunk
                    if len(kept) > MOST_READ_BYTES:
                        break
            return [TopicMessage.model_validate_json(line) for line in kept.splitlines() if line]
        except (httpx.HTTPError, ValueError):
            return []


def split_topic(address: str) -> tuple[str, str]:
    """Split `https://host/topic` into the address for JSON and the topic."""
    parts = urlsplit(address)
    folder, _, topic = parts.path.rstrip("/").rpartition("/")
    return f"{parts.scheme}://{parts.netloc}{folder}/", topic


def _offered(settings: ChannelSettings) -> dict[str, Make]:
    replaces = settings.ntfy_replaces
    return {
        NAME: lambda tools: Ntfy(
            client=tools.client, public_url=tools.public_url, replaces=replaces
        )
    }


SOURCE: Final = ChannelSource(
    entries=(ChannelEntry(NAME, page_text("ntfy app"), order=20, address=Address.OWN),),
    offered=_offered,
)
