"""Command for invitations: a one-time link, above all for the first keeper."""

import argparse
from datetime import date
from zoneinfo import ZoneInfo

from hub.access.invitations.service import ROLES, NewPerson, make
from hub.access.rules.grants import Right
from hub.access.rules.roles import Role
from hub.app.cli import accounts, core, entries, links
from hub.app.cli.parsing import Commands, command, group
from hub.base.audit.log import SHELL


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    officers = group(verbs, "officer", "people")
    _channels(officers)
    _officer(officers)
    _invitation(officers)
    accounts.add_to(officers)
    _grant(verbs)


def _channels(officers: Commands) -> None:
    channels = command(
        officers, "channels", choose_channels, "set the order of channels of an officer"
    )
    channels.add_argument("login", help="the login of the person")
    channels.add_argument(
        "order",
        help="such as webpush,ntfy or 'ntfy; critical=sms+webpush'; '' is the default",
    )


def _officer(officers: Commands) -> None:
    officer = command(officers, "add", add_officer, "add a person with a password")
    officer.add_argument("login", help="the login of the person")
    officer.add_argument("--name", help="the name on pages; default: the login")
    officer.add_argument("--language", choices=("vi", "en"), default="vi", help="default: vi")
    officer.add_argument(
        "--role", choices=tuple(Role), default=Role.OFFICER, help="default: officer"
    )
    password = officer.add_mutually_exclusive_group(required=True)
    password.add_argument(
        "--password-stdin", action="store_true", help="read the password from one line of stdin"
    )
    password.add_argument(
        "--generate-password", action="store_true", help="make a password and show it once"
    )


def _invitation(officers: Commands) -> None:
    invited = command(officers, "invite", invite, "make a one-time link for a new or known person")
    invited.add_argument("login", help="the login of the person")
    invited.add_argument("--name", help="the name on pages; default: the login")
    invited.add_argument("--language", choices=("vi", "en"), default="vi", help="default: vi")
    invited.add_argument("--role", choices=ROLES, default="officer", help="default: officer")


def _grant(verbs: Commands) -> None:
    grant = command(group(verbs, "grant", "grants"), "add", add_grant, "grant rights to a person")
    grant.add_argument("login", help="the login of the person")
    grant.add_argument("--area", required=True, help="the area, with everything below it")
    grant.add_argument(
        "--rights",
        required=True,
        type=_rights,
        help=",".join(right.lower() for right in Right.__members__),
    )
    grant.add_argument(
        "--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the last day"
    )
    grant.add_argument("--reason", required=True, help="the reason; it is logged")


def _rights(text: str) -> Right:
    try:
        return entries.parse_rights(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def choose_channels(args: argparse.Namespace) -> int:
    """Set an officer's order of channels."""
    return core.enter(
        args, lambda conn, now: entries.enter_channels(conn, args.login, args.order, now=now)
    )


def add_officer(args: argparse.Namespace) -> int:
    """Add an officer; a generated password is shown once."""
    password = entries.generated_password() if args.generate_password else core.line_of_stdin()
    code = core.enter(
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
        core.say(f"password: {password}")
    return code


def add_grant(args: argparse.Namespace) -> int:
    """Grant an officer an area."""
    zone = ZoneInfo(core.settings_of(args).web.time_zone)
    ends_utc_us = entries.end_of_day(args.until, zone) if args.until else None
    return core.enter(
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


def invite(args: argparse.Namespace) -> int:
    """Print a link that signs its person in once, and its QR code."""
    new = NewPerson(args.login, args.name or args.login, args.language, args.role)
    return links.show_link(args, lambda conn, now: make(conn, new, by=SHELL, now=now))
