"""ntfy: a topic on a server of one's own, for phones whose browser cannot be pushed to.

ntfy's server reads the words, so it belongs on the commune's own machine.
"""

import json
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field

from hub.notify.channel import Answer, Message, Phone, Refused
from hub.notify.post import post

LOUD: Final = 5
"""Rings on and on, and through "do not disturb" where the officer allowed it."""
QUIET: Final = 3


class Access(BaseModel):
    """What lets the hub publish to the topic; a topic open to all needs nothing."""

    model_config = ConfigDict(frozen=True)

    token: str | None = Field(default=None, pattern=r"^[\x21-\x7e]+$")


class Ntfy:
    """The channel "ntfy"; its phones' address is the topic's URL, their secrets {"token"}."""

    def __init__(self, *, client: httpx.AsyncClient, public_url: str) -> None:
        self._client = client
        self._public_url = public_url.rstrip("/")

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Publish to the phone's topic."""
        server, topic = split_topic(phone.address)
        if not topic:
            return Refused("address names no topic")
        try:
            token = Access.model_validate_json(phone.secrets).token
        except ValueError:
            return Refused("the phone's access token is unusable")
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return await post(
            self._client, server, body=self._publication(message, topic), headers=headers
        )

    def _publication(self, message: Message, topic: str) -> bytes:
        page = self._public_url + message.path
        publication = {
            "topic": topic,
            "title": message.title,
            "message": message.body,
            "priority": QUIET if message.is_silent else LOUD,
            "click": page,
            # Taking an alert needs the officer's own session, so the button opens the page.
            "actions": [{"action": "view", "label": message.open_label, "url": page}],
        }
        return json.dumps(publication, ensure_ascii=False).encode()


def split_topic(address: str) -> tuple[str, str]:
    """`https://host/topic` as the address JSON is posted to, and the topic."""
    parts = urlsplit(address)
    folder, _, topic = parts.path.rstrip("/").rpartition("/")
    return f"{parts.scheme}://{parts.netloc}{folder}/", topic
