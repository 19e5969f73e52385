"""How a page gets its services.

A route names the service of its own capability in its signature, as a FastAPI dependency, and hands
it to the functions below it:

    Cases = Annotated[CaseService, service(CaseService)]

    @router.get("/cases")
    def show_cases(request: Request, visit: SignedIn, cases: Cases) -> Response: ...

A page that shows a little of another capability asks the visit: `visit.use(CaseService)`, or
`visit.find(TipService)` where the hub may be without it. The wiring makes every service once
(`hub.app.web.services`).
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from fastapi import Depends, HTTPException, Request

T = TypeVar("T")


class Services:
    """The services of one application, each found by its type."""

    def __init__(self, made: Iterable[object]) -> None:
        self._made = tuple(made)
        self._found: dict[type[Any], Any] = {}
        """Services that were found before, by the requested type: a port is compared with every
        service name by name."""

    def and_those(self, others: Iterable[object | None]) -> "Services":
        """These services together with others; None among the others is left out."""
        return Services((*self._made, *(one for one in others if one is not None)))

    def find(self, kind: type[T]) -> T | None:
        """The service of this type; None if the hub is without it."""
        if kind not in self._found:
            self._found[kind] = next((one for one in self._made if isinstance(one, kind)), None)
        found: T | None = self._found[kind]
        return found

    def use(self, kind: type[T]) -> T:
        """The service of this type; LookupError if the hub is without it."""
        found = self.find(kind)
        if found is None:
            raise LookupError(f"this hub has no {kind.__name__}")
        return found


class ServiceProvider:
    """Gives a request the service of one type. Asynchronous, so that it needs no thread."""

    def __init__(self, kind: type[object]) -> None:
        self.kind = kind

    async def __call__(self, request: Request) -> object:
        """The service; 404 if the hub is without it, and so without its pages."""
        services: Services = request.app.state.site.services
        found = services.find(self.kind)
        if found is None:
            raise HTTPException(404)
        return found


def service(kind: type[object]) -> Any:
    """The dependency for `Annotated[Kind, service(Kind)]` in a route's signature."""
    return Depends(ServiceProvider(kind))
