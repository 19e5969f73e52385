"""Channels of this hub: Web Push and ntfy always, others by the keeper's files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.base.clock.clock import Clock
from hub.base.credentials import found
from hub.base.secret_store.store import FILES, SecretStore
from hub.notify.channels.apprise import host_of, read_services, services
from hub.notify.channels.ntfy import Ntfy
from hub.notify.channels.port import Channel
from hub.notify.channels.reach import PrivateHosts, addresses_of
from hub.notify.channels.webpush import WebPush
from hub.notify.channels.zalo import ZaloAccount, ZaloBot, ZaloZns
from hub.notify.channels.zalo_settings import ServiceFileError, ZaloSettings, read_zalo
from hub.notify.channels.zalo_token import ZaloToken

KEPT_IN: Final = "zalo-tokens.json"


def channels(
    settings: HubSettings,
    *,
    webpush: WebPush,
    client: httpx.AsyncClient,
    clock: Clock,
    secrets: SecretStore = FILES,
) -> dict[str, Channel]:
    """The channels by name; StartRefusedError if one of their files is unusable."""
    public_url = settings.web.public_url
    made: dict[str, Channel] = {
        "webpush": webpush,
        "ntfy": Ntfy(client=client, public_url=public_url, replaces=settings.push.ntfy_replaces),
    }
    zalo, others = zalo_of(settings), services_of(settings)
    shared: dict[str, Any] = {"client": client, "public_url": public_url}
    if zalo.bot is not None:
        made["zalo_bot"] = ZaloBot(bot=zalo.bot, **shared)
    if zalo.oa is not None:
        token = ZaloToken(
            account=zalo.oa,
            file=settings.secrets.folder / KEPT_IN,
            secrets=secrets,
            client=client,
            clock=clock,
        )
        made["zalo"] = ZaloAccount(account=zalo.oa, token=token, **shared)
        made["zalo_group"] = ZaloAccount(account=zalo.oa, token=token, to_groups=True, **shared)
        if zalo.zns is not None:
            made["zns"] = ZaloZns(zns=zalo.zns, token=token, **shared)
    private = private_hosts(settings)
    return made | dict(services(others, public_url=public_url, private=private))


def private_hosts(settings: HubSettings) -> PrivateHosts:
    """Hosts of addresses that the keeper set and that may be private."""
    push = settings.push
    return PrivateHosts(push.private_hosts, all_of_them=push.allows_local)


def unlisted(settings: HubSettings, topics: Iterable[str]) -> list[str]:
    """Hosts in use that are private and not listed, of `topics` of ntfy and of the keeper's files.
    Blocks."""
    private, zalo = private_hosts(settings), zalo_of(settings)
    own = [urlsplit(one).hostname or "" for one in topics]
    parts = (zalo.bot, zalo.oa, zalo.zns)
    for address in (value for part in parts if part for _, value in part):
        if isinstance(address, str) and address.startswith("http"):
            own.append(urlsplit(address).hostname or "")
    own += [host_of(one.replace("{to}", "84912345678")) for one in services_of(settings).values()]
    return sorted({host for host in own if host and not _can_be_sent_to(host, private)})


def _can_be_sent_to(host: str, private: PrivateHosts) -> bool:
    try:
        return private.has(host) or bool(private.allowed(host, addresses_of(host)))
    except (OSError, ValueError):
        return True  # it has no address now: another fault


def zalo_of(settings: HubSettings) -> ZaloSettings:
    """Zalo settings of the keeper's file; empty without one."""
    path = zalo_file(settings)
    if not found(path).exists() and not settings.push.zalo_file:
        return ZaloSettings()
    try:
        return read_zalo(path)
    except ServiceFileError as error:
        raise StartRefusedError(f"push.zalo_file: {error}") from error


def services_of(settings: HubSettings) -> Mapping[str, str]:
    """Addresses of the keeper's other services, by channel."""
    path = services_file(settings)
    if not found(path).exists() and not settings.push.services_file:
        return {}
    try:
        return read_services(path)
    except ServiceFileError as error:
        raise StartRefusedError(f"push.services_file: {error}") from error


def zalo_file(settings: HubSettings) -> Path:
    """File with the Zalo secrets, if any."""
    return Path(settings.push.zalo_file or settings.secrets.folder / "zalo.toml")


def services_file(settings: HubSettings) -> Path:
    """File with the other services' addresses, if any."""
    return Path(settings.push.services_file or settings.secrets.folder / "services.toml")


def names(settings: HubSettings) -> list[str]:
    """Names of the channels, for `matthan-hub check`."""
    zalo = zalo_of(settings)
    found = ["webpush", "ntfy"]
    found += ["zalo_bot"] * (zalo.bot is not None) + ["zalo", "zalo_group"] * (zalo.oa is not None)
    return [*found, *(["zns"] if zalo.zns is not None else []), *services_of(settings)]
