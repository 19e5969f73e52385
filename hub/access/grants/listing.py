"""The table of people: its order, search and filters."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final
from uuid import UUID

from hub.access.account_state import CLOSED, OPEN, SUSPENDED
from hub.access.grants.views import GrantPerson, GrantRow, GrantsPage
from hub.access.grants.wording import role_name
from hub.access.rules.roles import Role
from hub.base.text.order import by_name, by_place
from hub.web.i18n import Messages
from hub.web.table_view import Listing

STATES: Final = (OPEN, SUSPENDED, CLOSED)


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person with the text for each column of the table."""

    person: GrantPerson
    role: str
    """In words."""
    grants: int | None
    """Their grants that the reader sees; None: the account is shut, and none counts."""


def lines(page: GrantsPage, words: Messages) -> list[PersonLine]:
    """Everybody with an account that the reader may know of."""
    grants = Counter(row.person_id for row in _all_grants(page))
    return [
        *(
            PersonLine(one, role_name(one.role, words), grants[one.person_id])
            for one in page.people
        ),
        *(PersonLine(one, role_name(one.role, words), None) for one in page.closed),
    ]


def grants_of(page: GrantsPage, person_id: UUID) -> list[GrantRow]:
    """Grants of one person that the reader sees, by place."""
    theirs = (row for row in _all_grants(page) if row.person_id == person_id)
    return sorted(theirs, key=lambda row: (by_place(row.place), row.camera_label or ""))


def _all_grants(page: GrantsPage) -> Iterable[GrantRow]:
    return chain(page.above, *(area.grants for area in page.tree))


def _state(line: PersonLine) -> str:
    """A reopened account counts as an open one."""
    return line.person.state if line.person.state in STATES else OPEN


LISTING: Final = Listing[PersonLine](
    path="/grants",
    columns={
        "name": lambda line: by_name(line.person.name),
        "role": lambda line: by_name(line.role),
        "grants": lambda line: line.grants,
        "state": lambda line: STATES.index(_state(line)),
    },
    standard="name",
    text=lambda line: line.person.name,
    choices={
        "role": (tuple(Role), lambda line: line.person.role),
        "state": (STATES, _state),
    },
)
