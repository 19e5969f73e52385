"""Description that a search asks for: the words of `agent.wire.description`, never a picture."""

from dataclasses import dataclass
from typing import Final, Literal

Garment = Literal["upper", "lower", "clothes"]
Colours = frozenset[str]
"""Any of these; a sighting's first or second colour counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Description to search for. Every named condition must hold; an empty field has no
    condition."""

    upper: tuple[Colours, ...] = ()
    lower: tuple[Colours, ...] = ()
    clothes: tuple[Colours, ...] = ()
    """Colours of the upper or the lower clothing."""
    transport: frozenset[str] = frozenset()
    transport_colours: tuple[Colours, ...] = ()
    people: tuple[int, int] | None = None
    """Least and most, both included."""
    height_cm: tuple[int, int] | None = None
    """Least and most, both included."""
    speed: str | None = None

    @property
    def needs_description(self) -> bool:
        """True if only a sighting with a description can match: every condition except the number
        of people needs one."""
        asked = (self.upper, self.lower, self.clothes, self.transport, self.transport_colours)
        return any(asked) or self.height_cm is not None or self.speed is not None


ANYTHING: Final = Described()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Description of one sighting, as its node sent it; empty and None: unknown."""

    upper: tuple[str, ...] = ()
    """Best first, as all colours here."""
    lower: tuple[str, ...] = ()
    transport: str | None = None
    transport_colours: tuple[str, ...] = ()
    people: int | None = None
    height_cm: int | None = None
    speed: str | None = None
