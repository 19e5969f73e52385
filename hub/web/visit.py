"""One request of a signed-in person, in the form that pages get."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from hub.base.audit.asker import Asker
from hub.web.rendering import Site
from hub.web.session import Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a signed-in person."""

    site: Site
    session: Session

    @property
    def asker(self) -> Asker:
        """The person, in the form of the services."""
        return self.session.asker

    def use(self, kind: type[T]) -> T:
        """A service of another capability, for a part of the page (`hub.web.services`)."""
        return self.site.services.use(kind)

    def find(self, kind: type[T]) -> T | None:
        """A service of another capability, see `use`; None if the hub is without it."""
        return self.site.services.find(kind)

    def may(self, name: str) -> bool:
        """True if a link to another capability is shown, by its name in `Feature.may`."""
        return self.site.may[name](self)

    def panels(self, page: str, shown_id: UUID) -> dict[str, object]:
        """Values that other capabilities add to a page about this object, by template name."""
        found: dict[str, object] = {}
        for panel in self.site.panels.get(page, ()):
            found |= panel(self, shown_id)
        return found


Panel = Callable[[Visit, UUID], Mapping[str, object]]
"""Part of a page: a request, and the object that the page is about, to template values."""
