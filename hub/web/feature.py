"""What a capability brings into the hub, as one value.

Each capability has a `feature.py` with its `Feature`, and one line in the list of
`hub.app.features`. Code that needs something of every capability reads that list.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter

from hub.base.audit.acting import Acting
from hub.base.db.table_notes import Counted, Mark, Number, Tables
from hub.web.calendar import Calendar
from hub.web.guard import Body
from hub.web.i18n import Messages
from hub.web.navigation import NavLink
from hub.web.rate_limits import Rate
from hub.web.services import Services
from hub.web.visit import Panel, Visit

ValueWording = Callable[[str, Calendar], str]
"""Text of a value of a detail; KeyError, OverflowError or ValueError if it is of another
version."""


def _no_acts(_: Messages) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feature:
    """Everything that one capability adds. Each field is optional. Names of acts, rights and
    globals are unique over all features."""

    name: str
    routers: tuple[APIRouter, ...] = ()
    """In the order in which addresses are tried."""
    services: tuple[Callable[[Acting], object], ...] = ()
    """Services made with `Acting` alone; the others are made in `hub.app.web`."""
    tables: Tables = ()
    marks: tuple[Mark, ...] = ()
    """Times that move with the hub's clock."""
    acts: Callable[[Messages], Mapping[str, str]] = _no_acts
    """Texts of acts in the log."""
    details: Callable[[Messages], Mapping[str, str]] = _no_acts
    """Texts of the details that acts leave in the log (`hub.base.audit.detail`), by code."""
    detail_values: Mapping[str, ValueWording] = field(default_factory=dict)
    """How such a text shows a value, by the name of its place without a number."""
    may: Mapping[str, Callable[[Visit], bool]] = field(default_factory=dict)
    """Whether other pages show a link to this capability: `visit.may(name)`. Logs nothing."""
    links: tuple[NavLink, ...] = ()
    """Links to its pages, each with the right that it needs."""
    shortcuts: tuple[NavLink, ...] = ()
    """Links to acts on its pages, shown only in the search of everything."""
    numbers: Mapping[str, Number] = field(default_factory=dict)
    """For `NavLink.waiting` and `NavLink.may`, all read in one query."""
    counted: Mapping[str, Counted] = field(default_factory=dict)
    """Numbers that need a query of their own; no name is in both."""
    bodies: tuple[Body, ...] = ()
    """Forms that are larger than others."""
    rates: tuple[Rate, ...] = ()
    """Requests with a limit of their own; the first that fits counts."""
    templates: tuple[str, ...] = ()
    """Packages whose folder `templates` is searched too."""
    globals: Mapping[str, object] = field(default_factory=dict)
    """Names that every template may use."""
    shown: Mapping[str, Callable[[Services], object]] = field(default_factory=dict)
    """Values for every template, by name, made from the hub's services."""
    panels: Mapping[str, Panel] = field(default_factory=dict)
    """Values for the page of another capability, by the page's name: `visit.panels(page, id)`."""


def act_texts(features: Iterable[Feature], words: Messages) -> dict[str, str]:
    """Text of every act of these capabilities, by its id."""
    return {act: text for feature in features for act, text in feature.acts(words).items()}
