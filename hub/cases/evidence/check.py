"""Verification of a package: integrity and origin, from the file and trusted certificates."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from cryptography import x509
from pydantic import ValidationError

from agent.wire.seal_check import Verdict
from hub.base.rfc3161 import UNREADABLE, Stamp, StampError, check_stamp, must_agree, read_roots
from hub.cases.evidence.box_papers import ENROLMENTS, PackedPapers, Papers, stamp_of
from hub.cases.evidence.keys import fingerprint, is_believed, is_signed
from hub.cases.evidence.layout import LayoutError, PackageEntry, read_content, read_entries
from hub.cases.evidence.manifest import (
    CERTIFICATE,
    CUSTODY,
    MANIFEST,
    SIGNATURE,
    STAMP,
    STAMP_ROOTS,
    UNSIGNED,
    Manifest,
)
from hub.cases.evidence.repacked import pack_anew
from hub.cases.evidence.seal_rules import ClipSeal, SealVerdict, arrived, judge_clip
from hub.cases.evidence.seal_wording import head_id, reason_text, verdict_text
from hub.nodes.pki.verification import is_authority

MOST_SMALL_BYTES: Final = 16 * 2**20
"""Largest manifest, signature or certificate."""
_HEAD: Final = re.compile(rb"PK\x03\x04")


@dataclass(slots=True)
class PackageCheck:
    """Result; intact if `faults` is empty."""

    manifest: Manifest | None = None
    certificate: x509.Certificate | None = None
    stamp: Stamp | None = None
    """Time stamp of an outside authority, if any."""
    faults: list[str] = field(default_factory=list)
    layout_fault: str = ""
    """Place where the archive differs from the hub's; it is among `faults` too."""
    notes: list[str] = field(default_factory=list)
    clips: dict[str, ClipSeal] = field(default_factory=dict)
    """Verdicts on clips and sound of boxes, by their paths; a wrong one is among `faults` too."""
    apart: dict[str, int] = field(default_factory=dict)
    """Number of pictures, films of households and redacted copies, which have no box's seal."""

    @property
    def is_intact(self) -> bool:
        """True if there is no fault. A clip without a seal is none: see `verdict`."""
        return not self.faults

    @property
    def verdict(self) -> tuple[str, int]:
        """The one verdict by its id in `seal_wording.HEADS`, never better than its worst part, and
        the number of clips that it is about."""
        by_seals = head_id(self.clips.values())
        if by_seals[0] == "differs":
            return by_seals
        if self.is_repacked:
            return "repacked", 0
        return by_seals if self.is_intact else ("not_whole", 0)

    @property
    def is_good(self) -> bool:
        """True for the best verdict alone: whole, and each clip sealed by its box."""
        return self.verdict[0] in {"whole", "whole_without_clips"}

    @property
    def limits(self) -> list[str]:
        """What is not proven, each once."""
        found = (reason_text(one, "en") for seal in self.clips.values() for one in seal.limits)
        return list(dict.fromkeys(found))

    @property
    def is_repacked(self) -> bool:
        """True if each file is as exported and the signature holds, in another archive."""
        return bool(self.layout_fault) and self.faults == [self.layout_fault]


def is_package(path: Path) -> bool:
    """True if it starts like a package: an archive whose first file is footage."""
    with path.open("rb") as file:
        return _HEAD.match(file.read(4)) is not None


def check_package(
    file: BinaryIO,
    trusted: Sequence[x509.Certificate],
    *,
    seal_of: Callable[[Iterable[bytes]], Verdict | None] | None = None,
    stamp_roots: Sequence[x509.Certificate] = (),
    authority: x509.Certificate | None = None,
) -> PackageCheck:
    """Read a whole package. `seal_of` checks the seal of a clip; None: it cannot be read.

    `authority` may have issued certificates of boxes too, beside the one in the package. A time
    stamp is checked against `stamp_roots`; without any, against the root that the hub included. If
    the archive is not the hub's, the files in it are checked all the same.
    """
    believed = _Believed(trusted, stamp_roots, authority)
    check = _check(file, believed, seal_of)
    if not check.layout_fault:
        return check
    with TemporaryFile() as anew:
        try:
            pack_anew(file, anew)
        except LayoutError:
            return check
        again = _check(anew, believed, seal_of)
    again.layout_fault = check.layout_fault
    again.faults.insert(0, check.layout_fault)
    return again


@dataclass(frozen=True, slots=True)
class _Believed:
    """Whom the reader believes."""

    trusted: Sequence[x509.Certificate]
    stamp_roots: Sequence[x509.Certificate]
    authority: x509.Certificate | None


def _check(
    file: BinaryIO,
    believed: _Believed,
    seal_of: Callable[[Iterable[bytes]], Verdict | None] | None,
) -> PackageCheck:
    check = PackageCheck()
    entries: dict[str, PackageEntry] = {}
    try:
        for entry in read_entries(file):
            if entry.name in entries:
                check.faults.append(f"{entry.name}: it is there twice")
            entries[entry.name] = entry
    except LayoutError as error:
        check.layout_fault = str(error)
        check.faults.append(check.layout_fault)
    small = {name: _small(file, entries, name, check) for name in (*UNSIGNED, CERTIFICATE)}
    _check_signature(check, small, believed.trusted)
    if check.manifest is not None:
        _check_files(file, check, check.manifest, entries)
        if check.manifest.is_stamped:
            answer = _small(file, entries, STAMP, check)
            roots = believed.stamp_roots or _roots_within(file, entries, check)
            _check_stamp(check, small[MANIFEST], answer, roots)
        elif said := check.manifest.stamp:
            check.notes.append(f"no time stamp: {said.authority}: {said.missing}")
        papers = _papers(file, check, check.manifest, entries, believed)
        if seal_of is not None:
            _check_seals(file, check, check.manifest, entries, seal_of, papers)
    return check


def _small(
    file: BinaryIO, entries: dict[str, PackageEntry], name: str, check: PackageCheck
) -> bytes:
    entry = entries.get(name)
    if entry is None:
        check.faults.append(f"{name}: it is missing")
        return b""
    if entry.size_bytes > MOST_SMALL_BYTES:
        check.faults.append(f"{name}: {entry.size_bytes} bytes are too many for it")
        return b""
    try:
        return b"".join(read_content(file, entry))
    except LayoutError:  # reported already
        return b""


def _check_signature(
    check: PackageCheck, small: dict[str, bytes], trusted: Sequence[x509.Certificate]
) -> None:
    content = small[MANIFEST]
    try:
        check.manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        check.faults.append(f"{MANIFEST}: it cannot be read: {_first_reason(error)}")
    try:
        check.certificate = x509.load_pem_x509_certificate(small[CERTIFICATE])
        is_good = is_signed(check.certificate, content, small[SIGNATURE])
    except UNREADABLE:
        check.faults.append(f"{CERTIFICATE}: it cannot be read")
        return
    if not is_good:
        check.faults.append(f"{SIGNATURE}: it is not the signature of {MANIFEST} by that key")
    if not is_believed(check.certificate, trusted):
        mark = fingerprint(check.certificate)
        check.faults.append(f"{CERTIFICATE}: nobody here vouches for this key, SHA-256 {mark}")
    if check.manifest is not None:
        _check_key(check, check.manifest, check.certificate)


def _check_key(check: PackageCheck, manifest: Manifest, certificate: x509.Certificate) -> None:
    if manifest.key_sha256 != fingerprint(certificate):
        check.faults.append(f"{CERTIFICATE}: it is not the one that {MANIFEST} names")
    try:
        moment = datetime.fromtimestamp(manifest.exported_utc_us / 1e6, UTC)
        holds = certificate.not_valid_before_utc <= moment < certificate.not_valid_after_utc
    except (ValueError, OverflowError):
        holds = False
    if not holds:
        check.faults.append(f"{CERTIFICATE}: it did not hold when this was exported")


def _roots_within(
    file: BinaryIO, entries: dict[str, PackageEntry], check: PackageCheck
) -> list[x509.Certificate]:
    if STAMP_ROOTS not in entries:  # reported already
        return []
    try:
        return read_roots(_small(file, entries, STAMP_ROOTS, check))
    except StampError as error:
        check.faults.append(f"{STAMP_ROOTS}: {error}")
        return []


def _check_stamp(
    check: PackageCheck, content: bytes, answer: bytes, roots: Sequence[x509.Certificate]
) -> None:
    manifest = check.manifest
    if manifest is None or not answer:  # reported already
        return
    try:
        stamp = check_stamp(answer, content, roots)
        must_agree(stamp, manifest.exported_utc_us, manifest.exported_error_ms)
    except StampError as error:
        check.faults.append(f"{STAMP}: {error}")
        return
    check.stamp = stamp
    marks = ", ".join(fingerprint(root) for root in roots)
    check.notes.append(
        f"{STAMP}: stamped {stamp.at:%d/%m/%Y %H:%M:%S} UTC by {stamp.by}; root SHA-256 {marks}"
    )


def _check_files(
    file: BinaryIO, check: PackageCheck, manifest: Manifest, entries: dict[str, PackageEntry]
) -> None:
    named = {one.path: one for one in manifest.files}
    if len(named) != len(manifest.files):
        check.faults.append(f"{MANIFEST}: it names a file twice")
    for name in entries.keys() - named.keys() - manifest.unsigned:
        check.faults.append(f"{name}: {MANIFEST} does not name it")
    for path, one in named.items():
        entry = entries.get(path)
        if entry is None:
            check.faults.append(f"{path}: it is missing")
        elif entry.size_bytes != one.size_bytes or _sha256(file, entry) != one.sha256:
            check.faults.append(f"{path}: it is not the file that was exported")
    for footage in manifest.footage:
        if footage.path not in named:
            check.faults.append(f"{footage.path}: it is footage and no file")
    originals = {footage.path for footage in manifest.footage}
    for copy in manifest.redacted:
        if not {copy.path, copy.plan} <= named.keys() or copy.original not in originals:
            check.faults.append(f"{copy.path}: it is a redacted copy of nothing")
        else:
            check.notes.append(f"{copy.path}: redacted copy of {copy.original}")


def _papers(
    file: BinaryIO,
    check: PackageCheck,
    manifest: Manifest,
    entries: dict[str, PackageEntry],
    believed: _Believed,
) -> Papers:
    """What the package says of its boxes' keys; nothing in packages of older hubs."""
    own = [believed.authority] if believed.authority and is_authority(believed.authority) else []
    if ENROLMENTS not in entries or ENROLMENTS not in {one.path for one in manifest.files}:
        return Papers(own)

    def content(name: str) -> bytes:
        return _small(file, entries, name, check)

    try:
        packed = PackedPapers.model_validate_json(content(ENROLMENTS))
        keys = packed.keys(lambda one: stamp_of(one, content, believed.stamp_roots))
        return Papers([*packed.authorities, *own], keys)
    except ValueError as error:  # a StampError too
        reason = _first_reason(error) if isinstance(error, ValidationError) else str(error)
        check.faults.append(f"{ENROLMENTS}: {reason}")
        return Papers(own)


def _check_seals(
    file: BinaryIO,
    check: PackageCheck,
    manifest: Manifest,
    entries: dict[str, PackageEntry],
    seal_of: Callable[[Iterable[bytes]], Verdict | None],
    papers: Papers,
) -> None:
    """Judge each clip and sound of a box; the others are counted apart."""
    custody = _custody(file, check, entries)
    for footage in manifest.footage:
        entry = entries.get(footage.path)
        if apart := footage.apart:
            check.apart[apart] = check.apart.get(apart, 0) + 1
            continue
        if entry is None:  # reported already
            continue
        try:
            seal = seal_of(read_content(file, entry))
        except LayoutError:  # reported already
            continue
        judged = judge_clip(
            seal,
            node=footage.node,
            sha256=_sha256(file, entry),
            came=arrived(custody.get(str(footage.media_id), ())),
            papers=papers.of(footage.node),
        )
        check.clips[footage.path] = judged
        told = f"{footage.path}: {verdict_text(judged, 'en')}"
        if judged.verdict is SealVerdict.DIFFERS:
            check.faults.append(told)
        else:
            check.notes.append(told)
        says = seal.state if seal else "unreadable"
        if says != footage.seal:
            check.faults.append(
                f"{footage.path}: its seal says {says}, and at the export it was {footage.seal}"
            )
    if manifest.redacted:
        check.apart["redacted"] = len(manifest.redacted)


def _custody(
    file: BinaryIO, check: PackageCheck, entries: dict[str, PackageEntry]
) -> dict[str, list[tuple[str, str]]]:
    """Act and detail of the log's lines about each file, by its id."""
    found: dict[str, list[tuple[str, str]]] = {}
    entry = entries.get(CUSTODY)
    if entry is None or entry.size_bytes > MOST_SMALL_BYTES:  # then the log says nothing of them
        return found
    try:
        for line in json.loads(_small(file, entries, CUSTODY, check)):
            about = found.setdefault(str(line.get("object_id", "")), [])
            about.append((str(line.get("act", "")), str(line.get("detail", ""))))
    except (ValueError, AttributeError, TypeError):
        check.faults.append(f"{CUSTODY}: it cannot be read")
    return found


def _sha256(file: BinaryIO, entry: PackageEntry) -> str:
    digest = sha256()
    try:
        for piece in read_content(file, entry):
            digest.update(piece)
    except LayoutError:
        return ""
    return digest.hexdigest()


def _first_reason(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
