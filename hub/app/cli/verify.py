"""Verification of footage and packages from files and certificates."""

import argparse
import json
from pathlib import Path
from typing import Any

from cryptography import x509

from hub.app.cli.core import OK, say
from hub.app.cli.parsing import Commands, command
from hub.app.config import DEFAULT_FILE, BrokerSection, HubSettings, SecretsSection, load
from hub.app.keys import opened
from hub.base import timestamping
from hub.cases.evidence import keys
from hub.cases.evidence.check import is_package
from hub.cases.evidence.package_report import lines_of, verify_package
from hub.cases.evidence.seal_report import verify_file
from hub.nodes.pki.verification import read_authority


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    one = command(
        verbs,
        "verify",
        verify,
        "check that footage or an evidence package is unchanged; works offline",
    )
    one.add_argument("files", type=Path, nargs="+", metavar="FILE", help="clips or packages")
    one.add_argument(
        "--authority",
        type=Path,
        metavar="CERT",
        help="the certificate to trust: of the authority, a node, or the evidence key; "
        "default: the hub's own",
    )
    one.add_argument(
        "--stamp-authority",
        type=Path,
        metavar="CERT",
        help="the root to trust for time stamps; default: the one in the package",
    )
    one.add_argument("--json", action="store_true", help="print JSON")


def verify(args: argparse.Namespace) -> int:
    """Check the seal or signature of each file; 1 unless each has the best verdict."""
    ours, settings = _own(args.config)
    authority_file = args.authority or ours
    is_there = args.authority is not None or authority_file.exists()
    authority = read_authority(authority_file) if is_there else None
    trusted = [authority] if args.authority and authority else _own_keys(settings)
    stamp_roots = timestamping.roots_of(args.stamp_authority) if args.stamp_authority else []
    found: list[tuple[bool, list[str], dict[str, Any]]] = []
    for path in args.files:
        if _is_package(path):
            check = verify_package(path, trusted, stamp_roots, authority)
            said = {
                "file": str(path),
                "is_intact": check.is_intact,
                "is_repacked": check.is_repacked,
                "verdict": check.verdict[0],
                "clips": {path: one.verdict for path, one in check.clips.items()},
                "not_proven": check.limits,
                "apart": check.apart,
                "faults": check.faults,
                "stamped": check.stamp and check.stamp.at.isoformat(),
            }
            found.append((check.is_good, lines_of(path, check), said))
        else:
            report = verify_file(path, authority)
            found.append((report.is_intact, report.lines(), report.to_json()))
    if args.json:
        say(json.dumps([said for _, _, said in found], ensure_ascii=False, indent=2))
    else:
        for _, lines, _ in found:
            say("\n".join(lines))
    return OK if all(is_intact for is_intact, _, _ in found) else 1


def _own(configuration: Path | None) -> tuple[Path, HubSettings | None]:
    """The hub's certificate authority, and its configuration.

    A reader elsewhere has no configuration: the standard places then, where nothing is.
    """
    if configuration is None and not DEFAULT_FILE.exists():
        return BrokerSection().ca_file, None
    settings = load(configuration)
    return settings.broker.ca_file, settings


def _own_keys(settings: HubSettings | None) -> list[x509.Certificate]:
    """The hub's evidence keys."""
    if settings is None:
        return keys.certificates(SecretsSection().folder)
    with opened(settings) as secrets:
        return keys.certificates(settings.secrets.folder, secrets)


def _is_package(path: Path) -> bool:
    try:
        return is_package(path)
    except OSError:
        return False
