"""Command-line entry of areas, nodes, officers, grants and phones."""

import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.access.grants.people_rows import add_person
from hub.access.grants.rows import add_grant
from hub.access.passwords import Passwords
from hub.access.people import person_by_login
from hub.access.rules.grants import Grant, Right
from hub.base.audit import log
from hub.base.audit.detail import plain
from hub.base.audit.log import SHELL
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.notify.channels import ntfy, webpush
from hub.notify.channels.descriptor import Address
from hub.notify.channels.listing import entry_of
from hub.notify.phones.rows import choose_channels
from hub.notify.rules.channel_order import NAME
from hub.registry.registry import CameraPosition, add_area, add_node, area_by_name, place_camera

GENERATED_LETTERS: Final = 16
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without letters that are easily confused when read aloud or copied by hand."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A phone for the ledger; `secrets` is JSON."""

    channel: str
    address: str
    secrets: str


def enter_area(conn: Connection, name: str, *, level: str, parent: str | None, now: Moment) -> str:
    """Add an area below `parent`."""
    parent_id = area_by_name(conn, parent) if parent else None
    area_id = add_area(conn, name=name, level=level, parent_id=parent_id, now=now)
    return f"area {name}: {area_id}"


def enter_node(conn: Connection, name: str, *, area: str, now: Moment) -> str:
    """Add a node; its cameras come with its birth."""
    node_id = add_node(conn, name=name, area_id=area_by_name(conn, area), now=now)
    return f"node {name}: {node_id}"


def enter_camera(
    conn: Connection,
    node: str,
    camera: str,
    *,
    place: CameraPosition,
    label: str | None,
    area: str | None,
    now: Moment,
) -> str:
    """Set position and label of a camera."""
    camera_id = place_camera(
        conn,
        node_name=node,
        camera=camera,
        place=place,
        label=label,
        area_id=area_by_name(conn, area) if area else None,
        now=now,
    )
    where = f"{place.latitude_deg:.6f}, {place.longitude_deg:.6f}"
    return f"camera {camera} of {node} at {where}: {camera_id}"


def enter_officer(
    conn: Connection, login: str, *, name: str, language: str, role: str, password: str, now: Moment
) -> str:
    """Add an officer; without a grant they see nothing."""
    person_id = add_person(
        conn,
        login=login,
        name=name,
        language=language,
        role=role,
        password=password,
        passwords=Passwords(),
        now=now,
    )
    return f"officer {login}: {person_id}"


def enter_grant(
    conn: Connection,
    login: str,
    *,
    area: str,
    rights: Right,
    ends_utc_us: int | None,
    reason: str,
    now: Moment,
) -> str:
    """Grant an officer an area with its sub-areas, from now on."""
    person_id = person_by_login(conn, login)
    if person_id is None:
        raise RegistryError(f"nobody signs in as {login!r}; add them with: officer add")
    grant = Grant(
        area_id=area_by_name(conn, area),
        camera_id=None,
        rights=rights,
        starts_utc_us=now.utc_us,
        ends_utc_us=ends_utc_us,
    )
    grant_id = add_grant(conn, person_id=person_id, grant=grant, reason=reason, now=now)
    return f"grant to {login} on {area}: {grant_id}"


def enter_channels(conn: Connection, login: str, order: str, *, now: Moment) -> str:
    """Set an officer's order of channels."""
    person_id = person_by_login(conn, login)
    if person_id is None:
        raise RegistryError(f"nobody signs in as {login!r}; add them with: officer add")
    choose_channels(conn, person_id, order)
    log.note(
        conn,
        SHELL,
        act="channels.choose",
        object_kind="person",
        object_id=person_id,
        detail=plain(order),
        now=now,
    )
    return f"officer {login} is told by {order}"


def generated_password() -> str:
    """A random password of about 92 bits, easy to read aloud."""
    return "".join(secrets.choice(_LETTERS) for _ in range(GENERATED_LETTERS))


def parse_rights(text: str) -> Right:
    """Parse "see,clips,alerted"; ValueError names an unknown right."""
    rights = Right(0)
    for word in text.split(","):
        name = word.strip().upper()
        if name not in Right.__members__:
            known = ",".join(right.lower() for right in Right.__members__)
            raise ValueError(f"{word.strip()!r} is no right; known are {known}")
        rights |= Right[name]
    return rights


def end_of_day(day: date, zone: ZoneInfo) -> int:
    """First microsecond (UTC) after this day in the zone."""
    midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    return round(midnight.timestamp()) * 1_000_000


def parse_subscription(text: str) -> Subscription:
    """Parse a browser's push subscription, the output of its `JSON.stringify`."""
    try:
        raw = json.loads(text)
        keys = {name: str(raw["keys"][name]) for name in ("p256dh", "auth")}
        return Subscription(webpush.NAME, str(raw["endpoint"]), json.dumps(keys))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            'not a push subscription: {"endpoint": ..., "keys": {"p256dh": ..., "auth": ...}}'
        ) from error


def ntfy_subscription(address: str, token: str | None) -> Subscription:
    """A topic on an ntfy server, with an access token if the server needs one."""
    return Subscription(ntfy.NAME, address, json.dumps({"token": token} if token else {}))


def parse_service_address(text: str) -> Subscription:
    """Parse a person's own part of an address on one of the keeper's channels, for example
    `telegram:123456`."""
    channel, _, who = text.partition(":")
    is_own = entry_of(channel).address is Address.OWN
    if not NAME.fullmatch(channel) or is_own or not who.strip():
        raise ValueError(f"{text!r} is none such as telegram:123456 or zns:0912345678")
    return Subscription(channel, f"{channel}:{who.strip()}", "{}")
