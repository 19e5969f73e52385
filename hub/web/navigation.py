"""Navigation: the links to the pages of the site, who is shown which, and the numbers of waiting
things.

A feature names its links (`Feature.links`). The rail of a desk, the bar of a phone and the page
"More" are made of them, so that nothing else lists the pages.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from hub.web.i18n import Messages


@dataclass(frozen=True, slots=True)
class Standing:
    """Facts that decide which links a person is shown, read by one query for all links."""

    role: str
    rights: int
    """Bits of `hub.access.rules.grants.Right` that the person has on any area or camera."""
    area_rights: int = 0
    """The same rights, on any area."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """By the names of `Feature.numbers` and `Feature.counted`."""

    def has(self, rights: int) -> bool:
        """True if the person has all these rights somewhere."""
        return self.rights & rights == rights

    def has_on_area(self, rights: int) -> bool:
        """True if the person has all these rights on an area: a grant on one camera is not
        enough."""
        return self.area_rights & rights == rights


class Part(Enum):
    """A part of the page "More", in the order of the page."""

    ALERTS = "alerts"
    FOOTAGE = "footage"
    CAMERAS = "cameras"
    PEOPLE = "people"
    OVERSIGHT = "oversight"
    OWN = "own"


def part_name(part: Part, words: Messages) -> str:
    """Heading of a part."""
    say = words.say
    return {
        Part.ALERTS: say("Alerts"),
        Part.FOOTAGE: say("Footage and cases"),
        Part.CAMERAS: say("Cameras"),
        Part.PEOPLE: say("Officers and citizens"),
        Part.OVERSIGHT: say("Overview"),
        Part.OWN: say("Yourself"),
    }[part]


def _everybody(_: Standing) -> bool:
    return True


def _waiting(words: Messages) -> str:
    return words.say("waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class NavLink:
    """A link to a page."""

    address: str
    label: Callable[[Messages], str]
    icon: str
    """A drawing of `icons.html`."""
    part: Part
    may: Callable[[Standing], bool] = _everybody
    """Whether a person is shown it; the page decides by itself whom it lets in."""
    needs: type | None = None
    """Service without which the hub has no such page."""
    rail: int | None = None
    """Position from the top of the rail, lowest first; None: only on the page "More"."""
    is_in_bar: bool = False
    """Whether the bar of a phone has it too; only links of the rail."""
    covers: tuple[str, ...] = ()
    """Other addresses that belong to it, each with everything below."""
    waiting: str = ""
    """Name in `Feature.numbers` or `Feature.counted` of how much waits there."""
    waiting_word: Callable[[Messages], str] = _waiting
    """Words beside that number."""


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A link as a page shows it."""

    address: str
    label: str
    icon: str
    current: str
    """Value of `aria-current`: "page" here, "true" on a page below it, empty elsewhere."""
    is_in_bar: bool
    waiting: int
    waiting_word: str


@dataclass(frozen=True, slots=True)
class Navigation:
    """The links that one person is shown."""

    rail: tuple[ShownLink, ...]
    more: tuple[tuple[str, tuple[ShownLink, ...]], ...]
    """Parts with their headings: all links that the bar of a phone has no room for."""

    @property
    def waiting(self) -> dict[str, int]:
        """Numbers of waiting things, by the addresses of the rail; under "/more" the sum of all
        others. An address where nothing waits is left out."""
        found = {link.address: link.waiting for link in self.rail}
        others = (link for _, links in self.more for link in links if link.address not in found)
        found["/more"] = sum(link.waiting for link in others)
        return {address: number for address, number in found.items() if number}

    @property
    def waiting_beyond_bar(self) -> int:
        """Number of waiting things at links that the bar of a phone has no room for."""
        return sum(link.waiting for _, links in self.more for link in links)


def navigation(
    links: Iterable[NavLink], standing: Standing, path: str, words: Messages
) -> Navigation:
    """The navigation for this person on the page at `path`."""
    theirs = [one for one in links if one.may(standing)]
    here = _current(theirs, path)

    def shown(link: NavLink) -> ShownLink:
        current = "" if link is not here else "page" if link.address == path else "true"
        return ShownLink(
            link.address,
            link.label(words),
            link.icon,
            current,
            link.is_in_bar,
            standing.numbers.get(link.waiting, 0),
            link.waiting_word(words),
        )

    in_rail = sorted((one for one in theirs if one.rail is not None), key=lambda one: one.rail or 0)
    parts = [(part, [one for one in theirs if one.part is part]) for part in Part]
    return Navigation(
        rail=tuple(shown(one) for one in in_rail),
        more=tuple(
            (part_name(part, words), tuple(shown(one) for one in those if not one.is_in_bar))
            for part, those in parts
            if not all(one.is_in_bar for one in those)
        ),
    )


def _current(links: Sequence[NavLink], path: str) -> NavLink | None:
    """The link with the longest address that the path is at or below."""
    fitting = [
        (len(address), link)
        for link in links
        for address in (link.address, *link.covers)
        if path == address or path.startswith(address.rstrip("/") + "/")
    ]
    # "/" is at the beginning of every path, and no page is below it.
    fitting = [(length, link) for length, link in fitting if length > 1 or path == "/"]
    return max(fitting, key=lambda one: one[0])[1] if fitting else None
