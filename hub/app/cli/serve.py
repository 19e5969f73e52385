"""Commands that run the hub, check it, and migrate its database."""

import argparse
import asyncio
import json
import resource
from collections.abc import Iterator
from pathlib import Path

import structlog

from hub.app import config, external_check
from hub.app.check import Finding, check
from hub.app.cli.core import OK, REFUSED, say, settings_of
from hub.app.cli.parsing import Commands, command
from hub.app.config import HubSettings
from hub.app.new_database import bring_up_to_date
from hub.app.roles.names import ROLES, UnknownRoleError, parse

log = structlog.get_logger()


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    one = command(verbs, "run", run, "run the hub")
    one.add_argument(
        "--roles",
        type=_roles,
        default=frozenset(ROLES),
        metavar="ROLES",
        help=f"the roles of this process, with commas; default: all, {','.join(ROLES)}",
    )
    one.add_argument(
        "--port",
        type=int,
        metavar="PORT",
        help="the port of this process; default: web.port, and without the role web"
        " one more for intake, two for notify, three for chores",
    )
    one.add_argument(
        "--stats", type=Path, metavar="FILE", help="at exit, write cpu_s and peak_rss_mib as JSON"
    )
    trial = command(verbs, "check", try_out, "check the configuration; change nothing")
    trial.add_argument(
        "--from-outside",
        metavar="HOST",
        help="check the hub at HOST from another computer, as phones and nodes reach it",
    )
    trial.add_argument(
        "--trust", type=Path, metavar="FILE", help="the certificate that phones trust"
    )
    for which, port in (("pages", 443), ("nodes", 8443), ("broker", 8883)):
        trial.add_argument(
            f"--{which}-port",
            type=int,
            default=port,
            metavar="PORT",
            help=f"with --from-outside; default: {port}",
        )
    command(
        verbs, "migrate", migrate_database, "migrate the database to the schema of this version"
    )
    first = command(
        verbs,
        "rehearse",
        rehearse,
        "for the installer: try this version while another one runs; change nothing",
    )
    first.add_argument("--copy", metavar="URL", help="migrate this copy of the database")


def run(args: argparse.Namespace) -> int:
    """Run the hub until it is stopped."""
    settings = settings_of(args)
    for line in config.removed_keys_in_use(args.config):
        log.warning("setting_removed", line=line)
    try:
        asyncio.run(_run(settings, args.roles, args.port))
    finally:
        if args.stats:
            args.stats.write_text(json.dumps(_stats()), encoding="utf-8")
    return OK


def try_out(args: argparse.Namespace) -> int:
    """Check every part, one line each; 78 if a fault would keep the hub from working."""
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


def migrate_database(args: argparse.Namespace) -> int:
    """Migrate the database to this program's schema."""
    bring_up_to_date(settings_of(args).store.url)
    say("the database is at this program's schema")
    return OK


def rehearse(args: argparse.Namespace) -> int:
    """Import all modules, read the configuration, and print the facts of the database as JSON; or
    migrate a copy of it."""
    from hub.app.upgrade import rehearsal  # noqa: PLC0415 - only here

    settings = settings_of(args)
    if args.copy:
        rehearsal.try_copy(args.copy)
        return OK
    rehearsal.import_all()
    say(json.dumps(rehearsal.facts(settings)))
    return OK


def _roles(text: str) -> frozenset[str]:
    try:
        return parse(text)
    except UnknownRoleError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


async def _run(settings: HubSettings, roles: frozenset[str], port: int | None) -> None:
    # The web server with everything it imports: no other command should wait for it.
    from hub.app.hub import Hub  # noqa: PLC0415 - heavy

    await Hub(settings, roles, port=port).run()


def _stats() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "peak_rss_mib": round(used.ru_maxrss / 1024, 1),
    }
