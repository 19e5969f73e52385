"""The asker of a call: a signed-in person."""

from dataclasses import dataclass
from uuid import UUID

from hub.base.audit.log import By


@dataclass(frozen=True, slots=True)
class Asker:
    """A signed-in person; every call to the service names one."""

    person_id: UUID
    login: str
    name: str
    role: str
    language: str
    came_from: str
    """The network address, for the audit."""

    @property
    def by(self) -> By:
        """The person as the author of an act, for the audit."""
        return By(person_id=self.person_id, came_from=self.came_from)
