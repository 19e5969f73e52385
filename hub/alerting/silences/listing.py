"""The table of silences: its order, search and filter."""

from dataclasses import dataclass
from typing import Final

from hub.alerting.silences.service import SilenceRow
from hub.base.text.order import by_name
from hub.web.table_view import Listing


@dataclass(frozen=True, slots=True)
class SilenceLine:
    """A silence as text."""

    row: SilenceRow
    where: str
    what: str
    until: str
    why: str
    hits: str


LISTING: Final = Listing[SilenceLine](
    path="/silences",
    columns={
        "made": lambda line: -line.row.made_utc_us,
        "where": lambda line: by_name(line.where),
        "until": lambda line: line.row.silence.until_utc_us,
        "hits": lambda line: line.row.hits,
    },
    standard="made",
    text=lambda line: f"{line.where} {line.what} {line.why}",
    choices={
        "by": (
            ("people", "hub"),
            lambda line: "hub" if line.row.made_by_name is None else "people",
        ),
    },
)
