"""The keeper's shell closes an account, and reopens it with a one-time link."""

import argparse
from uuid import UUID

from sqlalchemy import Connection

from hub.alerts.moment import Moment
from hub.assembly import commands, inviting
from hub.store import account_closing, account_door, account_sights
from hub.store.audit import By
from hub.store.invitations import Made
from hub.store.registry import RegistryError
from hub.store.staff import person_by_login

_SHELL = By(came_from="shell")


def close(args: argparse.Namespace) -> int:
    """Close an account with all that follows from it; a running hub ends its pages within a
    second."""

    def write(conn: Connection, now: Moment) -> str:
        person_id = _known(conn, args.login)
        account_closing.close(conn, person_id, reason=args.reason, by=_SHELL, now=now)
        owned = ", ".join(one.number for one in account_sights.own_cases(conn, person_id))
        left = f"; give its cases to others on its page under /grants: {owned}" if owned else ""
        return f"the account of {args.login} is closed{left}"

    return commands.enter(args, write)


def reopen(args: argparse.Namespace) -> int:
    """Reopen an account, and print the link by which its person comes in."""

    def make(conn: Connection, now: Moment) -> Made:
        person_id = _known(conn, args.login)
        return account_door.reopen(conn, person_id, reason=args.reason, by=_SHELL, now=now)

    return inviting.show_link(args, make)


def _known(conn: Connection, login: str) -> UUID:
    person_id = person_by_login(conn, login)
    if person_id is None:
        raise RegistryError(f"nobody signs in as {login!r}; add them with: officer add")
    return person_id
