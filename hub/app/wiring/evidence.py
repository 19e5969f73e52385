"""Makes evidence packages from the store, the hub's key and the clips' own seals."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.app.config import HubSettings
from hub.app.features import FEATURES
from hub.app.wiring import timestamping
from hub.app.wiring.enrolment import authority_folder
from hub.base.audit.asker import Asker
from hub.base.clock.clock import Clock
from hub.base.moment import Moment
from hub.base.secret_store.store import FILES, SecretStore
from hub.base.storage.blobs import BlobsError
from hub.base.text import paper
from hub.cases.evidence import keys
from hub.cases.evidence.blur import BlurError
from hub.cases.evidence.box_papers import Papers, pack_papers
from hub.cases.evidence.check import PackageCheck, check_package
from hub.cases.evidence.keys import EvidenceKeyError, EvidenceSigner
from hub.cases.evidence.layout import LayoutError
from hub.cases.evidence.manifest import ExportedFootage, Manifest
from hub.cases.evidence.package import ChangedError, Item, Order, path_of, utc, write_package
from hub.cases.evidence.redaction_plan import RedactionPlan, read_plan
from hub.cases.evidence.seal_report import check_pieces
from hub.cases.evidence.seal_rules import arrived, judge_clip
from hub.cases.evidence.seal_wording import APART, HEADS, LIMITS_HEAD, say
from hub.cases.evidence.service import (
    CannotLeaveError,
    Custody,
    Export,
    ExportedFile,
    ExportService,
)
from hub.nodes.pki.authority import own_files
from hub.oversight.log.acts import act_words
from hub.oversight.log.details import detail_reader
from hub.web.calendar import Calendar
from hub.web.feature import act_texts
from hub.web.i18n import words
from hub.web.rendering import Pack

log = structlog.get_logger()

DAY_S: Final = 86_400


def packer(settings: HubSettings, exports: ExportService, secrets: SecretStore = FILES) -> Pack:
    """A function that makes packages for the pages, on the disk of the clip store.

    Each is a file without a name, which is gone when it is closed or its process ends. Another
    process on the same folder cannot remove it.
    """
    folder = settings.store.media_folder / "leaving"
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
            order, signs = _order(settings, exports, leaving, hides, secrets)
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
    settings: HubSettings,
    exports: ExportService,
    leaving: Export,
    *,
    into: Path,
    plans: Sequence[RedactionPlan] = (),
    secrets: SecretStore = FILES,
) -> tuple[Path, Manifest]:
    """Write a package under another name, sync it, then rename it: a package is complete or absent.

    `plans` name the footage that gets a redacted copy beside it; BlurError.
    """
    order, signs = _order(settings, exports, leaving, plans, secrets)
    into.mkdir(parents=True, exist_ok=True)
    path = into / _name(order)
    with _draft(path) as file:
        return path, _write(order, signs, file)


def _order(
    settings: HubSettings,
    exports: ExportService,
    leaving: Export,
    plans: Sequence[RedactionPlan],
    secrets: SecretStore,
) -> tuple[Order, EvidenceSigner]:
    papers = pack_papers(authority_of(settings, secrets), leaving.key_lines)
    judge = _Judge(exports, leaving, papers.papers())
    hides = {plan.media_id: plan for plan in plans}
    if unknown := hides.keys() - {one.media_id for one in leaving.footage}:
        raise BlurError(f"{min(map(str, unknown))} is not among what is exported")
    signs = signer(settings, datetime.fromtimestamp(leaving.now.utc_us / 1e6, UTC), secrets)
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
        custody=[_line(settings, leaving.now, one) for one in leaving.custody],
        log_seq=leaving.log.seq,
        log_hash=leaving.log.hash,
        zone=ZoneInfo(settings.web.time_zone),
        act_text=act_text,
        detail_text=partial(_detail_text, settings, leaving.now),
        papers=papers,
        stamps=timestamping.asked(settings),
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


def act_text(act: str, language: str) -> str:
    """Text of an act, as on the page of the log."""
    return act_words(act, words(language), _act_texts(language))


def _detail_text(settings: HubSettings, now: Moment, line: Mapping[str, Any], language: str) -> str:
    calendar = Calendar(ZoneInfo(settings.web.time_zone), words(language), now.utc_us)
    return _details(calendar)(line["act"], line["detail"], line["data"])


@cache
def _details(calendar: Calendar) -> Callable[[str, str, str], str]:
    return detail_reader(FEATURES, calendar)


@cache
def _act_texts(language: str) -> Mapping[str, str]:
    return act_texts(FEATURES, words(language))


def proof_signer(
    settings: HubSettings, clock: Clock, secrets: SecretStore = FILES
) -> Callable[[bytes], tuple[bytes, str]]:
    """Signs a proof with the evidence key: the signature, and the certificate as PEM."""

    def sign(content: bytes) -> tuple[bytes, str]:
        now = datetime.fromtimestamp(clock.now().utc_us / 1e6, UTC)
        signs = signer(settings, now, secrets)
        return signs.sign(content), signs.certificate.public_bytes(Encoding.PEM).decode()

    return sign


def verify_package(
    path: Path,
    trusted: Sequence[x509.Certificate],
    stamp_roots: Sequence[x509.Certificate] = (),
    authority: x509.Certificate | None = None,
) -> PackageCheck:
    """Read and check a package; OSError if it cannot be read."""
    with path.open("rb") as file:
        return check_package(
            file, trusted, seal_of=check_pieces, stamp_roots=stamp_roots, authority=authority
        )


def lines_of(path: Path, check: PackageCheck) -> list[str]:
    """The result of a check in lines for people, the verdict first."""
    manifest = check.manifest
    head, count = check.verdict
    about = []
    if manifest is not None and (check.is_intact or check.is_repacked):
        about = [
            f"case {manifest.case_number}, exported {utc(manifest.exported_utc_us)} by "
            f"{manifest.exported_by}; key SHA-256 {manifest.key_sha256}"
        ]
    limits = [f"{say(LIMITS_HEAD, 'en').lower()}: {one}" for one in check.limits]
    apart = ", ".join(f"{say(APART[kind], 'en')}: {n}" for kind, n in check.apart.items())
    details = [*check.faults, *limits, *about, *check.notes]
    if apart:
        details.append(f"apart: {apart}")
    return [f"{path}: {say(HEADS[head], 'en', count)}", *(f"  {line}" for line in details)]


def key_folder(settings: HubSettings) -> Path:
    """Folder of the evidence keys: among the hub's secrets, so that a backup has them."""
    return settings.secrets.folder


def signer(settings: HubSettings, now: datetime, secrets: SecretStore = FILES) -> EvidenceSigner:
    """The key that signs now, made if there is none; EvidenceKeyError, OSError."""
    return keys.current(key_folder(settings), now, secrets) or new_key(settings, now, secrets)


def new_key(settings: HubSettings, now: datetime, secrets: SecretStore = FILES) -> EvidenceSigner:
    """Make a key that signs from now on."""
    folder = key_folder(settings)
    return keys.new_key(folder, now, private=secrets.write, public=secrets.write)


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


def authority_of(settings: HubSettings, secrets: SecretStore = FILES) -> x509.Certificate | None:
    """The certificate of the authority that issues those of boxes; None if it cannot be read."""
    file, _ = own_files(authority_folder(settings))
    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificate(secrets.read(file))
    with suppress(OSError, ValueError):  # the authority's own files are on another machine
        return x509.load_pem_x509_certificate(settings.broker.ca_file.read_bytes())
    log.warning("evidence.without_authority", file=str(file))
    return None


def _line(settings: HubSettings, now: Moment, one: Custody) -> dict[str, Any]:
    said = asdict(one)
    said |= {"at": utc(said.pop("at_utc_us")), "object_id": str(one.object_id or "")}
    if one.data:  # the package is read without this hub's texts of codes
        said["detail"] = _detail_text(settings, now, said, "en")
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
