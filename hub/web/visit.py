"""One request of a signed-in person, as pages get it."""

from dataclasses import dataclass
from typing import TypeVar

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
        """The same; None if the hub is without it."""
        return self.site.services.find(kind)

    def may(self, name: str) -> bool:
        """Whether a link to another capability is shown, by its name in `Feature.may`."""
        return self.site.may[name](self)
