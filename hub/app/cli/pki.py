"""Commands `ca`: authority, certificates, renewal, revocation list."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from hub.app.cli.core import OK, say
from hub.app.cli.parsing import Commands, command, group
from hub.base.private_files import write_public
from hub.nodes.pki import renewal
from hub.nodes.pki.authority import (
    AUTHORITY_DAYS,
    HUB_NAME,
    HUB_NAMES,
    ISSUED_DAYS,
    Authority,
    AuthorityError,
)


def add_to(verbs: Commands) -> None:
    """Add the commands of this module."""
    ca = group(verbs, "ca", "certificate authority")
    init = command(ca, "init", make_authority, "make a certificate authority")
    init.add_argument("folder", type=Path, help="the folder to write")
    init.add_argument("--days", type=int, default=AUTHORITY_DAYS, help="days that it is valid")
    issue = command(ca, "issue", issue_papers, "issue a certificate and its key")
    issue.add_argument("folder", type=Path, help="the folder of the authority")
    issue.add_argument(
        "name",
        help='a node, "hub" ("hub.2" to "hub.8" for more processes), or a server with --server',
    )
    issue.add_argument(
        "--server",
        action="append",
        metavar="HOST",
        help="make a certificate for a server with this host name",
    )
    issue.add_argument("--days", type=int, default=ISSUED_DAYS, help="days that it is valid")
    issue.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="the folder to write; default: the folder of the authority",
    )

    renew = command(ca, "renew", renew_papers, "renew certificates that end soon")
    renew.add_argument("folder", type=Path, help="the folder of the authority")
    renew.add_argument("papers", type=Path, nargs="+", metavar="CERTIFICATE", help="the files")
    renew.add_argument("--now", action="store_true", help="renew them even if they do not end soon")
    listed = command(ca, "list", write_empty_list, "write an empty list of revoked certificates")
    listed.add_argument("folder", type=Path, help="the folder of the authority")
    listed.add_argument(
        "--into", type=Path, required=True, metavar="FILE", help="the file to write"
    )


def make_authority(args: argparse.Namespace) -> int:
    """Create the hub's own certificate authority."""
    authority = Authority.create(args.folder, datetime.now(UTC), days=args.days)
    say(f"authority: {authority.ca_file} (give this one to every node and broker)")
    return OK


def issue_papers(args: argparse.Namespace) -> int:
    """Issue certificate and key for a node, the hub, or a server."""
    authority, now = Authority.open(args.folder), datetime.now(UTC)
    if args.server:
        hosts = tuple(args.server)
        papers = authority.issue_server(args.name, now, hosts=hosts, days=args.days, into=args.into)
    else:
        papers = authority.issue_client(args.name, now, days=args.days, into=args.into)
    say(f"certificate: {papers.cert_file}\nkey: {papers.key_file}\nauthority: {papers.ca_file}")
    return OK


def renew_papers(args: argparse.Namespace) -> int:
    """Renew certificates with less than a third of their validity left. One that cannot be is said
    after the others are renewed."""
    authority, now = Authority.open(args.folder), datetime.now(UTC)
    failed = []
    for path in args.papers:
        for one in (path, *_further(path)):
            try:
                say(_renew(authority, one, now, anyway=args.now))
            except (AuthorityError, OSError) as error:
                failed.append(str(error))
    if failed:
        raise AuthorityError("; ".join(failed))
    return OK


def write_empty_list(args: argparse.Namespace) -> int:
    """Write an empty revocation list if there is none: a broker does not start without one."""
    authority = Authority.open(args.folder)
    if args.into.exists():
        say(f"{args.into} is there already")
        return OK
    write_public(args.into, authority.revocations((), datetime.now(UTC)))
    say(f"list: {args.into}")
    return OK


def _further(path: Path) -> list[Path]:
    """Certificates of the hub's other processes, which lie beside its own."""
    names = HUB_NAMES[1:] if path.stem == HUB_NAME else ()
    return [one for name in names if (one := path.with_name(f"{name}.crt")).exists()]


def _renew(authority: Authority, path: Path, now: datetime, *, anyway: bool) -> str:
    cert = renewal.read(path)
    if not anyway and not renewal.ends_soon(cert, now):
        return f"{path} holds until {cert.not_valid_after_utc:%d/%m/%Y}"
    name, hosts = path.stem, renewal.hosts_of(cert)
    if hosts:
        authority.issue_server(name, now, hosts=hosts, into=path.parent)
    else:
        authority.issue_client(renewal.name_of(cert), now, into=path.parent)
    return f"{path} is renewed until {renewal.read(path).not_valid_after_utc:%d/%m/%Y}"
