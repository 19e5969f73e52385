"""The check of a package file, in lines for people."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from hub.cases.evidence.check import PackageCheck, check_package
from hub.cases.evidence.package import utc
from hub.cases.evidence.seal_report import check_pieces
from hub.cases.evidence.seal_wording import APART, HEADS, LIMITS_HEAD, say


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
