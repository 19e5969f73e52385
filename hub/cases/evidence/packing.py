"""Makes evidence packages from the store, the hub's key and the clips' own seals."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import structlog
from cryptography import x509

from hub.base.audit.asker import Asker
from hub.base.moment import Moment
from hub.base.rfc3161 import TimestampAuthority
from hub.base.secret_store.store import SecretStore
from hub.base.storage.blobs import BlobsError
from hub.base.text import paper
from hub.cases.evidence.blur import BlurError
from hub.cases.evidence.box_papers import Papers, pack_papers
from hub.cases.evidence.keys import EvidenceKeyError, EvidenceSigner, signing_key
from hub.cases.evidence.layout import LayoutError
from hub.cases.evidence.manifest import ExportedFootage, Manifest
from hub.cases.evidence.package import ChangedError, Item, Order, path_of, utc, write_package
from hub.cases.evidence.redaction_plan import RedactionPlan, read_plan
from hub.cases.evidence.seal_report import check_pieces
from hub.cases.evidence.seal_rules import arrived, judge_clip
from hub.cases.evidence.service import (
    CannotLeaveError,
    Custody,
    Export,
    ExportedFile,
    ExportService,
)
from hub.web.rendering import Pack

log = structlog.get_logger()

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How this hub makes packages: with its keys, in its words."""

    key_folder: Path
    secrets: SecretStore
    zone: ZoneInfo
    act_text: Callable[[str, str], str]
    """Text of an act, in a language."""
    detail_text: Callable[[Moment, Mapping[str, Any], str], str]
    """Text of the detail of a line of the log (act, detail, data), in a language."""
    authority: Callable[[], x509.Certificate | None]
    """Certificate of the authority that issues those of boxes; None if it cannot be read."""
    stamps: Callable[[], TimestampAuthority | None]
    """The authority for time stamps, if any."""


def packer(packing: Packing, exports: ExportService, folder: Path) -> Pack:
    """A function that makes packages for the pages, in `folder`, on the disk of the clip store.

    Each is a file without a name, which is gone when it is closed or its process ends. Another
    process on the same folder cannot remove it.
    """
    _forget_old(folder)

    def pack(
        asker: Asker,
        media_ids: Sequence[UUID],
        case_number: str,
        reason: str,
        plans: Sequence[bytes] = (),
    ) -> tuple[str, BinaryIO] | None:
        try:
            # One that is not in this export (only what matters most) hides nothing in it.
            known = set(media_ids)
            hides = [one for one in map(read_plan, plans) if one.media_id in known]
            leaving = exports.export(asker, media_ids, case_number=case_number, reason=reason)
        except ValueError as error:
            raise CannotLeaveError(str(error)) from error
        if leaving is None:
            return None
        try:
            order, signs = _order(packing, exports, leaving, hides)
            folder.mkdir(parents=True, exist_ok=True)
            with ExitStack() as unless_made:
                file = unless_made.enter_context(tempfile.TemporaryFile(dir=folder))
                _write(order, signs, file)
                if not exports.still_may(asker, leaving):
                    return None
                unless_made.pop_all()
            return _name(order), file
        except (
            EvidenceKeyError,
            ChangedError,
            LayoutError,
            BlurError,
            BlobsError,
            OSError,
        ) as error:
            log.error("evidence.failed", case=case_number, reason=str(error))
            raise CannotLeaveError(str(error)) from error

    return pack


def package(
    packing: Packing,
    exports: ExportService,
    leaving: Export,
    *,
    into: Path,
    plans: Sequence[RedactionPlan] = (),
) -> tuple[Path, Manifest]:
    """Write a package under another name, sync it, then rename it: a package is complete or absent.

    `plans` name the footage that gets a redacted copy beside it; BlurError.
    """
    order, signs = _order(packing, exports, leaving, plans)
    into.mkdir(parents=True, exist_ok=True)
    path = into / _name(order)
    with _draft(path) as file:
        return path, _write(order, signs, file)


def _order(
    packing: Packing,
    exports: ExportService,
    leaving: Export,
    plans: Sequence[RedactionPlan],
) -> tuple[Order, EvidenceSigner]:
    papers = pack_papers(packing.authority(), leaving.key_lines)
    judge = _Judge(exports, leaving, papers.papers())
    hides = {plan.media_id: plan for plan in plans}
    if unknown := hides.keys() - {one.media_id for one in leaving.footage}:
        raise BlurError(f"{min(map(str, unknown))} is not among what is exported")
    now = datetime.fromtimestamp(leaving.now.utc_us / 1e6, UTC)
    signs = signing_key(packing.key_folder, now, packing.secrets)
    order = Order(
        package_id=uuid4(),
        case_number=leaving.case_number,
        reason=leaving.reason,
        exported_by=leaving.exported_by,
        now=leaving.now,
        items=[
            replace(judge.item(one, number), hides=hides.get(one.media_id))
            for number, one in enumerate(leaving.footage, 1)
        ],
        custody=[_line(packing, leaving.now, one) for one in leaving.custody],
        log_seq=leaving.log.seq,
        log_hash=leaving.log.hash,
        zone=packing.zone,
        act_text=packing.act_text,
        detail_text=partial(packing.detail_text, leaving.now),
        papers=papers,
        stamps=packing.stamps(),
    )
    return order, signs


def _name(order: Order) -> str:
    return f"evidence-{_named(order.case_number)}-{order.package_id.hex[:12]}.zip"


def _write(order: Order, signs: EvidenceSigner, file: BinaryIO) -> Manifest:
    manifest = write_package(order, signer=signs, file=file)
    if not any(one.path.endswith(".pdf") for one in manifest.files):
        log.warning("evidence.without_paper", cure=f"apt install {paper.PACKAGE}")
    if manifest.stamp is not None and manifest.stamp.missing:
        log.warning("evidence.unstamped", case=manifest.case_number, reason=manifest.stamp.missing)
    return manifest


class _Judge:
    """Judges the files of an export."""

    def __init__(self, exports: ExportService, leaving: Export, papers: Papers) -> None:
        self._exports = exports
        self._papers = papers
        self._log: dict[UUID | None, list[tuple[str, str]]] = {}
        for line in leaving.custody:
            self._log.setdefault(line.object_id, []).append((line.act, line.detail or line.data))

    def item(self, one: ExportedFile, number: int) -> Item:
        """One file of the package."""
        given = one.given
        check = None if one.kind == "picture" else check_pieces(self._exports.read(one))
        state = check.state if check else "unsealed" if one.kind == "picture" else "unreadable"
        footage = ExportedFootage(
            path=path_of(number, one.kind, one.media_id, suffix=given.form if given else ""),
            media_id=one.media_id,
            kind=one.kind,
            node=one.node,
            camera=one.camera,
            label=one.label,
            place=one.place,
            first_frame_utc_us=one.first_frame_utc_us,
            first_frame_error_ms=one.first_frame_error_ms,
            duration_ms=one.duration_ms,
            stored_utc_us=one.stored_utc_us,
            seal=state,
        )
        judged = None
        if not footage.apart:
            judged = judge_clip(
                check,
                node=one.node,
                sha256=one.sha256,
                came=arrived(self._log.get(one.media_id, ())),
                papers=self._papers.of(one.node),
            )
        return Item(
            footage,
            one.sha256,
            one.size_bytes,
            lambda: self._exports.read(one),  # once for the package, once for its seal
            check.claims.certificates if check and check.claims else (),
            arrival=given.seal if given else None,
            seal=judged,
        )


def _line(packing: Packing, now: Moment, one: Custody) -> dict[str, Any]:
    said = asdict(one)
    said |= {"at": utc(said.pop("at_utc_us")), "object_id": str(one.object_id or "")}
    if one.data:  # the package is read without this hub's texts of codes
        said["detail"] = packing.detail_text(now, said, "en")
    return said


def _forget_old(folder: Path) -> None:
    """Remove what lies there for more than a day: an earlier version of the hub, or a network file
    system, leaves packages there if it dies."""
    for left in folder.glob("*"):
        try:
            if time.time() - left.stat().st_mtime < DAY_S:
                continue
            left.unlink()
        except FileNotFoundError:
            continue  # another process that starts removed it
        except OSError as error:
            log.error("evidence.left_over", file=str(left), reason=str(error), cure="remove it")
        else:
            log.warning("evidence.left_over_removed", file=left.name)


def _named(case_number: str) -> str:
    """A case number as a part of a file's name."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in case_number.lower())
    return kept.strip("-")[:40] or "case"


@contextmanager
def _draft(path: Path) -> Iterator[BinaryIO]:
    draft = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
