"""Functions of the command line; each returns the exit code."""

import argparse
import asyncio
import json
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from hub.access.people import person_by_login
from hub.app import config, external_check, logs
from hub.app.check import Finding, check
from hub.app.cli import entries
from hub.app.config import HubSettings
from hub.app.wiring import resources
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.schema import migrate
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.notify.phones.service import PhoneService
from hub.registry.registry import CameraPosition

log = structlog.get_logger()

OK = 0
REFUSED = 78
"""EX_CONFIG of sysexits.h: somebody must edit something, or something missing must come back."""


def run(args: argparse.Namespace) -> int:
    """Run the hub until it is stopped."""
    settings = settings_of(args)
    for line in config.removed_keys_in_use(args.config):
        log.warning("setting_removed", line=line)
    try:
        asyncio.run(_run(settings))
    finally:
        if args.stats:
            args.stats.write_text(json.dumps(_stats()), encoding="utf-8")
    return OK


def try_out(args: argparse.Namespace) -> int:
    """One line per part; 78 if one would keep the hub from working."""
    is_well = True
    found = _outside(args) if args.from_outside else check(settings_of(args))
    for is_part_well, part, line in found:
        is_well &= is_part_well
        say(f"{'ok ' if is_part_well else 'BAD'}  {part}: {line}")
    for line in [] if args.from_outside else config.removed_keys_in_use(args.config):
        say(f"ok   configuration: {line}")
    return OK if is_well else REFUSED


def _outside(args: argparse.Namespace) -> Iterator[Finding]:
    place = external_check.CheckedAddress(
        args.from_outside,
        pages=args.pages_port,
        nodes=args.nodes_port,
        broker=args.broker_port,
        trusted=args.trust,
    )
    return external_check.check_outside(place, now=external_check.now)


def start(args: argparse.Namespace) -> int:
    """Migrate the database to this program's schema."""
    migrate(settings_of(args).store.url)
    say("the database is at this program's schema")
    return OK


def add_area(args: argparse.Namespace) -> int:
    """Add an area."""
    return enter(
        args,
        lambda conn, now: entries.enter_area(
            conn, args.name, level=args.level, parent=args.parent, now=now
        ),
    )


def add_node(args: argparse.Namespace) -> int:
    """Add a node."""
    return enter(
        args, lambda conn, now: entries.enter_node(conn, args.name, area=args.area, now=now)
    )


def place_camera(args: argparse.Namespace) -> int:
    """Set a camera's position."""
    place = CameraPosition(args.latitude, args.longitude, args.bearing)
    return enter(
        args,
        lambda conn, now: entries.enter_camera(
            conn,
            args.node,
            args.camera,
            place=place,
            label=args.label,
            area=args.area,
            now=now,
        ),
    )


def add_officer(args: argparse.Namespace) -> int:
    """Add an officer; a generated password is shown once."""
    password = entries.generated_password() if args.generate_password else _line_of_stdin()
    code = enter(
        args,
        lambda conn, now: entries.enter_officer(
            conn,
            args.login,
            name=args.name or args.login,
            language=args.language,
            role=args.role,
            password=password,
            now=now,
        ),
    )
    if args.generate_password:
        say(f"password: {password}")
    return code


def add_grant(args: argparse.Namespace) -> int:
    """Grant an officer an area."""
    zone = ZoneInfo(settings_of(args).web.time_zone)
    ends_utc_us = entries.end_of_day(args.until, zone) if args.until else None
    return enter(
        args,
        lambda conn, now: entries.enter_grant(
            conn,
            args.login,
            area=args.area,
            rights=args.rights,
            ends_utc_us=ends_utc_us,
            reason=args.reason,
            now=now,
        ),
    )


def choose_channels(args: argparse.Namespace) -> int:
    """Set an officer's order of channels."""
    return enter(
        args, lambda conn, now: entries.enter_channels(conn, args.login, args.order, now=now)
    )


def add_phone(args: argparse.Namespace) -> int:
    """Add an officer's phone."""
    if args.ntfy:
        token = _line_of_stdin() if args.token_stdin else None
        phone = entries.ntfy_subscription(args.ntfy, token)
    elif args.to:
        phone = entries.parse_service_address(args.to)
    else:
        is_stdin = str(args.webpush) == "-"
        phone = entries.parse_subscription(
            sys.stdin.read() if is_stdin else args.webpush.read_text()
        )
    settings = settings_of(args)
    db = resources.database(settings)
    try:
        with db.reading() as conn:
            person_id = person_by_login(conn, args.login)
        if person_id is None:
            raise RegistryError(f"nobody signs in as {args.login!r}; add them with: officer add")
        asker = Asker(person_id, args.login, args.login, "", "", came_from="shell")
        phones = PhoneService(Acting(db, clock=HubClock(), change_signal=ChangeSignal()))
        phone_id = phones.add_phone(
            asker,
            channel=phone.channel,
            address=phone.address,
            secrets=phone.secrets,
            label=args.label,
        )
    finally:
        db.close()
    say(f"phone of {args.login} over {phone.channel}: {phone_id}")
    return OK


def say(text: str) -> None:
    """Print for the user of the command."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def settings_of(args: argparse.Namespace) -> HubSettings:
    """Configuration of a command; sets up logs."""
    settings = config.load(args.config)
    logs.set_up(settings.log)
    return settings


async def _run(settings: HubSettings) -> None:
    # The web server with everything it imports: no other command should wait for it.
    from hub.app.hub import Hub  # noqa: PLC0415 - heavy

    await Hub(settings).run()


def enter(args: argparse.Namespace, write: Callable[[Connection, Moment], str]) -> int:
    """Write in one transaction, and print the result."""
    db = resources.database(settings_of(args))
    try:
        with db.writing() as conn:
            said = write(conn, HubClock().now())
    finally:
        db.close()
    say(said)
    return OK


def _line_of_stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _stats() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "peak_rss_mib": round(used.ru_maxrss / 1024, 1),
    }


def existing_file_or_stdin(text: str) -> Path:
    """A file to read, or "-"."""
    path = Path(text)
    if text != "-" and not path.is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text}")
    return path
