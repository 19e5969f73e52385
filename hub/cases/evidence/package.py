"""Writes a package: original footage, origin, custody and signature."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.base.moment import Moment
from hub.base.rfc3161 import StampError, TimestampAuthority, must_agree
from hub.base.text.paper import NoLettersError
from hub.cases.evidence.arrival_seal import ArrivalSeal
from hub.cases.evidence.blur import blur
from hub.cases.evidence.box_papers import BoxPapersFiles, pack_papers
from hub.cases.evidence.keys import EvidenceSigner, public_pem
from hub.cases.evidence.layout import PIECE_BYTES, PackageWriter
from hub.cases.evidence.manifest import (
    CERTIFICATE,
    CUSTODY,
    MANIFEST,
    SIGNATURE,
    STAMP,
    STAMP_ROOTS,
    ExportedFootage,
    File,
    Manifest,
    RedactedCopy,
    Stamping,
)
from hub.cases.evidence.pdf import MOST_PICTURES, paper, small_picture
from hub.cases.evidence.pdf_wording import WORDS
from hub.cases.evidence.redaction_plan import RedactionPlan
from hub.cases.evidence.seal_rules import ClipSeal
from hub.cases.evidence.summary import LANGUAGES, summary, verifier_page

PUBLIC_KEY: Final = "evidence-key.pub"
SUMS: Final = "sha256sums.txt"
SUFFIXES: Final = {"picture": "jpg", "clip": "mp4", "sound": "m4a"}


class ChangedError(Exception):
    """A stored file differs from its announcement; the message names it, and nothing is
    exported."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of footage in the store."""

    footage: ExportedFootage
    sha256: str
    size_bytes: int
    read: Callable[[], Iterable[bytes]]
    certificates: Sequence[bytes] = ()
    """Certificates of its node and their issuers, DER, as in its seal."""
    arrival: ArrivalSeal | None = None
    """Footage of a household: what the hub signed on arrival."""
    seal: ClipSeal | None = None
    """The verdict on a clip or sound of a box; None for other files."""
    hides: RedactionPlan | None = None
    """Redaction plan of the copy; None: no copy."""


@dataclass(frozen=True, slots=True)
class Order:
    """Order for a package: its files, its exporter and the reason."""

    package_id: UUID
    case_number: str
    reason: str
    exported_by: str
    now: Moment
    items: Sequence[Item]
    custody: Sequence[dict[str, Any]]
    """Log lines about the footage, from recording to this export."""
    log_seq: int
    log_hash: str
    zone: ZoneInfo
    """Time zone of the summaries."""
    act_text: Callable[[str, str], str] = lambda act, _: act
    """Text of an act of the log in a language, for the summaries; `custody.json` has its id."""
    detail_text: Callable[[Mapping[str, Any], str], str] = lambda line, _: line["detail"]
    """Detail of a line of the log in a language, in the same way; `custody.json` has it as text
    of older hubs, or in English."""
    papers: BoxPapersFiles = field(default_factory=lambda: pack_papers(None, ()))
    """The keys of its boxes."""
    stamps: TimestampAuthority | None = None
    """Authority that stamps the manifest. Without a stamp the package is exported all the same and
    says why."""


def path_of(number: int, kind: str, media_id: UUID, *, suffix: str = "") -> str:
    """Path of a piece of footage in its package."""
    return f"footage/{number:03d}-{kind}-{media_id.hex[-8:]}.{suffix or SUFFIXES[kind]}"


def write_package(order: Order, *, signer: EvidenceSigner, file: BinaryIO) -> Manifest:
    """Write the package; after ChangedError, LayoutError, BlurError or OSError the file must be
    deleted."""
    writer = PackageWriter(file)
    files: list[File] = []

    def add(path: str, pieces: Iterable[bytes]) -> File:
        counter = _Counter(pieces)
        writer.add(path, counter)
        files.append(File(path=path, sha256=counter.hexdigest(), size_bytes=counter.size_bytes))
        return files[-1]

    pictures: dict[str, bytes] = {}
    for item in order.items:
        added = add(item.footage.path, item.read())
        if (added.sha256, added.size_bytes) != (item.sha256, item.size_bytes):
            raise ChangedError(
                f"{item.footage.kind} {item.footage.media_id} is not in the store as its node "
                f"announced it ({item.sha256}): is the disk well? matthan-hub media sweep"
            )
        is_shown = item.footage.kind == "picture" and len(pictures) < MOST_PICTURES
        if is_shown and (shown := small_picture(item.read())):
            pictures[item.footage.path] = shown
    redacted = [_add_copy(item, add) for item in order.items if item.hides is not None]
    for name, content in _arrivals(order.items):
        add(name, [content])
    for name, content in _certificates(order.items):
        add(name, [content])
    for name, content in order.papers.files.items():
        add(name, [content])
    custody = [{name: line[name] for name in line if name != "data"} for line in order.custody]
    add(CUSTODY, [_json(custody)])
    add(CERTIFICATE, [signer.certificate.public_bytes(Encoding.PEM)])
    add(PUBLIC_KEY, [public_pem(signer.certificate)])
    add("verify.html", [verifier_page()])
    ending, answer = _ending(order, signer, _Written(files, pictures, redacted))
    for name, content in ending.files:
        writer.add(name, [content])
    writer.add(SIGNATURE, [signer.sign(ending.manifest.to_bytes())])
    if answer:
        writer.add(STAMP, [answer])
    writer.close()
    return ending.manifest


def _add_copy(item: Item, add: Callable[[str, Iterable[bytes]], File]) -> RedactedCopy:
    """Copy and plan; raises BlurError."""
    plan, original = item.hides, item.footage.path
    assert plan is not None  # noqa: S101 - asked by the caller
    name = original.rpartition("/")[2]
    with tempfile.TemporaryDirectory() as folder:
        whole, copy = Path(folder) / "original", Path(folder) / "copy"
        blur(item.footage.kind, item.read(), plan, original=whole, copy=copy)
        whole.unlink()
        with copy.open("rb") as file:
            path = add(f"redacted/{name}", iter(lambda: file.read(PIECE_BYTES), b"")).path
    drawn = add(f"redacted/{name}.json", [(plan.model_dump_json(indent=1) + "\n").encode()]).path
    return RedactedCopy(path=path, original=original, plan=drawn, areas=len(plan.areas))


@dataclass(frozen=True, slots=True)
class _Ending:
    """Files written after the footage: summaries, sums, and the manifest last."""

    files: Sequence[tuple[str, bytes]]
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Written:
    """Content of the package before the final files."""

    files: Sequence[File]
    pictures: Mapping[str, bytes]
    """Reduced for print."""
    redacted: Sequence[RedactedCopy]


def _ending(order: Order, signer: EvidenceSigner, written: _Written) -> tuple[_Ending, bytes]:
    """The final files and the time stamp's bytes; without a stamp the manifest says why."""
    asked = order.stamps
    if asked is None:
        return _ending_with(order, signer, written, None), b""
    stamped = _ending_with(order, signer, written, Stamping(authority=asked.name))
    try:
        answer, stamp = asked.stamp(stamped.manifest.to_bytes())
        must_agree(stamp, order.now.utc_us, order.now.error_ms)
    except StampError as error:
        why = Stamping(authority=asked.name, missing=str(error)[:500])
        return _ending_with(order, signer, written, why), b""
    return stamped, answer


def _ending_with(
    order: Order, signer: EvidenceSigner, written: _Written, stamping: Stamping | None
) -> _Ending:
    draft = _manifest(order, signer, written, stamping)
    added: list[tuple[str, bytes]] = []
    if order.stamps is not None and draft.is_stamped:
        roots = b"".join(one.public_bytes(Encoding.PEM) for one in order.stamps.roots)
        added.append((STAMP_ROOTS, roots))
    for language in LANGUAGES:
        page = summary(
            draft, _told(order, language), _seals(order), language=language, zone=order.zone
        )
        added.append((f"summary.{language}.html", page))
    added += _papers(draft, order, written.pictures)
    named = [*written.files, *(_file(*one) for one in added)]
    sums = "".join(f"{one.sha256}  {one.path}\n" for one in named).encode()
    added.append((SUMS, sums))
    whole = replace(written, files=[*named, _file(SUMS, sums)])
    manifest = _manifest(order, signer, whole, stamping)
    return _Ending([*added, (MANIFEST, manifest.to_bytes())], manifest)


def _papers(
    draft: Manifest, order: Order, pictures: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    for language in LANGUAGES:
        try:
            page = paper(
                draft,
                _told(order, language),
                pictures,
                _seals(order),
                language=language,
                zone=order.zone,
            )
        except NoLettersError:  # `has_paper` tells; the page beside it has the same text
            return
        yield f"summary.{language}.pdf", page


def _told(order: Order, language: str) -> list[dict[str, Any]]:
    """The custody log for readers of a language."""
    return [
        line
        | {
            "act": order.act_text(line["act"], language),
            "detail": order.detail_text(line, language),
            "who": WORDS[language].hub if line["who"] == "hub" else line["who"],
        }
        for line in order.custody
    ]


def _seals(order: Order) -> dict[str, ClipSeal]:
    """Verdicts on clips and sound of boxes, by their paths."""
    return {item.footage.path: item.seal for item in order.items if item.seal is not None}


def _file(path: str, content: bytes) -> File:
    return File(path=path, sha256=sha256(content).hexdigest(), size_bytes=len(content))


def _manifest(
    order: Order, signer: EvidenceSigner, written: _Written, stamping: Stamping | None
) -> Manifest:
    return Manifest(
        package_id=order.package_id,
        case_number=order.case_number,
        reason=order.reason,
        exported_by=order.exported_by,
        exported_utc_us=order.now.utc_us,
        exported_error_ms=order.now.error_ms,
        log_seq=order.log_seq,
        log_hash=order.log_hash,
        key_sha256=signer.fingerprint,
        footage=tuple(item.footage for item in order.items),
        files=tuple(written.files),
        redacted=tuple(written.redacted),
        stamp=stamping,
    )


def _certificates(items: Iterable[Item]) -> Iterator[tuple[str, bytes]]:
    """Each once, by its hash: a node's certificates are renewed."""
    found = {sha256(one).hexdigest(): one for item in items for one in item.certificates}
    for name, content in sorted(found.items()):
        yield f"certificates/{name}.der", content


def _arrivals(items: Iterable[Item]) -> Iterator[tuple[str, bytes]]:
    """For films of households: the statement signed on arrival, the signature, its key."""
    for item in items:
        if item.arrival is not None:
            name = f"household/{item.footage.path.rpartition('/')[2]}"
            certificate = x509.load_der_x509_certificate(item.arrival.certificate)
            yield f"{name}.json", item.arrival.words
            yield f"{name}.sig", item.arrival.signature
            yield f"{name}.pub", public_pem(certificate)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def utc(utc_us: int) -> str:
    """A moment in the format of custody logs and summaries."""
    return datetime.fromtimestamp(utc_us / 1e6, UTC).isoformat(timespec="milliseconds")


class _Counter:
    """Passes pieces through and computes their hash and size."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._hash = sha256()
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._hash.update(piece)
            self.size_bytes += len(piece)
            yield piece

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
