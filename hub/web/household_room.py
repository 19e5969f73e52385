"""What the pages of households need, all of it or nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from hub.store.arrivals import Arrivals
from hub.store.asking_door import AskingDoor
from hub.store.giving_desk import GivingDesk
from hub.store.household_door import HouseholdDoor

Tell = Callable[[str, str, str, str, str], Awaitable[str]]
"""Channel, address, title, words, path of the page: "" when its service took it, else why not."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What households agree to, as the configuration says it."""

    version: str
    texts: Mapping[str, str]
    """By language."""
    link_hours: int = 72
    """So long a link of a request holds, unless the asker says otherwise."""


@dataclass(frozen=True, slots=True)
class HouseholdRoom:
    """The doors, the desk, and the words."""

    door: HouseholdDoor
    asking: AskingDoor
    desk: GivingDesk
    arrivals: Arrivals
    terms: Terms
    tell: Tell
