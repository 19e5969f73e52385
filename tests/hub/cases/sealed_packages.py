"""Evidence packages of really sealed clips, with their boxes' keys in lines of a log, and forgeries
of what an intruder at the hub could alter."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agent.recording.mp4.mend import mend
from agent.recording.sealer import Sealer
from agent.recording.writer import ClipWriter
from agent.wire.seal import BEGINNING
from agent.wire.seal import Record as Bound
from agent.wire.sealed import stretches
from agent.wire.terms import ClockSource
from hub.base.hash_chain import LogAnchor, Record, anchor_line, bind, line_of
from hub.base.rfc3161 import TimestampAuthority, read_roots
from hub.cases.evidence.box_papers import pack_papers
from hub.cases.evidence.keys import EvidenceSigner
from hub.cases.evidence.package import Item, Order, write_package
from hub.cases.evidence.seal_report import check_pieces
from hub.cases.evidence.seal_rules import arrived, judge_clip
from hub.nodes.enrolment.key_lines import KeyLine
from hub.nodes.pki.authority import Authority, TlsFiles
from hub.nodes.pki.verification import public_key_sha256
from tests.agent.rigs.sealing import SEALED_AT, write_clip
from tests.agent.rigs.stage import at, read
from tests.agent.rigs.videos import walk_past
from tests.hub.helpers.cases.evidence import PICTURE, item, order
from tests.hub.rigs.stamp_office import StampOffice

BOX = "nga-tu-01"
FREE = b"\0\0\0\x10free" + b"altered!"
"""A box of an MP4 file that no player shows."""
BEFORE = "ab" * 32
"""Hash of the line before an enrolment's."""


@dataclass
class SealedTown:
    """An authority, a box that it enrolled, and what the hub writes about it."""

    folder: Path

    def __post_init__(self) -> None:
        enrolled = self.enrolled
        self.authority = Authority.create(self.folder / "ca", enrolled - timedelta(days=30))
        self.papers = self.issue(enrolled)
        self.street = read(walk_past(self.folder / "street.mp4", seconds=4))
        self._clips = 0

    @property
    def enrolled(self) -> datetime:
        """Just before the clips."""
        return SEALED_AT - timedelta(minutes=5)

    @property
    def root(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.authority.pem)

    def issue(self, at: datetime, node: str = BOX) -> TlsFiles:
        """Papers of a new key, in a folder of their own."""
        into = self.folder / f"papers-{sha256(f'{at}{node}'.encode()).hexdigest()[:8]}"
        return self.authority.issue_client(node, at, into=into)

    def sealer(self, papers: TlsFiles | None = None, node: str = BOX) -> Sealer:
        papers = papers or self.papers
        return Sealer.open(
            node,
            key_file=papers.key_file,
            cert_file=papers.cert_file,
            trust=lambda: (ClockSource.NTP, 12),
        )

    def clip(self, papers: TlsFiles | None = None, node: str = BOX) -> bytes:
        self._clips += 1
        path = self.folder / f"clip-{self._clips}.mp4"
        return write_clip(path, self.street, self.sealer(papers, node)).close().path.read_bytes()

    @cached_property
    def whole(self) -> bytes:
        """A clip of the box."""
        return self.clip()

    @cached_property
    def other(self) -> bytes:
        """Another clip of the box, of the same moment."""
        return self.clip()

    def cut_off(self, *, behind: int = 40) -> bytes:
        """What came of a clip whose box lost its power and never came back."""
        pieces = stretches(self.whole)
        return self.whole[: pieces[3].next_start + behind]

    def mended(self) -> bytes:
        """A clip whose box lost its power and ended it when it was back."""
        writer = write_clip(self.folder / "mended.mp4", self.street, self.sealer(), frames=35)
        part = self.folder / "mended.mp4.part"
        left = part.read_bytes()
        writer.abandon()
        part.write_bytes(left)
        done = mend(part, self.sealer())
        assert done is not None
        return done.read_bytes()

    def fetched(self) -> bytes:
        """Footage of a camera's own recorder, from before the box was there."""
        info, packets = self.street
        fetched = at(0)
        moved = [replace(one, at=at(one.at.utc_us / 1e6 - 9 * 86_400)) for one in packets]
        seal = self.sealer().begin(UUID(int=5), "cong-bac", info, moved[0].at, fetched=fetched)
        writer = ClipWriter(self.folder / "fetched.mp4", info, seal=seal)
        for packet in moved:
            writer.write(packet)
        return writer.close().path.read_bytes()

    def bare(self) -> bytes:
        """The clip without its seal."""
        return b"".join(self.whole[one.start : one.end] for one in stretches(self.whole))

    def line(
        self,
        papers: TlsFiles | None = None,
        *,
        at: datetime | None = None,
        act: str = "enrolment.redeem",
        seq: int = 7,
        has_key: bool = True,
        stamps: TimestampAuthority | None = None,
    ) -> KeyLine:
        """The line of the log about the box's key."""
        own = x509.load_pem_x509_certificate((papers or self.papers).cert_file.read_bytes())
        data = f'{{"node": "{BOX}", "key_sha256": "{public_key_sha256(own)}"}}' if has_key else ""
        record = Record(
            seq=seq,
            id=UUID(int=seq),
            person_id=None,
            node_id=UUID(int=99),
            act=act,
            object_kind="node",
            object_id=UUID(int=99),
            detail="",
            came_from="10.0.0.9",
            at_utc_us=round((at or self.enrolled).timestamp() * 1e6),
            at_error_ms=5,
            data=data,
        )
        stored = bind(BEFORE, record)
        found = KeyLine(BOX, seq, BEFORE, line_of(record), stored)
        if stamps is None:
            return found
        text = anchor_line(LogAnchor(seq, stored, record.at_utc_us))
        roots = b"".join(one.public_bytes(Encoding.PEM) for one in stamps.roots).decode()
        return replace(found, anchor=text, stamp=stamps.stamp(text.encode())[0], roots=roots)

    def packed(
        self,
        by: EvidenceSigner,
        *clips: bytes,
        came: Sequence[bytes] | None = None,
        lines: Sequence[KeyLine] | None = None,
        with_papers: bool = True,
        remains: bool = False,
    ) -> bytes:
        """The hub's package of these clips and a picture. `came`: what the log says came instead;
        an empty one: nothing."""
        said = [self.line()] if lines is None else lines
        papers = pack_papers(self.root if with_papers else None, said)
        items, custody = [], []
        for number, clip in enumerate(clips, 1):
            arrival = clip if came is None else came[number - 1]
            if arrival:
                custody.append(_stored(number, arrival, remains=remains))
            items.append(self._item(number, clip, custody, papers.papers()))
        items.append(item(len(clips) + 1, "picture", PICTURE))
        said_order: Order = replace(order(*items), custody=custody, papers=papers)
        if not with_papers:
            said_order = replace(said_order, papers=replace(papers, files={}))
        file = io.BytesIO()
        write_package(said_order, signer=by, file=file)
        return file.getvalue()

    def _item(self, number: int, clip: bytes, custody: list[Any], papers: Any) -> Item:
        one, check = item(number, "clip", clip), check_pieces([clip])
        log = [(line["act"], line["detail"]) for line in custody if line["n"] == number]
        seal = judge_clip(
            check,
            node=BOX,
            sha256=one.sha256,
            came=arrived(log),
            papers=papers.of(BOX),
        )
        state = check.state if check else "unreadable"
        return replace(one, seal=seal, footage=one.footage.model_copy(update={"seal": state}))


@dataclass(frozen=True)
class Kind:
    """A package, and what must be said of it: its verdict, the reasons of its first clip, and what
    is not proven."""

    content: bytes
    verdict: str
    why: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def kinds(town: SealedTown, by: EvidenceSigner) -> dict[str, Kind]:
    """True packages, and what an intruder at the hub or a thief of the authority's key makes."""
    clip, bare, cut = town.whole, town.bare(), town.cut_off()
    changed = bytearray(clip)
    changed[stretches(clip)[2].end - 5] ^= 1
    pieces = stretches(clip)
    loose = clip[: pieces[4].end] + b"\0\0"
    foreign = Authority.create(town.folder / "foreign", town.enrolled)
    stranger = foreign.issue_client(BOX, town.enrolled)
    thiefs = town.issue(SEALED_AT - timedelta(minutes=1))
    early = town.issue(town.enrolled - timedelta(days=10))
    later = town.line(thiefs, at=SEALED_AT + timedelta(days=30), seq=9)
    neighbour = town.issue(town.enrolled, "nga-tu-02")
    sealed, differs, partly = "whole", "differs", "partly"
    unstamped, unlogged = ("date_unstamped",), ("date_unlogged",)

    def made(clip: bytes, **said: Any) -> bytes:
        return town.packed(by, clip, **said)

    return {
        "true": Kind(made(clip), sealed, (), unstamped),
        "mended": Kind(made(town.mended()), sealed, ("cut",), unstamped),
        "cut off": Kind(made(cut, remains=True), sealed, ("cut",), unstamped),
        "of a box enrolled earlier": Kind(
            made(clip, lines=[town.line(has_key=False)]), sealed, (), unlogged
        ),
        "of an older hub": Kind(
            made(clip, with_papers=False), sealed, (), ("issuer_unknown", "date_unknown")
        ),
        "dated before the box": Kind(made(town.clip(early)), differs, ("before_box",)),
        "only pictures": Kind(town.packed(by), "whole_without_clips"),
        "of a camera's recorder": Kind(made(town.fetched()), sealed, (), unstamped),
        "without a key": Kind(made(bare), partly, ("keyless",)),
        "without seal or log": Kind(made(bare, came=[b""]), partly, ("none",)),
        "cut off, its last second whole": Kind(made(loose), partly, ("loose",)),
        "cut off without log": Kind(made(cut, came=[b""]), partly, ("short",)),
        "one of two without a key": Kind(
            town.packed(by, bare, clip), partly, ("keyless",), unstamped
        ),
        "box appended": Kind(made(clip + FREE, came=[clip]), differs, ("arrival", "changed")),
        "box appended, no log": Kind(made(clip + FREE, came=[b""]), differs, ("changed",)),
        "box appended to a cut one": Kind(
            made(cut[: pieces[3].next_start] + FREE, came=[b""]), differs, ("tail",)
        ),
        "picture changed": Kind(made(bytes(changed), came=[b""]), differs, ("changed",)),
        "another of the box": Kind(made(town.other, came=[clip]), differs, ("arrival",)),
        "seal taken off": Kind(made(bare, came=[clip]), differs, ("arrival",)),
        "end cut off": Kind(made(cut, came=[clip]), differs, ("arrival",)),
        "first record taken out": Kind(made(unsigned(clip), came=[b""]), differs, ("changed",)),
        "of another box": Kind(made(town.clip(neighbour, "nga-tu-02")), differs, ("box",)),
        "sealed by a stranger": Kind(made(town.clip(stranger)), differs, ("issuer",)),
        "sealed by a thief of ca.key": Kind(made(town.clip(thiefs)), differs, ("key",)),
        "dated back by one": Kind(
            made(town.clip(thiefs), lines=[town.line(has_key=False), later]),
            differs,
            ("backdated",),
        ),
        "one of two altered": Kind(
            town.packed(by, clip + FREE, bare, came=[clip, bare]), differs, ("arrival", "changed")
        ),
    }


def unsigned(clip: bytes) -> bytes:
    """What anybody can make: no first record, all hashes right, nothing signed."""
    opening, *others = stretches(clip)[:-1]
    made, before = clip[: opening.end], BEGINNING
    for number, piece in enumerate(others, 1):
        assert piece.record is not None
        fragment = clip[piece.start : piece.end]
        covered = made + fragment if number == 1 else fragment
        if piece.record.tag == "shut":
            covered = made[: stretches(made)[0].end]
        new = Bound.after(
            before,
            tag=piece.record.tag,
            number=number,
            body=piece.record.body,
            stretch=sha256(covered).digest(),
        )
        made, before = made + fragment + new.to_box(), new.chained
    return made


def stamps_of(office: StampOffice) -> TimestampAuthority:
    return TimestampAuthority(
        "http://office.example", read_roots(office.root.read_bytes()), office.reply
    )


def _stored(number: int, clip: bytes, *, remains: bool) -> dict[str, Any]:
    left = ", left of an unfinished clip" if remains else ""
    return {
        "seq": number,
        "at": "…",
        "who": BOX,
        "act": "media.store",
        "object_id": str(UUID(int=number)),
        "detail": f"{len(clip)} bytes, sha256 {sha256(clip).hexdigest()}{left}",
        "n": number,
    }
