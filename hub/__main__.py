"""The hub's command line."""

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from hub.alerts.grants import Right
from hub.assembly import commands
from hub.assembly.refusal import StartRefusedError
from hub.config import DEFAULT_FILE, ConfigError
from hub.enrol import desk
from hub.enrol.authority import AUTHORITY_DAYS, ISSUED_DAYS, AuthorityError
from hub.store.database import DatabaseError
from hub.store.registry import RegistryError

Commands = argparse._SubParsersAction  # the type has no public name


def main() -> None:
    """Run a command and exit with its code."""
    args = parser().parse_args()
    try:
        code: int = args.do(args)
    except ConfigError as error:
        code = _refuse(*error.lines)
    except (StartRefusedError, DatabaseError) as error:
        code = _refuse(str(error))
    except (RegistryError, AuthorityError, ValueError, OSError) as error:
        print(f"matthan-hub: {error}", file=sys.stderr)
        code = 1
    sys.exit(code)


def parser() -> argparse.ArgumentParser:
    """Every command and what it takes."""
    top = argparse.ArgumentParser(prog="matthan-hub", description="The hub of Mắt Thần.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")
    run = _command(verbs, "run", commands.run, "run the hub")
    run.add_argument(
        "--stats", type=Path, metavar="FILE", help="at exit, write cpu_s and peak_rss_mib as JSON"
    )
    _command(verbs, "check", commands.try_out, "try the configuration, change nothing")
    _command(verbs, "migrate", commands.bring_up, "bring the database to this version's schema")
    _places(verbs)
    _people(verbs)
    _authority(verbs)
    _footage(verbs)
    return top


def _places(verbs: "Commands[argparse.ArgumentParser]") -> None:
    area = _command(_group(verbs, "area"), "add", commands.add_area, "note an area")
    area.add_argument("name")
    area.add_argument("--level", required=True, help="province, commune, quarter, street, junction")
    area.add_argument("--parent", metavar="AREA", help="the area it lies in")
    node = _command(_group(verbs, "node"), "add", commands.add_node, "note a node")
    node.add_argument("name", help="as in its certificate")
    node.add_argument("--area", required=True)
    camera = _command(
        _group(verbs, "camera"), "place", commands.place_camera, "note where a camera stands"
    )
    camera.add_argument("node")
    camera.add_argument("camera", help="as its node calls it; known after the node's first start")
    camera.add_argument("--latitude", type=float, required=True, metavar="DEGREES")
    camera.add_argument("--longitude", type=float, required=True, metavar="DEGREES")
    camera.add_argument("--label", help="what people call it, instead of the node's word")
    camera.add_argument("--area", help="where it belongs, if not where its node does")


def _people(verbs: "Commands[argparse.ArgumentParser]") -> None:
    officer = _command(_group(verbs, "officer"), "add", commands.add_officer, "note an officer")
    officer.add_argument("login")
    officer.add_argument("--name", help="as colleagues see it; otherwise the login")
    officer.add_argument("--language", choices=("vi", "en"), default="vi")
    officer.add_argument("--role", default="officer")
    password = officer.add_mutually_exclusive_group(required=True)
    password.add_argument("--password-stdin", action="store_true", help="read it from one line")
    password.add_argument("--generate-password", action="store_true", help="make it, show it once")

    grant = _command(_group(verbs, "grant"), "add", commands.add_grant, "let an officer see")
    grant.add_argument("login")
    grant.add_argument("--area", required=True, help="with everything below it")
    grant.add_argument(
        "--rights",
        required=True,
        type=_rights,
        help=",".join(right.lower() for right in Right.__members__),
    )
    grant.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="last day")
    grant.add_argument("--reason", required=True, help="somebody will ask one day")

    phone = _command(_group(verbs, "phone"), "add", commands.add_phone, "note a phone")
    phone.add_argument("login")
    kind = phone.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--webpush",
        type=commands.existing_file_or_stdin,
        metavar="FILE",
        help="a browser's push subscription as JSON; - reads stdin",
    )
    kind.add_argument("--ntfy", metavar="URL", help="a topic on an ntfy server")
    phone.add_argument("--token-stdin", action="store_true", help="ntfy's access token, one line")
    phone.add_argument("--label", default="", help="what its owner calls it")


def _authority(verbs: "Commands[argparse.ArgumentParser]") -> None:
    ca = _group(verbs, "ca")
    init = _command(ca, "init", commands.make_authority, "make a certificate authority")
    init.add_argument("folder", type=Path)
    init.add_argument("--days", type=int, default=AUTHORITY_DAYS)
    issue = _command(ca, "issue", commands.issue_papers, "issue a certificate and its key")
    issue.add_argument("folder", type=Path, help="the authority's")
    issue.add_argument("name", help='a node, "hub", or with --server a server')
    issue.add_argument(
        "--server", action="append", metavar="HOST", help="for a server, by each host name"
    )
    issue.add_argument("--days", type=int, default=ISSUED_DAYS)
    issue.add_argument("--into", type=Path, metavar="FOLDER", help="otherwise the authority's")


def _footage(verbs: "Commands[argparse.ArgumentParser]") -> None:
    verify = _command(
        verbs, "verify", commands.verify, "say whether footage is what its node sealed; offline"
    )
    verify.add_argument("files", type=Path, nargs="+", metavar="FILE")
    verify.add_argument(
        "--authority",
        type=Path,
        metavar="CERT",
        help="the authority's certificate, or the node's; otherwise the hub's usual place",
    )
    verify.add_argument("--json", action="store_true", help="for programs")


def _group(
    verbs: "Commands[argparse.ArgumentParser]", name: str
) -> "Commands[argparse.ArgumentParser]":
    return verbs.add_parser(name).add_subparsers(required=True, metavar="COMMAND")


def _command(
    verbs: "Commands[argparse.ArgumentParser]",
    name: str,
    do: Callable[[argparse.Namespace], int],
    meaning: str,
) -> argparse.ArgumentParser:
    command = verbs.add_parser(name, help=meaning, description=meaning)
    command.add_argument("--config", type=Path, metavar="FILE", help=f"instead of {DEFAULT_FILE}")
    command.set_defaults(do=do)
    return command


def _rights(text: str) -> Right:
    try:
        return desk.parse_rights(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _refuse(*lines: str) -> int:
    for line in lines:
        print(f"matthan-hub: {' '.join(line.split())}", file=sys.stderr)
    return commands.REFUSED


if __name__ == "__main__":
    main()
