"""The inbox as its address asks for it: tab, filter, groups, page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from hub.alerting.alerts.rules.kinds import Subject
from hub.alerting.alerts.rules.listing import GROUPS, AlertFilter, GroupedBy, Rank

HANDLED: Final = "handled"
ALL: Final = "all"
"""Value of `select`."""
HOURS: Final = (1, 8, 24)
"""Choices of "since"; 8 hours are a shift."""
MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class InboxForm:
    """The parameters of an inbox address; an invalid one counts as missing."""

    tab: str = ""
    """"handled", or empty for the alerts that are not closed."""
    mine: str = ""
    area: str = ""
    place: str = ""
    node: str = ""
    kind: str = ""
    since: str = ""
    """Hours."""
    strict: str = ""
    """"1": critical alerts are filtered too."""
    group: str = ""
    select: str = ""
    """"1": several can be chosen; "all": and all are."""

    @property
    def is_handled(self) -> bool:
        """True for the tab of the closed alerts."""
        return self.tab == HANDLED

    @property
    def is_filtered(self) -> bool:
        """True if some alerts may be left out."""
        return any((self.mine, self.area, self.place, self.node, self.kind, self.since))

    @property
    def grouped_by(self) -> GroupedBy | None:
        """Grouping of the alerts; None: one by one."""
        return next((by for by in GROUPS if by == self.group), None)

    def wanted(self, now_utc_us: int) -> AlertFilter:
        """The filter that this form means at this time."""
        return AlertFilter(
            is_mine=bool(self.mine),
            area_id=_key(self.area),
            place_id=_key(self.place),
            node_id=_key(self.node),
            subject=self.kind,
            since_utc_us=now_utc_us - int(self.since) * 3_600_000_000 if self.since else None,
            is_strict=bool(self.strict),
        )

    def address(self, path: str = "/", *, after: str = "", bulk: str = "", **changed: str) -> str:
        """Address of the same inbox with these changes; `bulk` is the result of an act on many
        alerts."""
        asked = replace(self, **changed)
        said = {name: getattr(asked, name) for name in asked.__slots__}
        said |= {"after": after, "bulk": bulk}
        query = urlencode({name: value for name, value in said.items() if value})
        return f"{path}?{query}" if query else path

    def all_of_it(self, **changed: str) -> str:
        """Address of the same tab without a filter or groups."""
        return InboxForm(tab=self.tab, select=self.select).address(**changed)


def parsed(params: Mapping[str, str]) -> InboxForm:
    """The form in the parameters of an address."""
    asked = {name: params.get(name, "") for name in InboxForm.__slots__}
    allowed = {
        "tab": ("", HANDLED),
        "mine": ("", "1"),
        "strict": ("", "1"),
        "kind": ("", *Subject),
        "since": ("", *map(str, HOURS)),
        "group": ("", *GROUPS),
        "select": ("", "1", ALL),
    }
    checked = {name: asked[name] if asked[name] in there else "" for name, there in allowed.items()}
    keys = {name: str(_key(asked[name]) or "") for name in ("area", "place", "node")}
    form = InboxForm(**checked | keys)
    return replace(form, select="") if form.is_handled else form


def rank_of(text: str) -> Rank | None:
    """The rank in an address; None if there is none or it is invalid."""
    critical, _, rest = text.partition(".")
    at, _, key = rest.partition(".")
    at_utc_us, alert_id = number(at), _key(key)
    if critical not in ("0", "1") or at_utc_us is None or alert_id is None:
        return None
    return int(critical), at_utc_us, alert_id.int


def rank_text(rank: Rank | None) -> str:
    """The rank for an address; empty for None."""
    return "" if rank is None else f"{rank[0]}.{rank[1]}.{UUID(int=rank[2])}"


def number(text: str) -> int | None:
    """The number in an address, of at most `MOST_DIGITS`; None for anything else."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number else None


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
