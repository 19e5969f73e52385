"""How a page gets its services.

A route names the service of its own capability in its signature, as a FastAPI dependency, and hands
it to the functions below it:

    Cases = Annotated[CaseService, service(CaseService)]

    @router.get("/cases")
    def show_cases(request: Request, visit: SignedIn, cases: Cases) -> Response: ...

Where the hub may be without it: `Annotated[TipService | None, service_if_any(TipService)]`. A page
with parts of several capabilities gathers their services in one dependency, such as `AlertServices`
of `hub.console.pages`. What nobody makes is found when the hub starts.

Functions that a page of another capability calls may ask the visit: `visit.use(CaseService)`. Every
service is made once, from the hub's resources (`hub.app.web.services`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Depends, HTTPException, Request

T = TypeVar("T")


@dataclass(frozen=True)
class Under(Generic[T]):
    """A service under the type that pages name: a port that it fits, or, if the hub is without it,
    its own type with None."""

    kind: type[T]
    service: T | None = None


class Services:
    """The services of one application, each found by exactly one type."""

    def __init__(self, made: Iterable[object]) -> None:
        """`made`: services under their own types, or `Under` another; ValueError for two of one
        type."""
        self._made: dict[type[Any], Any] = {}
        for kind, one in map(_under, made):
            if kind in self._made:
                raise ValueError(f"two services are a {kind.__name__}")
            self._made[kind] = one

    def but_with(self, *others: object) -> "Services":
        """These services, with others in place of those of the same types."""
        changed = Services(())
        changed._made = self._made | dict(map(_under, others))
        return changed

    def check(self, kinds: Iterable[type[Any]]) -> None:
        """LookupError, with their names, if nothing is said of some of these types."""
        if missing := {kind.__name__ for kind in kinds} - {kind.__name__ for kind in self._made}:
            raise LookupError(f"nobody makes these services: {', '.join(sorted(missing))}")

    def find(self, kind: type[T]) -> T | None:
        """The service of this type; None if the hub is without it."""
        if kind not in self._made:
            self.check((kind,))
        found: T | None = self._made[kind]
        return found

    def use(self, kind: type[T]) -> T:
        """The service of this type; LookupError if the hub is without it."""
        found = self.find(kind)
        if found is None:
            raise LookupError(f"this hub has no {kind.__name__}")
        return found


def _under(one: object) -> tuple[type[Any], Any]:
    return (one.kind, one.service) if isinstance(one, Under) else (type(one), one)


class ServiceProvider:
    """Gives a request the service of one type. Asynchronous, so that it needs no thread."""

    def __init__(self, kind: type[object], *, may_lack: bool = False) -> None:
        """`may_lack`: the page goes without it where the hub has none."""
        self.kind = kind
        self._may_lack = may_lack

    async def __call__(self, request: Request) -> object:
        """The service. If the hub is without it: None for a page that may lack it, 404 for others,
        which the hub is without too."""
        services: Services = request.app.state.site.services
        found = services.find(self.kind)
        if found is None and not self._may_lack:
            raise HTTPException(404)
        return found


def service(kind: type[object]) -> Any:
    """The dependency for `Annotated[Kind, service(Kind)]` in a route's signature."""
    return Depends(ServiceProvider(kind))


def service_if_any(kind: type[object]) -> Any:
    """The dependency for `Annotated[Kind | None, service_if_any(Kind)]`: None if the hub is without
    it."""
    return Depends(ServiceProvider(kind, may_lack=True))
