"""Verification of a package: integrity and origin, from the file and trusted certificates."""

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

from hub.base.rfc3161 import UNREADABLE, Stamp, StampError, check_stamp, must_agree, read_roots
from hub.cases.evidence.keys import fingerprint, is_believed, is_signed
from hub.cases.evidence.layout import LayoutError, PackageEntry, read_content, read_entries
from hub.cases.evidence.manifest import (
    CERTIFICATE,
    MANIFEST,
    SIGNATURE,
    STAMP,
    STAMP_ROOTS,
    UNSIGNED,
    Manifest,
)
from hub.cases.evidence.repacked import pack_anew

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

    @property
    def is_intact(self) -> bool:
        """True if there is no fault."""
        return not self.faults

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
    seal_of: Callable[[Iterable[bytes]], str] | None = None,
    stamp_roots: Sequence[x509.Certificate] = (),
) -> PackageCheck:
    """Read a whole package. `seal_of` returns the seal result of a clip, as in the manifest.

    A time stamp is checked against `stamp_roots`; without any, against the root that the hub
    included. If the archive is not the hub's, the files in it are checked all the same.
    """
    check = _check(file, trusted, seal_of, stamp_roots)
    if not check.layout_fault:
        return check
    with TemporaryFile() as anew:
        try:
            pack_anew(file, anew)
        except LayoutError:
            return check
        again = _check(anew, trusted, seal_of, stamp_roots)
    again.layout_fault = check.layout_fault
    again.faults.insert(0, check.layout_fault)
    return again


def _check(
    file: BinaryIO,
    trusted: Sequence[x509.Certificate],
    seal_of: Callable[[Iterable[bytes]], str] | None,
    stamp_roots: Sequence[x509.Certificate],
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
    _check_signature(check, small, trusted)
    if check.manifest is not None:
        _check_files(file, check, check.manifest, entries)
        if check.manifest.is_stamped:
            answer = _small(file, entries, STAMP, check)
            roots = stamp_roots or _roots_within(file, entries, check)
            _check_stamp(check, small[MANIFEST], answer, roots)
        elif said := check.manifest.stamp:
            check.notes.append(f"no time stamp: {said.authority}: {said.missing}")
        if seal_of is not None:
            _check_seals(file, check, check.manifest, entries, seal_of)
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


def _check_seals(
    file: BinaryIO,
    check: PackageCheck,
    manifest: Manifest,
    entries: dict[str, PackageEntry],
    seal_of: Callable[[Iterable[bytes]], str],
) -> None:
    for footage in manifest.footage:
        entry = entries.get(footage.path)
        if entry is None or footage.kind == "picture":
            continue
        try:
            says = seal_of(read_content(file, entry))
        except LayoutError:  # reported already
            continue
        if says == footage.seal:
            check.notes.append(f"{footage.path}: seal {says}")
        else:
            check.faults.append(
                f"{footage.path}: its seal says {says}, and at the export it was {footage.seal}"
            )


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
