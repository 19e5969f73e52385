"""A thousand forged packages and a thousand forged logs, with true ones between them.

    python -m tests.faults.forgeries --each 1000 --seed 1

Packages carry seals, signature and the time stamp of a real authority. Half of the kinds alter the
package, the others the hub itself before it made the package: a clip and its stored hash, or the
certificate of its box. Logs are the rows of a real database, forged in a copy of its file and read
as `matthan-hub log verify` reads them. Prints the result as JSON; ends with 1 if a forgery was not
found, if its place was not named, or if a true package or log was called forged.
"""

import argparse
import io
import json
import random
import re
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509

from agent.wire.sealed import stretches
from hub.base.audit import log
from hub.base.audit.detail import plain
from hub.base.audit.log import By
from hub.base.db.database import Database
from hub.base.db.schema import migrate
from hub.base.hash_chain import BEGINNING, LogAnchor, Record, bind
from hub.base.hash_chain import faults as log_faults
from hub.base.moment import Moment
from hub.base.rfc3161 import TimestampAuthority
from hub.cases.evidence.check import PackageCheck, check_package
from hub.cases.evidence.keys import EvidenceSigner
from hub.cases.evidence.manifest import MANIFEST, SIGNATURE, STAMP
from hub.cases.evidence.package import write_package
from hub.cases.evidence.seal_report import check_pieces
from tests.hub.cases.sealed_packages import SealedTown, unsigned
from tests.hub.helpers.cases.evidence import (
    CLIP,
    FORGERIES,
    PICTURE,
    entries_of,
    item,
    order,
    packed,
    signer,
)
from tests.hub.rigs.stamp_office import StampOffice

LINES = 60
Forged = tuple[bytes, str]
"""A package, and what of it must be named (a pattern)."""


@dataclass
class Packages:
    """Three true packages of a hub and one of a forger, to be taken apart."""

    by: EvidenceSigner
    forger: EvidenceSigner
    whole: bytes
    same_hub: bytes
    foreign: bytes
    roots: list[x509.Certificate]
    sealed: SealedTown
    """A box whose clips are altered at the hub."""
    earlier: EvidenceSigner
    """The hub's key at the time of these clips."""

    @classmethod
    def of(cls, folder: Path) -> "Packages":
        office = StampOffice(folder / "office")
        roots = x509.load_pem_x509_certificates(office.root.read_bytes())
        now = datetime.now(UTC)
        by, forger = signer(folder / "hub", now), signer(folder / "forger", now)
        stamps = TimestampAuthority("http://office.example", roots, office.reply)

        def made(who: EvidenceSigner, clip: bytes, picture: bytes, case: str) -> bytes:
            file = io.BytesIO()
            said = order(item(1, "clip", clip), item(2, "picture", picture), case=case)
            moment = Moment(round(now.timestamp() * 1e6), 5)
            write_package(replace(said, now=moment, stamps=stamps), signer=who, file=file)
            return file.getvalue()

        return cls(
            by,
            forger,
            made(by, CLIP, PICTURE, "VA-12/2026"),
            made(by, CLIP[::-1], PICTURE[::-1], "VA-99/2026"),
            made(forger, CLIP, PICTURE, "VA-12/2026"),
            roots,
            SealedTown(folder / "sealed"),
            signer(folder / "hub"),
        )

    def check(self, content: bytes) -> PackageCheck:
        trusted = [self.by.certificate, self.earlier.certificate]
        return check_package(
            io.BytesIO(content), trusted, seal_of=check_pieces, stamp_roots=self.roots
        )

    def faults(self, content: bytes) -> list[str]:
        """Faults of a package, and its verdict if that is worse than they say."""
        check = self.check(content)
        is_green = check.is_good and bool(check.faults)
        return [*check.faults, *(["called whole"] if is_green else [])]

    def forge(self, number: int, dice: random.Random) -> tuple[str, Forged]:
        """The next kind in turn."""
        kinds: list[Callable[[random.Random], Forged]] = [
            *(self._kind(one) for one in FORGERIES),
            self.sign_all_anew,
            self.date_back_with_the_key,
            self.splice_stamp,
            self.append_box_at_the_hub,
            self.change_clip_at_the_hub,
            self.exchange_clip_at_the_hub,
            self.take_off_the_seal,
            self.cut_the_end_off,
            self.seal_with_a_made_certificate,
            self.date_a_certificate_back,
        ]
        kind = kinds[number % len(kinds)]
        return getattr(kind, "__name__", "?"), kind(dice)

    def _kind(self, forge: Callable[..., Forged]) -> Callable[[random.Random], Forged]:
        other = self.foreign if forge.__name__ == "resign" else self.same_hub

        def one(dice: random.Random) -> Forged:
            return forge(self.whole, dice, other)

        one.__name__ = forge.__name__
        return one

    def sign_all_anew(self, dice: random.Random) -> Forged:
        """Another's clip in it, all hashes right, signed by a key of the forger's."""
        return self.foreign, "nobody here vouches for this key"

    def date_back_with_the_key(self, dice: random.Random) -> Forged:
        """By one who has the hub's key and no other clock than the stamp's."""
        entries = dict(entries_of(self.whole))
        said = json.loads(entries[MANIFEST])
        said["exported_utc_us"] -= dice.randrange(1, 10**8)
        entries[MANIFEST] = json.dumps(said).encode()
        entries[SIGNATURE] = self.by.sign(entries[MANIFEST])
        return packed(list(entries.items())), STAMP

    def _altered(self, clip: bytes, *, is_logged: bool = True, **said: Any) -> Forged:
        """The hub's own package of a clip that was altered there, with its stored hash. Without
        `is_logged` the lines about its arrival were cut out too, so that its seal alone tells."""
        came = [self.sealed.whole if is_logged else b""]
        made = self.sealed.packed(self.earlier, clip, came=came, **said)
        return made, "footage/001-clip-.*: DIFFERS from what its box sealed"

    def append_box_at_the_hub(self, dice: random.Random) -> Forged:
        """Of a kind and length that players pass over."""
        content = dice.randbytes(dice.randrange(200))
        box = (len(content) + 8).to_bytes(4) + dice.choice([b"free", b"skip", b"uuid"]) + content
        clip = self.sealed.whole if dice.random() < 0.5 else self.sealed.cut_off(behind=0)
        return self._altered(clip + box, is_logged=dice.random() < 0.5)

    def change_clip_at_the_hub(self, dice: random.Random) -> Forged:
        """One bit of a fragment."""
        clip = bytearray(self.sealed.whole)
        piece = dice.choice(stretches(bytes(clip))[1:-2])
        clip[dice.randrange(piece.start, piece.end)] ^= 1 << dice.randrange(8)
        return self._altered(bytes(clip), is_logged=dice.random() < 0.5)

    def exchange_clip_at_the_hub(self, dice: random.Random) -> Forged:
        """By another true clip of the same box."""
        return self._altered(self.sealed.other)

    def take_off_the_seal(self, dice: random.Random) -> Forged:
        """All records, or the first one, with all hashes made anew."""
        if dice.random() < 0.5:
            return self._altered(self.sealed.bare())
        return self._altered(unsigned(self.sealed.whole), is_logged=dice.random() < 0.5)

    def cut_the_end_off(self, dice: random.Random) -> Forged:
        """At any place behind the first record."""
        first = stretches(self.sealed.whole)[0].next_start
        return self._altered(self.sealed.whole[: dice.randrange(first, len(self.sealed.whole) - 1)])

    def seal_with_a_made_certificate(self, dice: random.Random) -> Forged:
        """By a thief of the authority's key, from before or after the box was enrolled."""
        early = self.sealed.enrolled + timedelta(seconds=dice.randrange(-1_000_000, 250))
        clip = self.sealed.clip(self.sealed.issue(early))
        made = self.sealed.packed(self.earlier, clip)
        return made, "DIFFERS .*(is not the box's key in the log|before its box was enrolled)"

    def date_a_certificate_back(self, dice: random.Random) -> Forged:
        """Of a key that was enrolled later."""
        own = self.sealed.issue(self.sealed.enrolled + timedelta(seconds=dice.randrange(1, 250)))
        at = self.sealed.enrolled + timedelta(days=dice.randrange(1, 300))
        line = self.sealed.line(own, at=at)
        made = self.sealed.packed(self.earlier, self.sealed.clip(own), lines=[line])
        return made, "DIFFERS .*its certificate is dated before its key was enrolled"

    def splice_stamp(self, dice: random.Random) -> Forged:
        """The true stamp of another package."""
        entries = dict(entries_of(self.whole)) | {STAMP: dict(entries_of(self.same_hub))[STAMP]}
        return packed(list(entries.items())), STAMP


class Logs:
    """A true log in a database's file; each forgery is done to a copy of it."""

    def __init__(self, folder: Path) -> None:
        self._file, self._copy = folder / "hub.db", folder / "forged.db"
        url = f"sqlite:///{self._file}"
        migrate(url)
        db = Database(url)
        for number in range(LINES):
            with db.writing() as conn:
                now = Moment(1_795_000_000_000_000 + number * 1_000_000, 5)
                by, detail = By(came_from="10.0.0.9"), plain("VA-1")
                log.note(conn, by, act="clip.play", now=now, detail=detail)
        with db.reading() as conn:
            self.whole = list(log.read(conn))
        db.close()
        with closing(sqlite3.connect(self._file)) as forger, forger:
            forger.execute("PRAGMA journal_mode=DELETE")
            forger.execute("DROP TRIGGER audit_no_update")
            forger.execute("DROP TRIGGER audit_no_delete")
        self.anchor = self._anchor(LINES)

    def _anchor(self, seq: int) -> LogAnchor:
        record, stored = self.whole[seq - 1]
        return LogAnchor(record.seq, stored, record.at_utc_us)

    def faults(self, change: Callable[[sqlite3.Connection], object]) -> list[int]:
        """Which lines are named once that was done to the database."""
        shutil.copy(self._file, self._copy)
        with closing(sqlite3.connect(self._copy)) as forger, forger:
            change(forger)
        db = Database(f"sqlite:///{self._copy}")
        try:
            with db.reading() as conn:
                return [fault.seq for fault in log_faults(log.read(conn), [self.anchor])]
        finally:
            db.close()

    def forge(
        self, number: int, dice: random.Random
    ) -> tuple[str, int, Callable[[sqlite3.Connection], object]]:
        """Its kind, the line where it must be found, and what is done."""
        at = dice.randrange(1, LINES)
        kinds = [
            self.flip,
            self.redate,
            self.drop,
            self.swap,
            self.splice,
            self.cut,
            self.bind_anew,
        ]
        kind = kinds[number % len(kinds)]
        return kind.__name__, *kind(at, dice)

    def flip(self, at: int, dice: random.Random) -> tuple[int, Callable[..., object]]:
        column = dice.choice(["act", "data", "came_from", "object_kind"])
        return at, lambda db: db.execute(
            f"UPDATE audit SET {column} = {column} || '.' WHERE seq = ?",  # noqa: S608 - one of four
            (at,),
        )

    def redate(self, at: int, dice: random.Random) -> tuple[int, Callable[..., object]]:
        by_us = dice.randrange(1, 10**12)
        return at, lambda db: db.execute(
            "UPDATE audit SET at_utc_us = at_utc_us - ? WHERE seq = ?", (by_us, at)
        )

    def drop(self, at: int, _: random.Random) -> tuple[int, Callable[..., object]]:
        return at, lambda db: db.execute("DELETE FROM audit WHERE seq = ?", (at,))

    def swap(self, at: int, _: random.Random) -> tuple[int, Callable[..., object]]:
        def change(db: sqlite3.Connection) -> None:
            for old, new in ((at, -1), (at + 1, at), (-1, at + 1)):
                db.execute("UPDATE audit SET seq = ? WHERE seq = ?", (new, old))

        return at, change

    def splice(self, at: int, _: random.Random) -> tuple[int, Callable[..., object]]:
        """A line bound by the forger to the one before, and the rest pushed on."""

        def change(db: sqlite3.Connection) -> None:
            db.execute("UPDATE audit SET seq = -seq - 1 WHERE seq >= ?", (at,))
            db.execute("UPDATE audit SET seq = -seq WHERE seq < 0")
            before = self.whole[at - 2][1] if at > 1 else BEGINNING
            new = replace(self.whole[at - 1][0], id=UUID(int=7), detail="nothing to see")
            _insert(db, new, bind(before, new))

        return at + 1, change

    def cut(self, at: int, _: random.Random) -> tuple[int, Callable[..., object]]:
        return at + 1, lambda db: db.execute("DELETE FROM audit WHERE seq > ?", (at,))

    def bind_anew(self, at: int, _: random.Random) -> tuple[int, Callable[..., object]]:
        """Changed, and all after it bound anew: whole by itself, and another than was anchored."""

        def change(db: sqlite3.Connection) -> None:
            previous = self.whole[at - 2][1] if at > 1 else BEGINNING
            for record, _ in self.whole[at - 1 :]:
                said = replace(record, detail="x") if record.seq == at else record
                previous = bind(previous, said)
                db.execute(
                    "UPDATE audit SET detail = ?, hash = ? WHERE seq = ?",
                    (said.detail, previous, said.seq),
                )

        return LINES, change


def _insert(db: sqlite3.Connection, record: Record, stored: str) -> None:
    db.execute(
        "INSERT INTO audit (seq, hash, id, act, object_kind, detail, came_from, at_utc_us,"
        " at_error_ms, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.seq,
            stored,
            record.id.hex,
            record.act,
            record.object_kind,
            record.detail,
            record.came_from,
            record.at_utc_us,
            record.at_error_ms,
            record.data or None,
        ),
    )


def run(folder: Path, *, each: int, seed: int) -> dict[str, Any]:
    """Forge and judge; what came of it."""
    dice = random.Random(seed)
    packages, logs = Packages.of(folder), Logs(folder)
    found: Counter[str] = Counter()
    missed: list[str] = []
    for number in range(each):
        kind, (forged, place) = packages.forge(number, dice)
        said = packages.faults(forged)
        if forged != packages.whole and any(re.search(place, fault) for fault in said):
            found["packages"] += 1
        else:
            missed.append(f"package {number}, {kind}: {place}: {said}")
        kind, at, change = logs.forge(number, dice)
        lines = logs.faults(change)
        if lines and lines[0] == at:
            found["logs"] += 1
        else:
            missed.append(f"log {number}, {kind}: line {at}: {lines}")
        if number % 10 == 0:
            true = [packages.faults(packages.whole), packages.faults(packages.same_hub)]
            sealed = packages.sealed
            for clip in (sealed.whole, sealed.other, sealed.cut_off(), sealed.bare()):
                true.append(packages.faults(sealed.packed(packages.earlier, clip)))
            true.append([str(one) for one in logs.faults(lambda _: None)])
            found["true ones"] += len(true)
            missed += [f"true one {number}: {said}" for said in true if said]
    digest = sha256(packages.whole).hexdigest()[:12]
    return {"each": each, "seed": seed, "package": digest, "found": dict(found), "missed": missed}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--each", type=int, default=1000, help="so many packages and logs")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), each=args.each, seed=args.seed)
    print(json.dumps(found, indent=2))
    return 1 if found["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
