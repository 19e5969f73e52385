"""All channels: what each is called, in which order, and which of them this hub has."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from hub.notify.channels import apprise, ntfy, webpush, zalo
from hub.notify.channels.descriptor import (
    ChannelEntry,
    ChannelSettings,
    ChannelSource,
    ChannelTools,
    Make,
)
from hub.notify.channels.port import Channel
from hub.notify.channels.service_file import ServiceFileError
from hub.web.i18n import Messages

SOURCES: Final[tuple[ChannelSource, ...]] = (
    webpush.SOURCE,
    ntfy.SOURCE,
    zalo.SOURCE,
    apprise.SOURCE,
)
"""To add a channel, add its source here."""

_ENTRIES: Final = {entry.name: entry for source in SOURCES for entry in source.entries}


def entry_of(channel: str) -> ChannelEntry:
    """Entry of a channel. One that only the keeper's file knows has the name given there."""
    return _ENTRIES.get(channel) or ChannelEntry(channel, channel)


def label_of(channel: str, words: Messages) -> str:
    """Readable name of a channel."""
    return words.say(entry_of(channel).label)


def rank(channel: str) -> tuple[int, str]:
    """Place of a channel in the default order."""
    return (entry_of(channel).order, channel)


def offered(settings: ChannelSettings) -> dict[str, Make]:
    """Channels that the keeper set up, and what makes each. ServiceFileError names the fault in a
    private file."""
    found: dict[str, Make] = {}
    for source in SOURCES:
        with _file_named(source):
            found |= _offered_by(source, settings)
    return found


@contextmanager
def _file_named(source: ChannelSource) -> Iterator[None]:
    """An error in the private file of this source carries the file's usual name."""
    try:
        yield
    except ServiceFileError as error:
        error.file = source.file
        raise


def _offered_by(source: ChannelSource, settings: ChannelSettings) -> Mapping[str, Make]:
    made = source.offered(settings)
    for name in made:
        if name in _ENTRIES and _ENTRIES[name] not in source.entries:
            raise ServiceFileError(
                f"{settings.file(source.file)}: {name!r} cannot be a channel's name: another"
                " channel has it. Write one such as telegram"
            )
    return made


def channels(settings: ChannelSettings, tools: ChannelTools) -> dict[str, Channel]:
    """Make the channels of this hub, by name; ServiceFileError."""
    return {name: make(tools) for name, make in offered(settings).items()}


def hosts(settings: ChannelSettings) -> set[str]:
    """Hosts of the addresses that the keeper set for channels; ServiceFileError."""
    found: set[str] = set()
    for source in SOURCES:
        with _file_named(source):
            found.update(source.hosts(settings))
    return found - {""}
