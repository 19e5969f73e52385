"""Filters and order of the table of nodes, as in the address of its page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from hub.base.text.normalize import fold
from hub.base.text.order import by_name, by_place
from hub.nodes.health.wording import NodeCard
from hub.registry.condition import Condition
from hub.web.forms import id_of
from hub.web.table_view import TableView, arranged, order_of

TROUBLED: Final = "trouble"
"""Filter of states: every node that somebody has to look at."""
STATES: Final = frozenset({TROUBLED, *(one.value for one in Condition)})
STANDARD: Final = "state"
MOST_CHARS: Final = 100
ROWS: Final = 200
"""Nodes per page of the table."""

COLUMNS: Final[Mapping[str, Callable[[NodeCard], Any]]] = {
    "state": lambda card: -card.rank,
    "name": lambda card: by_name(card.node.name),
    "place": lambda card: by_place(card.node.place),
    "version": lambda card: by_name(card.node.software) if card.node.software else None,
    "heard": lambda card: card.node.heard_utc_us,
    "disk": lambda card: card.disk_free_bytes,
    "clock": lambda card: card.clock_error_ms,
}
"""Column → value to sort by; None: not known."""


@dataclass(frozen=True, slots=True)
class NodesForm:
    """The filters and the order in the page's address; an invalid value counts as missing."""

    find: str
    """A part of a node's name, place or cameras."""
    state: str
    """A condition, or `TROUBLED`."""
    area: str
    """Id of an area: the nodes in it and below it."""
    order: str
    box: str
    """Id of the node that is shown in detail."""
    page: int
    """From 1; may be more than there are."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "NodesForm":
        """Form from the fields of an address."""
        state, area, page = (query.get(name, "") for name in ("state", "area", "page"))
        return cls(
            find=query.get("find", "")[:MOST_CHARS].strip(),
            state=state if state in STATES else "",
            area=area if id_of(area) else "",
            order=order_of(query.get("order", ""), COLUMNS, STANDARD),
            box=query.get("box", ""),
            page=max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,
        )

    def table(self, path: str) -> TableView:
        """The table view with these filters, for the links of the table."""
        filters = {"find": self.find, "state": self.state, "area": self.area}
        return TableView(path, filters, self.order, STANDARD)

    def rows(self, cards: Iterable[NodeCard]) -> list[NodeCard]:
        """The nodes that pass the filters, in the order of the form."""
        return arranged(filter(self._lets_through, cards), self.order, COLUMNS)

    def _lets_through(self, card: NodeCard) -> bool:
        is_in_state = card.rank > 0 if self.state == TROUBLED else card.condition == self.state
        area_id = id_of(self.area)
        return (
            (not self.state or is_in_state)
            and (area_id is None or area_id in (one for one, _ in card.node.lineage))
            and fold(self.find) in _text(card)
        )


def area_choices(cards: Sequence[NodeCard]) -> list[tuple[UUID, str]]:
    """Choices of areas: those with at least two nodes in or below them, by place. A single node is
    found by its name."""
    counts: dict[UUID, int] = {}
    names: dict[UUID, str] = {}
    for card in cards:
        lineage = card.node.lineage
        for at, (area_id, _) in enumerate(lineage):
            counts[area_id] = counts.get(area_id, 0) + 1
            names[area_id] = ", ".join(name for _, name in lineage[at:])
    shared = [(area_id, names[area_id]) for area_id, count in counts.items() if count > 1]
    return sorted(shared, key=lambda pair: (by_place(pair[1]), pair[0]))


def _text(card: NodeCard) -> str:
    node = card.node
    return fold(" ".join((node.name, node.place, *(one.label for one in node.cameras))))
