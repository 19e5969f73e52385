"""Commands that close an account, and reopen it with a one-time link."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection

from hub.access.account_errors import AccountError
from hub.access.invitations.service import Made
from hub.access.people import person_by_login
from hub.app import stores
from hub.app.cli import core, links
from hub.app.cli.parsing import Commands, command
from hub.base.audit import log
from hub.base.audit.acting import reason_of
from hub.base.audit.log import SHELL
from hub.base.clock.clock import HubClock
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.console.accounts import closing, queries, service


def add_to(officers: Commands) -> None:
    """Add the commands of this module."""
    closed = command(officers, "close", close, "close an account at once")
    reopened = command(officers, "reopen", reopen, "reopen an account by a one-time link")
    for which, is_required in ((closed, True), (reopened, False)):
        which.add_argument("login", help="the login of the person")
        meaning = "the reason, for the log"
        which.add_argument("--reason", required=is_required, default="", help=meaning)


def close(args: argparse.Namespace) -> int:
    """Close an account with all that follows from it; a running hub ends its open pages within a
    second."""

    def write(conn: Connection, now: Moment) -> str:
        person_id = _known(conn, args.login)
        closing.close(conn, person_id, reason=args.reason, by=SHELL, now=now)
        owned = ", ".join(one.number for one in queries.own_cases(conn, person_id))
        left = f"; give its cases to others on its page under /grants: {owned}" if owned else ""
        return f"the account of {args.login} is closed{left}"

    with _noting_refusal(args, closing.CLOSING):
        return core.enter(args, write)


def reopen(args: argparse.Namespace) -> int:
    """Reopen an account, and print the link with which its person signs in."""

    def make(conn: Connection, now: Moment) -> Made:
        person_id = _known(conn, args.login)
        return service.reopen(conn, person_id, reason=args.reason, by=SHELL, now=now)

    with _noting_refusal(args, closing.REOPENING):
        return links.show_link(args, make)


@contextmanager
def _noting_refusal(args: argparse.Namespace, act: str) -> Iterator[None]:
    """Log an AccountError in a transaction of its own: the command's transaction is rolled back."""
    try:
        yield
    except AccountError as error:
        db = stores.database(core.settings_of(args))
        try:
            with db.writing() as conn:
                log.note(
                    conn,
                    SHELL,
                    act=f"{act}.refused",
                    object_kind="person",
                    object_id=person_by_login(conn, args.login),
                    detail=reason_of(error),
                    now=HubClock().now(),
                )
        finally:
            db.close()
        raise


def _known(conn: Connection, login: str) -> UUID:
    person_id = person_by_login(conn, login)
    if person_id is None:
        raise RegistryError(f"nobody signs in as {login!r}; add them with: officer add")
    return person_id
