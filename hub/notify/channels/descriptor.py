"""Descriptor of a channel: its name, label and place in the order, and how it is made.

Each file of channels has one `ChannelSource`; `hub.notify.channels.listing` lists them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx

from hub.base.clock.clock import Clock
from hub.base.credentials import found
from hub.base.secret_store.store import SecretStore
from hub.notify.channels.port import Channel
from hub.notify.channels.reach import PrivateHosts

LAST: Final = 1000
"""Order of channels without a place of their own: after all others, by name."""


class Address(StrEnum):
    """What a phone's address on a channel is."""

    OWN = "own"
    """The phone registers it, with secrets of its own."""
    PERSON = "person"
    """The name of the channel and one person's id or number: `telegram:123456`."""
    GROUP = "group"
    """The name of the channel and the id of a group of people."""


@dataclass(frozen=True, slots=True)
class ChannelEntry:
    """What the hub knows of a channel, also where the keeper did not set it up."""

    name: str
    """Name in the database; it never changes."""
    label: str
    """Name on the pages: an English text, marked with `page_text` if it has a translation."""
    order: int = LAST
    """People who choose no order are told by the channel with the least number first."""
    address: Address = Address.PERSON
    """What a phone's address on this channel is."""
    reports_shown: bool = False
    """True if its phones report what they show. On others silence means nothing."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What the keeper set."""

    secrets_folder: Path
    """Folder of the hub's secrets, and of the private files of channels."""
    set_files: Mapping[str, str] = field(default_factory=dict)
    """Other places of private files, by their usual name; an empty place is none."""
    ntfy_replaces: bool = False
    """True if the ntfy server is 2.16 or newer."""

    def file(self, name: str) -> Path | None:
        """The private file `name` of a channel. None if it is not there and was not set."""
        if place := self.set_files.get(name):
            return Path(place)
        path = self.secrets_folder / name
        return path if found(path).exists() else None


@dataclass(frozen=True, slots=True, eq=False)
class ChannelTools:
    """What channels are made with. Equal only to itself: channels of one account share by it."""

    public_url: str
    """Address of the hub, in links of messages."""
    client: httpx.AsyncClient
    """Client for addresses that the keeper set."""
    webpush: Channel
    """Web Push, with the hub's push key and a client for addresses that phones register."""
    private: PrivateHosts
    """Hosts of the keeper's addresses that may be private."""
    clock: Clock
    """Clock of the hub."""
    secrets: SecretStore
    """Store of secrets that a channel renews, such as tokens."""


Make = Callable[[ChannelTools], Channel]


def _no_hosts(_: ChannelSettings) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class ChannelSource:
    """The channels of one file of code."""

    entries: tuple[ChannelEntry, ...]
    """Channels that it knows by name."""
    offered: Callable[[ChannelSettings], Mapping[str, Make]]
    """Finds the channels that are set up, and what makes each. ServiceFileError if the keeper's
    file cannot be used."""
    hosts: Callable[[ChannelSettings], Iterable[str]] = _no_hosts
    """Finds the hosts of the addresses that the keeper set. Same error."""
    file: str = ""
    """Usual name of the keeper's private file; empty if it needs none."""
