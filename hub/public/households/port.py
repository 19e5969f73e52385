"""Services for the pages of households, all or none."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from hub.public.households.arrivals import ArrivalQueue
from hub.public.households.upload_service import HouseholdUploadService

Tell = Callable[[str, str, str, str, str], Awaitable[str]]
"""Channel, address, title, text, path of the page: "" if the service accepted it, else why not."""


@dataclass(frozen=True, slots=True)
class HouseholdTerms:
    """Terms of consent from the configuration."""

    version: str
    texts: Mapping[str, str]
    """By language."""
    link_hours: int = 72
    """Default lifetime of a request's link."""


@dataclass(frozen=True, slots=True)
class HouseholdServices:
    """The services and the terms."""

    uploads: HouseholdUploadService
    arrivals: ArrivalQueue
    terms: HouseholdTerms
    tell: Tell
