"""The table of people's requests: its order, search and filter."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.base.text.order import by_name, by_place
from hub.public.data_requests.views import DataRequestRow
from hub.public.data_requests.wording import kind_word, status_word
from hub.web.calendar import Calendar
from hub.web.table_view import Listing

WAITING: Final = "waiting"
ANSWERED: Final = "answered"
STATES: Final = (WAITING, ANSWERED)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request with the text for each column of the table."""

    row: DataRequestRow
    kind: str
    """In words."""
    status: str
    """The next step and its deadline."""

    @property
    def state(self) -> str:
        """State of the request, one of `STATES`."""
        return WAITING if self.row.outcome is None else ANSWERED


def lines(rows: Iterable[DataRequestRow], calendar: Calendar) -> list[RequestLine]:
    """The requests in words, in the order of the rows."""
    words = calendar.words
    return [
        RequestLine(row, kind_word(row.dates.wish, words), status_word(row, calendar))
        for row in rows
    ]


LISTING: Final = Listing[RequestLine](
    path="/petitions",
    columns={
        "due": lambda line: (
            line.row.outcome is not None,
            line.row.stands.due_utc_us
            if line.row.outcome is None
            else -(line.row.dates.answered_utc_us or 0),
        ),
        "number": lambda line: line.row.number,
        "kind": lambda line: by_name(line.kind),
        "place": lambda line: by_place(line.row.place) if line.row.place else None,
        "sent": lambda line: line.row.dates.received_utc_us,
    },
    standard="due",
    text=lambda line: f"{line.row.number} {line.kind} {line.row.place} {line.row.what}",
    choices={"state": (STATES, lambda line: line.state)},
)
