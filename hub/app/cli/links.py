"""Shows the link of an invitation as text and QR code."""

import argparse
from collections.abc import Callable

import segno
from sqlalchemy import Connection

from hub.access.invitations.service import Made
from hub.app.cli import core
from hub.base.moment import Moment


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
