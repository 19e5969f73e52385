"""Sealed clips for tests: real video, certificates of a real authority, and forgeries of them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from agent.media.frame import Packet, StreamInfo
from agent.recording.sealer import Sealer
from agent.recording.writer import ClipWriter
from agent.wire.seal import BEGINNING, Claims, Record
from agent.wire.sealed import stretches
from agent.wire.terms import ClockSource
from hub.nodes.pki.authority import Authority, TlsFiles
from tests.agent.rigs.stage import at, clip_id_at

Street = tuple[StreamInfo, list[Packet]]
SEALED_AT = datetime.fromtimestamp(at(0).utc_us / 1e6, UTC)


@dataclass(frozen=True)
class Office:
    """An authority and the papers of one node."""

    authority: Authority
    papers: TlsFiles

    def sealer(self, node: str = "nga-tu-01", *, sign_every: int = 1) -> Sealer:
        opened = Sealer.open(
            node,
            key_file=self.papers.key_file,
            cert_file=self.papers.cert_file,
            trust=lambda: (ClockSource.NTP, 12),
        )
        opened._sign_every = sign_every
        return opened


def office(folder: Path, node: str = "nga-tu-01") -> Office:
    authority = Authority.create(folder, SEALED_AT)
    return Office(authority, authority.issue_client(node, SEALED_AT))


def write_clip(
    path: Path,
    street: Street,
    sealer: Sealer,
    *,
    clip_id: UUID | None = None,
    frames: int = 60,
    begins_s: float = 0.0,
) -> ClipWriter:
    """Write a clip of so many frames; it is not closed yet. It begins so long after the test's
    first moment."""
    info, packets = street
    # The street's packets begin at instant 0; these begin when the test does.
    moved = [
        Packet(p.data, at(begins_s + p.at.utc_us / 1e6), p.pts, p.dts, p.duration, p.is_keyframe)
        for p in packets[:frames]
    ]
    first = moved[0].at
    seal = sealer.begin(clip_id or clip_id_at(first), "cong-bac", info, first)
    writer = ClipWriter(path, info, seal=seal)
    for packet in moved:
        writer.write(packet)
    return writer


def parts_of(data: bytes) -> list[bytes]:
    """Beginning, then each fragment with its record, then the last record."""
    return [data[piece.start : piece.next_start] for piece in stretches(data)][:-1]


def own_key_sealer(sealer: Sealer) -> Sealer:
    """Sealer with the same certificate and another key."""
    key = ec.generate_private_key(ec.SECP256R1())
    forged = Sealer("nga-tu-01", key=key, certificates=(), trust=sealer._trust)
    forged._certificates = sealer._certificates
    return forged


def end_by_forger(
    data: bytes,
    sealer: Sealer,
    *,
    claims: Callable[[Claims], Claims] = lambda same: same,
    fragments: Callable[[int, bytes], bytes] = lambda _number, same: same,
) -> bytes:
    """The file with changes and all hashes made anew, but signed by a key of the forger's own.

    Records that are the same as before keep the node's signature.
    """
    forger, before, made = own_key_sealer(sealer), BEGINNING, b""
    for piece in stretches(data)[:-1]:
        record, stretch = piece.record, data[piece.start : piece.end]
        assert record is not None
        body, hashed = record.body, record.stretch
        if record.tag == "open":
            body = claims(Claims.model_validate_json(body)).model_dump_json().encode()
        if record.tag == "link":
            stretch = fragments(record.number, stretch)
            hashed = hashlib.sha256(stretch).digest()
        new = Record.after(before, tag=record.tag, number=record.number, body=body, stretch=hashed)
        is_same = new.chained == record.chained
        signature = record.signature if is_same else forger.sign(new.chained)
        made += stretch + replace(new, signature=signature).to_box()
        before = new.chained
    return made
