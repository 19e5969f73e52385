"""Command that adds a phone of a person."""

import argparse
import sys

from hub.access.people import person_by_login
from hub.app import stores
from hub.app.cli import entries
from hub.app.cli.core import OK, line_of_stdin, say, settings_of
from hub.app.cli.parsing import Commands, command, existing_file_or_stdin, group
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.errors import RegistryError
from hub.notify.phones.service import PhoneService


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    phone = command(group(verbs, "phone", "phones"), "add", add_phone, "add a phone of a person")
    phone.add_argument("login", help="the login of the person")
    kind = phone.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--webpush",
        type=existing_file_or_stdin,
        metavar="FILE",
        help="the push subscription of a browser as JSON; - reads stdin",
    )
    kind.add_argument("--ntfy", metavar="URL", help="a topic on an ntfy server")
    kind.add_argument(
        "--to",
        metavar="CHANNEL:WHO",
        help="an address on another channel, such as zalo:USER, zns:0912345678, sms:NUMBER",
    )
    phone.add_argument(
        "--token-stdin",
        action="store_true",
        help="read the access token of ntfy from one line of stdin",
    )
    phone.add_argument("--label", default="", help="the owner's name for the phone")


def add_phone(args: argparse.Namespace) -> int:
    """Add an officer's phone."""
    if args.ntfy:
        token = line_of_stdin() if args.token_stdin else None
        phone = entries.ntfy_subscription(args.ntfy, token)
    elif args.to:
        phone = entries.parse_service_address(args.to)
    else:
        is_stdin = str(args.webpush) == "-"
        phone = entries.parse_subscription(
            sys.stdin.read() if is_stdin else args.webpush.read_text()
        )
    settings = settings_of(args)
    db = stores.database(settings)
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
