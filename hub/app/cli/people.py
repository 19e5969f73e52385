"""Command for invitations: a one-time link, above all for the first keeper."""

import argparse
from collections.abc import Callable

import segno
from sqlalchemy import Connection

from hub.access.invitations.service import Made, NewPerson, make
from hub.app.cli import core
from hub.base.audit.log import SHELL
from hub.base.moment import Moment


def invite(args: argparse.Namespace) -> int:
    """Print a link that signs its person in once, and its QR code."""
    new = NewPerson(args.login, args.name or args.login, args.language, args.role)
    return show_link(args, lambda conn, now: make(conn, new, by=SHELL, now=now))


def show_link(args: argparse.Namespace, make_it: Callable[[Connection, Moment], Made]) -> int:
    """Create an invitation, and print its link as text and QR code."""
    public_url = core.settings_of(args).web.public_url
    token = ""

    def write(conn: Connection, now: Moment) -> str:
        nonlocal token
        made = make_it(conn, now)
        token = made.token
        return f"{made.name} comes in once, within three days, by {public_url}/invited/{token}"

    code = core.enter(args, write)
    segno.make(f"{public_url}/invited/{token}", micro=False).terminal(compact=True)
    return code
