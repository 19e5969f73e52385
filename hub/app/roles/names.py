"""Names of the roles. One process has all of them, or several processes share them."""

from collections.abc import Iterable
from typing import Final

INTAKE: Final = "intake"
WEB: Final = "web"
NOTIFY: Final = "notify"
CHORES: Final = "chores"

ROLES: Final = (INTAKE, WEB, NOTIFY, CHORES)
"""All roles, in the order of their default ports: `web` has `web.port` itself."""

MISSED: Final = {
    INTAKE: "messages of the camera boxes are not received, the boxes keep them",
    WEB: "there are no pages, and the camera boxes keep their clips",
    NOTIFY: "no alert reaches a phone, and nobody else is called",
    CHORES: "nothing is removed in time, and nobody is told of a camera that is lost",
}
"""Meaning for a person if no process has the role."""


def cure(role: str) -> str:
    """The cure if no process has this role."""
    return f"start one: systemctl start matthan-hub@{role}, or matthan-hub run --roles {role}"


class UnknownRoleError(ValueError):
    """A name is not a role; the message lists the known ones."""


def parse(text: str) -> frozenset[str]:
    """The roles in a comma-separated list; raises UnknownRoleError."""
    named = [name.strip() for name in text.split(",")]
    for name in named:
        if name not in ROLES:
            raise UnknownRoleError(f"{name!r} is no role; known are {','.join(ROLES)}")
    return frozenset(named)


def in_order(roles: Iterable[str]) -> list[str]:
    """Roles in the order of `ROLES`."""
    there = set(roles)
    return [role for role in ROLES if role in there]


def default_port(web_port: int, roles: Iterable[str]) -> int:
    """Port of a process's pages, or of its health and metrics; different for each role, so that
    four processes can share one machine."""
    there = set(roles)
    if WEB in there:
        return web_port
    return (
        web_port + 1 + next(n for n, role in enumerate((INTAKE, NOTIFY, CHORES)) if role in there)
    )
