"""Shards held by this process, as leases in PostgreSQL with a fencing number.

A row for each shard names its holder, and counts its holders in `term`. A process that is gone, or
hears no broker, is no longer a member (`hub.app.roles.attendance`), and others take its shards at
once, without waiting for a time to pass. That process may not know it: it may be suspended, or cut
off. So each filing transaction ends with a check of the rows of its shards (`confirm`), which locks
them until the commit. A process that has lost one of them rolls back.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Connection, func, select, tuple_, update

from hub.base.db.database import Database
from hub.base.db.inserts import COUNTED
from hub.base.db.statements import add_all_once
from hub.base.processes.lease import FREE, LeaseLostError
from hub.base.processes.member import member_number
from hub.base.processes.tables import leases
from hub.intake.rules.sharding import SHARDS, Moves, moves, shard_of
from hub.registry.tables import nodes

log = structlog.get_logger()

_NAMES: Final = {f"shard {number}": number for number in range(SHARDS)}
_NAME_OF: Final = {number: name for name, number in _NAMES.items()}
_ROWS: Final = select(leases.c.name, leases.c.holder, leases.c.term).where(
    leases.c.name.in_(list(_NAMES))
)


class Shards:
    """Shards of this process. For the intake's writer thread; `holds` for any."""

    def __init__(self, db: Database, members: Callable[[], Collection[int] | None]) -> None:
        """`members`: numbers of the processes that hear the broker; None while that is not
        known."""
        self._db = db
        self._members = members
        self._terms: dict[int, int] = {}
        """Shards that this process holds, as far as it knows, and the term of each."""

    def holds(self, node: str) -> bool:
        """True if this process files the messages of this node."""
        return shard_of(node) in self._terms

    @property
    def held(self) -> frozenset[int]:
        """The shards that this process holds, as far as it knows."""
        return frozenset(self._terms)

    def of_mine(self) -> ColumnElement[bool]:
        """SQL condition for the row of a node: this process holds its shard."""
        digest = func.sha256(func.convert_to(nodes.c.name, "UTF8"))
        return (func.get_byte(digest, 0) % SHARDS).in_(sorted(self._terms))

    def look(self) -> Moves:
        """Take free shards, and learn which ones another process has taken. `take`: the shards held
        from now on; `give`: those to give up once their received messages are filed.

        Nothing changes while it is not known which processes hear the broker, nor if the database
        fails in the middle: a shard that came and was not told would be filed without what was kept
        of it.
        """
        members = self._members()
        if members is None:
            return Moves()
        rows = self._read()
        before, me = self.held, self._db.process
        terms = {shard: term for shard, (holder, term) in rows.items() if holder == me}
        holders = {shard: member_number(holder) for shard, (holder, _) in rows.items()}
        wanted = moves(holders, me=member_number(me), members=members)
        if wanted.take:
            terms |= self._take({shard: rows[shard] for shard in wanted.take})
        self._terms = terms
        if lost := before - self.held:
            log.warning("shards.lost", shards=sorted(lost))
        if taken := self.held - before:
            log.info("shards.taken", shards=sorted(taken), held=len(self._terms))
        return Moves(take=tuple(sorted(taken)), give=wanted.give)

    def give(self, shards: Iterable[int]) -> None:
        """Give up these shards, so that other processes can take them."""
        gone = {shard: term for shard in shards if (term := self._terms.pop(shard, None))}
        if not gone:
            return
        with self._db.writing(is_durable=False, is_shared_turn=True) as conn:
            conn.execute(update(leases).where(self._are_mine(gone)).values(holder=FREE))
        log.info("shards.given", shards=sorted(gone), held=len(self._terms))

    def forget(self) -> None:
        """Hold no shard until the next call of `look`."""
        self._terms = {}

    def confirm(self, conn: Connection, names: Iterable[str] | None = None) -> None:
        """Call at the end of a transaction about the nodes with these names, or about all nodes of
        this process: raises LeaseLostError unless this process holds their shards until the commit.
        """
        shards = self.held if names is None else {shard_of(name) for name in names}
        terms = {shard: self._terms.get(shard, 0) for shard in shards}
        if not terms:
            return
        query = select(leases.c.name).where(self._are_mine(terms))
        if len(conn.execute(query.with_for_update(read=True)).all()) != len(terms):
            raise LeaseLostError("another process has taken a shard")

    def _read(self) -> dict[int, tuple[str, int]]:
        with self._db.reading() as conn:
            rows = conn.execute(_ROWS).all()
        if len(rows) < SHARDS:
            free = [{"name": name, "holder": FREE, "term": 0, "beats": 0} for name in _NAMES]
            with self._db.writing(is_durable=False, is_shared_turn=True) as conn:
                add_all_once(conn, leases, free)
                rows = conn.execute(_ROWS).all()
        return {_NAMES[row.name]: (row.holder, row.term) for row in rows}

    def _take(self, seen: dict[int, tuple[str, int]]) -> dict[int, int]:
        """Take shards whose rows have not changed since they were read; their new terms. Another
        process may have been faster."""
        taken: dict[int, int] = {}
        with self._db.writing(is_durable=False, is_shared_turn=True) as conn:
            for shard, (holder, term) in sorted(seen.items()):
                this = (leases.c.name == _NAME_OF[shard], leases.c.term == term)
                done = conn.execute(
                    update(leases)
                    .where(*this, leases.c.holder == holder)
                    .values(holder=self._db.process, term=term + 1),
                    execution_options=COUNTED,
                )
                if done.rowcount:
                    taken[shard] = term + 1
        return taken

    def _are_mine(self, terms: dict[int, int]) -> ColumnElement[bool]:
        rows = [(_NAME_OF[shard], term) for shard, term in terms.items()]
        mine = tuple_(leases.c.name, leases.c.term).in_(rows)
        return mine & (leases.c.holder == self._db.process)
