"""Service of the search of everything."""

from collections.abc import Iterable

from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.db.bounds import text
from hub.console.lookup import queries
from hub.console.lookup.rules import MOST_CHARS, Entry, Found, found


class LookupService:
    """Finds what a person may open, by name. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def found(self, asker: Asker, asked: str, pages: Iterable[Entry]) -> list[Found]:
        """The entries that match, by kind, the best first; `pages` are the pages and acts that this
        person is shown."""
        asked = text(asked, MOST_CHARS)
        with self._acting.reading(asker, "lookup.find") as look:
            theirs = queries.entries(look.conn, asker, look.now)
            answer = found([*theirs, *pages], asked)
            number = sum(len(one.entries) + one.more for one in answer)
            look.done(Detail("lookup.found", typed=asked, n=number))
        return answer
