"""Channels of this hub, from its configuration."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.notify.channels import apprise, listing, zalo
from hub.notify.channels.descriptor import ChannelSettings, ChannelTools
from hub.notify.channels.port import Channel
from hub.notify.channels.reach import PrivateHosts, addresses_of
from hub.notify.channels.service_file import ServiceFileError

SETTINGS: Final = {zalo.FILE: "zalo_file", apprise.FILE: "services_file"}
"""Settings below [push] that name another place of a private file."""


def channel_settings(settings: HubSettings) -> ChannelSettings:
    """What the keeper set for channels."""
    return ChannelSettings(
        secrets_folder=settings.secrets.folder,
        set_files={file: getattr(settings.push, name) for file, name in SETTINGS.items()},
        ntfy_replaces=settings.push.ntfy_replaces,
    )


def files(settings: HubSettings) -> dict[str, Path]:
    """Places of the private files that the configuration may have placed elsewhere, by their usual
    name."""
    push, folder = settings.push, settings.secrets.folder
    return {file: Path(getattr(push, name) or folder / file) for file, name in SETTINGS.items()}


def channels(settings: HubSettings, tools: ChannelTools) -> dict[str, Channel]:
    """The channels by name; StartRefusedError if one of their files is unusable."""
    try:
        return listing.channels(channel_settings(settings), tools)
    except ServiceFileError as error:
        raise _refused(error) from error


def names(settings: HubSettings) -> list[str]:
    """Names of the channels, for `matthan-hub check`; StartRefusedError."""
    try:
        return list(listing.offered(channel_settings(settings)))
    except ServiceFileError as error:
        raise _refused(error) from error


def _refused(error: ServiceFileError) -> StartRefusedError:
    setting = SETTINGS.get(error.file)
    return StartRefusedError(f"push.{setting}: {error}" if setting else str(error))


def private_hosts(settings: HubSettings) -> PrivateHosts:
    """Hosts of addresses that the keeper set and that may be private."""
    push = settings.push
    return PrivateHosts(push.private_hosts, all_of_them=push.allows_local)


def unlisted(settings: HubSettings, topics: Iterable[str]) -> list[str]:
    """Hosts in use that are private and not listed, of `topics` of ntfy and of the keeper's files.
    Blocks."""
    private = private_hosts(settings)
    try:
        hosts = listing.hosts(channel_settings(settings))
    except ServiceFileError as error:
        raise _refused(error) from error
    hosts |= {host for topic in topics if (host := urlsplit(topic).hostname)}
    return sorted(host for host in hosts if not _can_be_sent_to(host, private))


def _can_be_sent_to(host: str, private: PrivateHosts) -> bool:
    try:
        return private.has(host) or bool(private.allowed(host, addresses_of(host)))
    except (OSError, ValueError):
        return True  # it has no address now: another fault
