"""Checks whether a file is as its node sealed it, and finds the faults. Pure; the caller checks
signatures.

Records are read in order. A record that does not follow the previous one was changed, moved or is
from another clip. A stretch with another hash than the sealed one was changed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from agent.wire.seal import BEGINNING, Claims, Ending, Record, chain, states_length, without_length
from agent.wire.sealed import Data, Stretch, box_names, sha256_of, stretches

SEARCHES_AT_MOST: Final = 100
"""Misplaced records whose right place is searched: each search reads all records."""

Holds = Callable[[Claims, bytes, bytes], bool]
"""Claims, chained hash, signature: true if the key of the claims' certificate signed it."""


class State(StrEnum):
    """Result of the check of a file's seal."""

    INTACT = "intact"
    ENDS_EARLY = "ends_early"
    """Unchanged, but without a last record: a power cut, or the end was cut off."""
    BROKEN = "broken"
    UNSEALED = "unsealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault and its place: fragments `first` to `last`; place 0 is the start of the file."""

    first: int
    last: int
    into_clip_ms: int | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Complete result of a file's seal."""

    state: State
    claims: Claims | None
    fragments: int
    """Number of fragments covered by the seal."""
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    has_loose_fragment: bool = False
    """Whole pictures follow the last record of a clip without an end: players show them, and no
    record covers them."""
    has_strange_tail: bool = False
    """Other boxes follow it than a power cut or a broken line leaves there."""


def judge(data: Data, holds: Holds) -> Verdict:
    """Check the seal of a whole file."""
    pieces = stretches(data)
    if not any(piece.is_ended for piece in pieces):
        return Verdict(state=State.UNSEALED, claims=None, fragments=0, faults=(), notes=())
    return _Reading(data, pieces, holds).verdict()


class _Reading:
    """One pass through the records of a file."""

    def __init__(self, data: Data, pieces: Sequence[Stretch], holds: Holds) -> None:
        self._data = data
        self._pieces = pieces
        self._records = [piece.record for piece in pieces if piece.record]
        self._holds = holds
        self._faults: list[Fault] = []
        self._claims: Claims | None = None
        self._ending: Ending | None = None
        self._befores: tuple[bytes, ...] = (BEGINNING,)
        """Hashes the next record may follow: the stated one and the expected one of the previous
        record."""
        self._due = 0
        self._signed = 0
        self._into_clip_ms: int | None = 0
        self._searches = 0
        self._is_shut = False

    def verdict(self) -> Verdict:
        """Run the check."""
        for piece in self._pieces[:-1]:
            if piece.record is None:
                self._blame(self._due, "its seal cannot be read")
            else:
                self._read(piece, piece.record)
            if self._is_shut:
                self._look_behind(piece.next_start)
                break
        if self._claims is None and not self._faults:
            # Without it nothing says whose signatures these must be: anybody can make the hashes.
            self._blame(0, "its first record is missing")
        rest = self._pieces[-1]
        after = [] if self._is_shut else box_names(self._data, rest.start, rest.end)
        return Verdict(
            state=self._state(),
            claims=self._claims,
            fragments=self._fragments(),
            faults=tuple(self._faults),
            notes=tuple(self._notes(rest)),
            has_loose_fragment=b"mdat" in after,
            has_strange_tail=after not in ([], [b"moof"], [b"moof", b"mdat"]),
        )

    def _look_behind(self, end: int) -> None:
        if more_bytes := len(self._data) - end:
            self._blame(self._due, f"{more_bytes} bytes were put after the clip's end")

    def _state(self) -> State:
        if self._faults:
            return State.BROKEN
        return State.INTACT if self._is_shut else State.ENDS_EARLY

    def _fragments(self) -> int:
        return max(0, self._due - (2 if self._is_shut else 1))

    def _read(self, piece: Stretch, record: Record) -> None:
        if moment := record.moment() if record.tag == "link" else None:
            self._into_clip_ms = moment.into_clip_ms
        if record.tag == "open" and self._claims is None:
            self._claims = record.claims()
            if self._claims is None:
                self._blame(0, "what it says of itself cannot be read")
        is_in_place = any(record.follows(before) for before in self._befores)
        is_whole = self._speaks_of(piece, record)
        if not is_in_place:
            self._misplaced(piece, record, is_whole=is_whole)
        elif not is_whole:
            self._changed(piece, record)
        elif fault := self._fault_of_signature(record):
            self._blame_signature(record.number, fault)
        self._go_on(piece, record, is_in_place=is_in_place)

    def _go_on(self, piece: Stretch, record: Record, *, is_in_place: bool) -> None:
        should = [
            chain(before, tag=record.tag, number=self._due, body=record.body, stretch=stretch)
            for before in self._befores
            for stretch in {record.stretch, piece.sha256}
        ]
        self._befores = (record.chained,) if is_in_place else (record.chained, *should[:4])
        # A number that was itself changed must not set the count.
        self._due = (
            record.number + 1 if is_in_place or record.number == self._due else self._due + 1
        )
        if record.signature and is_in_place:
            self._signed = record.number
        if record.tag == "shut":
            self._is_shut = True
            self._ending = record.ending()

    def _speaks_of(self, piece: Stretch, record: Record) -> bool:
        """True if the stretch before the record is the sealed one."""
        match record.tag:
            case "open":
                beginning = without_length(self._data[piece.start : piece.end])
                return sha256_of(beginning, 0, len(beginning)) == record.stretch
            case "link":
                return piece.sha256 == record.stretch
            case "shut":
                is_same = self._pieces[0].sha256 == record.stretch or self._claims is None
                return piece.size_bytes == 0 and is_same

    def _misplaced(self, piece: Stretch, record: Record, *, is_whole: bool) -> None:
        due, number = self._due, record.number
        home = self._home_of(record)
        if home is not None and not (number > due and not is_whole):
            self._blame(
                due, f"{_name(record)} stands here, which belongs after {home}", last=number
            )
        elif self._is_same_but_for_its_words(piece, record):
            self._blame(due, "its seal was changed")
        elif number > due and not is_whole:
            self._blame(due, "what stands here is not what was sealed", last=number)
        elif number > due:
            self._blame(due, "missing", last=number - 1)
        else:
            self._blame(due, "its seal was changed, or is that of another clip")

    def _is_same_but_for_its_words(self, piece: Stretch, record: Record) -> bool:
        """True if it would be right here with the expected number and the hash of the present
        stretch."""
        meant = replace(record, number=self._due), replace(record, stretch=piece.sha256)
        return any(one.follows(before) for one in meant for before in self._befores)

    def _home_of(self, record: Record) -> str | None:
        """Right place in this file of a misplaced record."""
        self._searches += 1
        if self._searches > SEARCHES_AT_MOST:
            return None
        if record.follows(BEGINNING):
            return "nothing"
        homes = (one for one in self._records if record.follows(one.chained))
        return next((_name(one) for one in homes), None)

    def _changed(self, piece: Stretch, record: Record) -> None:
        match record.tag:
            case "open":
                what = "the file's beginning (codec, size of the picture) was changed"
            case "shut" if piece.size_bytes:
                what = f"{piece.size_bytes} bytes were put before the clip's end"
            case "shut":
                self._blame(0, "the length that the file states was changed")
                return
            case "link":
                others = (one for one in self._records if one.stretch == piece.sha256)
                other = next(others, None)
                what = "its pictures were changed"
                if other:
                    what = f"its pictures are those of {_name(other)}"
        self._blame(record.number, what)

    def _fault_of_signature(self, record: Record) -> str | None:
        if self._claims is None:
            return None
        if record.signature:
            is_good = self._holds(self._claims, record.chained, record.signature)
            return None if is_good else "its signature does not hold"
        every = self._claims.sign_every
        is_due = record.tag != "link" or record.number % every == 0
        return "its signature is missing" if is_due else None

    def _blame_signature(self, number: int, what: str) -> None:
        """A change with all hashes recomputed breaks every later signature: reported once."""
        last = self._faults[-1] if self._faults else None
        every = self._claims.sign_every if self._claims else 1
        if last and last.what == what and last.last >= number - every:
            self._faults[-1] = replace(last, last=number)
        else:
            first = number if number == 0 else min(number, self._signed + 1)
            self._blame(first, what, last=number)

    def _blame(self, first: int, what: str, *, last: int | None = None) -> None:
        first, last = min(first, last or first), max(first, last or first)
        fault = Fault(first=first, last=last, into_clip_ms=self._into_clip_ms, what=what)
        self._faults.append(fault)

    def _notes(self, rest: Stretch) -> Iterator[str]:
        if self._is_shut:
            if self._ending and self._ending.is_mended:
                late = self._ending.sealed_late
                yield "the node was cut off while it wrote this, and ended it when it was back" + (
                    f"; its last {late} fragments were sealed only then" if late else ""
                )
            return
        signed = self._signed if self._claims else 0
        yield f"sealed up to fragment {signed}"
        if unsigned := self._fragments() - signed:
            yield f"{unsigned} fragments after the last signature are chained but not signed"
        if rest.size_bytes:
            yield f"{rest.size_bytes} bytes after the last fragment are not sealed"
        if states_length(self._data[: self._pieces[0].end]):
            yield "the length that the file states is not sealed"


def _name(record: Record) -> str:
    match record.tag:
        case "open":
            return "the beginning"
        case "link":
            return f"fragment {record.number}"
        case "shut":
            return "the end"
