"""Command line of the hub."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from hub.access.invitations.service import ROLES
from hub.access.rules.grants import Right
from hub.access.rules.roles import Role
from hub.app.backup import backup
from hub.app.backup.archive import ArchiveError
from hub.app.cli import (
    accounts,
    areas,
    core,
    enrolment,
    entries,
    log,
    map,
    people,
    pki,
    programs,
    retention,
    settings,
    tips,
)
from hub.app.cli import evidence as cli_evidence
from hub.app.cli import footage as cli_footage
from hub.app.cli import verify as cli_verify
from hub.app.config import DEFAULT_FILE, ConfigError
from hub.app.errors import StartRefusedError
from hub.base.db.database import FAULTS, DatabaseError, is_about_storage
from hub.base.errors import RegistryError
from hub.base.storage.blobs import BlobsError
from hub.footage.retention.rules import FootageClass
from hub.nodes.pki.authority import AUTHORITY_DAYS, ISSUED_DAYS, AuthorityError

Commands = argparse._SubParsersAction  # the type has no public name


def main() -> None:
    """Run a command and exit with its code."""
    args = parser(sys.argv[1:]).parse_args()
    try:
        code: int = args.do(args)
    except ConfigError as error:
        code = _refuse(*error.lines)
    except (StartRefusedError, DatabaseError) as error:
        code = _refuse(str(error))
    except (RegistryError, AuthorityError, BlobsError, ArchiveError, ValueError, OSError) as error:
        print(f"matthan-hub: {error}", file=sys.stderr)
        code = 1
    except FAULTS as error:
        if not is_about_storage(error):
            raise
        why = str(error).splitlines()[0]
        cure = "Free space on the disk of store.url, or start its server"
        print(f"matthan-hub: nothing can be written down: {why}. {cure}", file=sys.stderr)
        code = 1
    sys.exit(code)


def parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Every command and its arguments; those of `bench` only if `arguments` asks for it."""
    top = argparse.ArgumentParser(prog="matthan-hub", description="The hub of Mắt Thần.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")
    run = _command(verbs, "run", core.run, "run the hub")
    run.add_argument(
        "--stats", type=Path, metavar="FILE", help="at exit, write cpu_s and peak_rss_mib as JSON"
    )
    trial = _command(verbs, "check", core.try_out, "check the configuration; change nothing")
    trial.add_argument(
        "--from-outside",
        metavar="HOST",
        help="check the hub at HOST from another computer, as phones and nodes reach it",
    )
    trial.add_argument(
        "--trust", type=Path, metavar="FILE", help="the certificate that phones trust"
    )
    for which, port in (("pages", 443), ("nodes", 8443), ("broker", 8883)):
        trial.add_argument(
            f"--{which}-port",
            type=int,
            default=port,
            metavar="PORT",
            help=f"with --from-outside; default: {port}",
        )
    _command(verbs, "migrate", core.start, "migrate the database to the schema of this version")
    _places(verbs)
    _people(verbs)
    _phones(verbs)
    _authority(verbs)
    _footage(verbs)
    _evidence(verbs)
    _keeping(verbs)
    _asking(verbs)
    _holding(verbs)
    _map(verbs)
    settings.add_to(_group(verbs, "config", "settings of nodes"), _command)
    programs.add_to(_group(verbs, "programs", "programs of nodes"), _command)
    _log(verbs)
    _tips(verbs)
    _backup(verbs)
    _benches(verbs, arguments)
    return top


def _places(verbs: "Commands[argparse.ArgumentParser]") -> None:
    places = _group(verbs, "area", "areas of the town")
    area = _command(places, "add", core.add_area, "add an area")
    area.add_argument("name", help="the name of the area")
    area.add_argument(
        "--level", required=True, help="such as province, commune, quarter, street, junction"
    )
    area.add_argument("--parent", metavar="AREA", help="the area above it")
    _table(places, areas.take_areas, "areas", "name,level,parent,valid_from,valid_until")
    nodes = _group(verbs, "node", "nodes (camera boxes)")
    node = _command(nodes, "add", core.add_node, "add a node whose certificate is issued by hand")
    node.add_argument("name", help="the common name of its certificate")
    node.add_argument("--area", required=True, help="the area of the node")
    meaning = "make a one-time enrolment code for a camera box"
    enrol = _command(nodes, "enrol", enrolment.enrol, meaning)
    enrol.add_argument("node", help="the name of the node: a-z, 0-9 and inner hyphens")
    enrol.add_argument("--area", required=True, help="the area of the node")
    enrol.add_argument(
        "--camera",
        action="append",
        default=[],
        metavar="NAME=SOURCE",
        help="a camera and its source: rtsp://…, /dev/video0 or picamera:0",
    )
    enrol.add_argument("--hours", type=int, default=24, help="how long the code is valid (24)")
    enrol.add_argument(
        "--first-boot",
        type=Path,
        metavar="FILE",
        help="also write the file user-data for a card that enrols itself",
    )
    revoke = _command(nodes, "revoke", enrolment.revoke, "shut a stolen node out at once")
    revoke.add_argument("node", help="the name of the node")
    revoke.add_argument("--reason", required=True, help="the reason; it is logged")
    cameras = _group(verbs, "camera", "positions of cameras")
    _table(
        cameras,
        areas.take_cameras,
        "cameras",
        "node,camera,label,area,latitude,longitude,bearing",
    )
    camera = _command(cameras, "place", core.place_camera, "set the position of a camera")
    camera.add_argument("node", help="the name of its node")
    camera.add_argument("camera", help="its name at the node; known after the node's first start")
    for name in ("--latitude", "--longitude"):
        camera.add_argument(name, type=float, required=True, metavar="DEGREES", help="WGS 84")
    camera.add_argument(
        "--bearing", type=float, metavar="DEGREES", help="its direction: 0 is north, 90 is east"
    )
    camera.add_argument("--label", help="its name on pages, in place of the node's label")
    camera.add_argument("--area", help="its area, if it differs from the node's")


def _table(
    verbs: "Commands[argparse.ArgumentParser]",
    do: Callable[[argparse.Namespace], int],
    what: str,
    columns: str,
) -> None:
    take = _command(verbs, "import", do, f"import {what} from a table")
    file = f"CSV in UTF-8 with the columns {columns}; - reads stdin"
    take.add_argument("file", type=core.existing_file_or_stdin, help=file)
    take.add_argument("--dry-run", action="store_true", help="only show the changes")


def _map(verbs: "Commands[argparse.ArgumentParser]") -> None:
    ground = _command(
        _group(verbs, "map", "background of the map"),
        "set",
        map.set_ground,
        "set the background of the map",
    )
    which = ground.add_mutually_exclusive_group(required=True)
    which.add_argument("--tiles", type=Path, metavar="FILE", help="a PMTiles archive")
    which.add_argument("--plan", type=Path, metavar="FILE", help="a plan as PNG or JPEG, north up")
    which.add_argument("--blank", action="store_true", help="no background")
    names = ("WEST", "NORTH", "EAST", "SOUTH")
    ground.add_argument(
        "--corners", type=float, nargs=4, metavar=names, help="the corners of the plan, in degrees"
    )


def _people(verbs: "Commands[argparse.ArgumentParser]") -> None:
    officers = _group(verbs, "officer", "people")
    channels = _command(
        officers, "channels", core.choose_channels, "set the order of channels of an officer"
    )
    channels.add_argument("login", help="the login of the person")
    channels.add_argument(
        "order",
        help="such as webpush,ntfy or 'ntfy; critical=sms+webpush'; '' is the default",
    )
    officer = _command(officers, "add", core.add_officer, "add a person with a password")
    officer.add_argument("login", help="the login of the person")
    officer.add_argument("--name", help="the name on pages; default: the login")
    officer.add_argument("--language", choices=("vi", "en"), default="vi", help="default: vi")
    officer.add_argument(
        "--role", choices=tuple(Role), default=Role.OFFICER, help="default: officer"
    )
    password = officer.add_mutually_exclusive_group(required=True)
    password.add_argument(
        "--password-stdin", action="store_true", help="read the password from one line of stdin"
    )
    password.add_argument(
        "--generate-password", action="store_true", help="make a password and show it once"
    )

    invited = _command(
        officers, "invite", people.invite, "make a one-time link for a new or known person"
    )
    invited.add_argument("login", help="the login of the person")
    invited.add_argument("--name", help="the name on pages; default: the login")
    invited.add_argument("--language", choices=("vi", "en"), default="vi", help="default: vi")
    invited.add_argument("--role", choices=ROLES, default="officer", help="default: officer")
    closed = _command(officers, "close", accounts.close, "close an account at once")
    reopened = _command(officers, "reopen", accounts.reopen, "reopen an account by a one-time link")
    for which, is_required in ((closed, True), (reopened, False)):
        which.add_argument("login", help="the login of the person")
        meaning = "the reason, for the log"
        which.add_argument("--reason", required=is_required, default="", help=meaning)

    grant = _command(
        _group(verbs, "grant", "grants"), "add", core.add_grant, "grant rights to a person"
    )
    grant.add_argument("login", help="the login of the person")
    grant.add_argument("--area", required=True, help="the area, with everything below it")
    grant.add_argument(
        "--rights",
        required=True,
        type=_rights,
        help=",".join(right.lower() for right in Right.__members__),
    )
    grant.add_argument(
        "--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the last day"
    )
    grant.add_argument("--reason", required=True, help="the reason; it is logged")


def _phones(verbs: "Commands[argparse.ArgumentParser]") -> None:
    phone = _command(
        _group(verbs, "phone", "phones"), "add", core.add_phone, "add a phone of a person"
    )
    phone.add_argument("login", help="the login of the person")
    kind = phone.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--webpush",
        type=core.existing_file_or_stdin,
        metavar="FILE",
        help="the push subscription of a browser as JSON; - reads stdin",
    )
    kind.add_argument("--ntfy", metavar="URL", help="a topic on an ntfy server")
    kind.add_argument(
        "--to",
        metavar="CHANNEL:WHO",
        help="an address on another channel, such as zalo:USER, zns:0912345678, sms:NUMBER",
    )
    phone.add_argument(
        "--token-stdin",
        action="store_true",
        help="read the access token of ntfy from one line of stdin",
    )
    phone.add_argument("--label", default="", help="the owner's name for the phone")


def _authority(verbs: "Commands[argparse.ArgumentParser]") -> None:
    ca = _group(verbs, "ca", "certificate authority")
    init = _command(ca, "init", pki.make_authority, "make a certificate authority")
    init.add_argument("folder", type=Path, help="the folder to write")
    init.add_argument("--days", type=int, default=AUTHORITY_DAYS, help="days that it is valid")
    issue = _command(ca, "issue", pki.issue_papers, "issue a certificate and its key")
    issue.add_argument("folder", type=Path, help="the folder of the authority")
    issue.add_argument("name", help='a node, "hub", or a server with --server')
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

    renew = _command(ca, "renew", pki.renew_papers, "renew certificates that end soon")
    renew.add_argument("folder", type=Path, help="the folder of the authority")
    renew.add_argument("papers", type=Path, nargs="+", metavar="CERTIFICATE", help="the files")
    renew.add_argument("--now", action="store_true", help="renew them even if they do not end soon")
    listed = _command(
        ca, "list", pki.write_empty_list, "write an empty list of revoked certificates"
    )
    listed.add_argument("folder", type=Path, help="the folder of the authority")
    listed.add_argument(
        "--into", type=Path, required=True, metavar="FILE", help="the file to write"
    )


def _footage(verbs: "Commands[argparse.ArgumentParser]") -> None:
    verify = _command(
        verbs,
        "verify",
        cli_verify.verify,
        "check that footage or an evidence package is unchanged; works offline",
    )
    verify.add_argument("files", type=Path, nargs="+", metavar="FILE", help="clips or packages")
    verify.add_argument(
        "--authority",
        type=Path,
        metavar="CERT",
        help="the certificate to trust: of the authority, a node, or the evidence key; "
        "default: the hub's own",
    )
    verify.add_argument(
        "--stamp-authority",
        type=Path,
        metavar="CERT",
        help="the root to trust for time stamps; default: the one in the package",
    )
    verify.add_argument("--json", action="store_true", help="print JSON")


def _evidence(verbs: "Commands[argparse.ArgumentParser]") -> None:
    evidence = _group(verbs, "evidence", "evidence packages")
    export = _command(evidence, "export", cli_evidence.export, "make an evidence package")
    export.add_argument("--case", required=True, metavar="NUMBER", help="the case number")
    export.add_argument("--reason", required=True, help="the reason; it is logged")
    export.add_argument(
        "--by", required=True, metavar="LOGIN", help="the person whose rights apply"
    )
    export.add_argument(
        "--into", type=Path, required=True, metavar="FOLDER", help="the folder to write"
    )
    for name, meaning in (("media", "a clip or a picture"), ("alert", "all footage of an alert")):
        export.add_argument(
            f"--{name}", type=UUID, action="append", default=[], metavar="ID", help=meaning
        )
    export.add_argument(
        "--redact",
        type=core.existing_file_or_stdin,
        action="append",
        default=[],
        metavar="PLAN",
        help="JSON file: the areas that a redacted copy hides (docs/reference/evidence-package.md)",
    )
    _command(
        evidence, "key", cli_evidence.make_key, "make a new evidence key; it signs from now on"
    )
    _command(evidence, "keys", cli_evidence.list_keys, "list all evidence keys, old ones too")


def _keeping(verbs: "Commands[argparse.ArgumentParser]") -> None:
    rules = _group(verbs, "retention", "retention rules")
    set_rule = _command(rules, "set", retention.set_retention, "set a retention rule")
    days = set_rule.add_mutually_exclusive_group(required=True)
    days.add_argument(
        "--days", type=int, help="days until removal, unless a case holds the footage"
    )
    days.add_argument(
        "--for-good", action="store_const", const=None, dest="days", help="never remove"
    )
    set_rule.add_argument(
        "--reason", required=True, help="the reason; pages show it for removed footage"
    )
    end_rule = _command(
        rules, "end", retention.end_retention, "end a retention rule; the rule above applies again"
    )
    for rule in (set_rule, end_rule):
        rule.add_argument("--area", help="the area, with everything below it; default: everywhere")
        rule.add_argument(
            "--class",
            required=True,
            dest="footage_class",
            type=FootageClass,
            metavar="CLASS",
            help="sighting or alert",
        )
    _command(rules, "list", retention.list_retention, "list the rules in force")
    sweep = _command(
        _group(verbs, "media", "files of pictures and clips"),
        "sweep",
        retention.sweep_media,
        "repair rows without files and files without rows",
    )
    sweep.add_argument(
        "--all-lost", action="store_true", help="mark files as lost even if many are missing"
    )


def _asking(verbs: "Commands[argparse.ArgumentParser]") -> None:
    footage = _group(verbs, "footage", "footage that is still at the nodes")
    ask = _command(
        footage, "ask", cli_footage.ask_for_span, "ask a node for the footage of a time span"
    )
    ask.add_argument("--camera", required=True, metavar="NODE/CAMERA", help="the camera")
    for name, meaning in (
        ("from", "first moment"),
        ("until", "last moment, an hour later at most"),
    ):
        ask.add_argument(
            f"--{name}",
            dest="since" if name == "from" else name,
            required=True,
            type=datetime.fromisoformat,
            metavar="YYYY-MM-DDTHH:MM",
            help=meaning,
        )
    ask.add_argument("--reason", required=True, help="the reason; it is logged")
    ask.add_argument("--sound", action="store_true", help="also the sound, if it is recorded")
    ask.add_argument(
        "--by", metavar="LOGIN", help="the person whose rights apply; default: the shell"
    )
    _command(footage, "list", cli_footage.list_spans, "list requests and their results")


def _holding(verbs: "Commands[argparse.ArgumentParser]") -> None:
    cases = _group(verbs, "hold", "holds of footage for cases")
    add = _command(cases, "add", retention.add_hold, "hold footage for a case")
    what = add.add_mutually_exclusive_group(required=True)
    what.add_argument("--clip", type=UUID, metavar="ID", help="a clip or a picture")
    what.add_argument("--alert", type=UUID, metavar="ID", help="all footage of an alert")
    what.add_argument(
        "--camera", metavar="NODE/CAMERA", help="the footage of this camera in a time span"
    )
    for name, meaning in (("from", "first moment"), ("until", "last moment; default: no end")):
        add.add_argument(
            f"--{name}",
            type=datetime.fromisoformat,
            metavar="YYYY-MM-DDTHH:MM",
            help=meaning,
            dest="since" if name == "from" else name,
        )
    end = _command(cases, "end", retention.end_hold, "end holds; the retention rules apply again")
    end.add_argument("--hold", type=UUID, metavar="ID", help="one hold; default: all of the case")
    for hold in (add, end):
        hold.add_argument("--case", required=True, metavar="NUMBER", help="the case number")
        hold.add_argument("--reason", required=True, help="the reason; it is logged")
        hold.add_argument(
            "--by", metavar="LOGIN", help="the person whose rights apply; default: the shell"
        )
    listed = _command(cases, "list", retention.list_holds, "list holds")
    listed.add_argument("--case", metavar="NUMBER", help="the holds of one case, ended ones too")


def _log(verbs: "Commands[argparse.ArgumentParser]") -> None:
    looks = _group(verbs, "log", "audit log")
    check = _command(
        looks, "verify", log.verify_log, "check that the audit log is complete and unchanged"
    )
    check.add_argument(
        "--anchor",
        action="append",
        default=[],
        metavar="LINE",
        help="a line of `log head` to compare with",
    )
    check.add_argument(
        "--anchors",
        action="append",
        default=[],
        type=core.existing_file_or_stdin,
        metavar="FILE",
        help="a file of such lines, beside the hub's own",
    )
    _command(looks, "head", log.show_head, "print the head of the audit log, to keep elsewhere")


def _tips(verbs: "Commands[argparse.ArgumentParser]") -> None:
    keys = _group(verbs, "tips", "apps that send tips")
    add = _command(keys, "key", tips.add_key, "make a key for an app that sends tips")
    add.add_argument("app", help="the name of the app; officers see it")
    end = _command(keys, "revoke", tips.revoke_key, "revoke the key of an app")
    end.add_argument("app", help="the name of the app")
    _command(keys, "keys", tips.list_keys, "list the apps with a key")


def _backup(verbs: "Commands[argparse.ArgumentParser]") -> None:
    save = _command(verbs, "backup", backup.back_up, "back up a running hub into one file")
    save.add_argument("target", type=Path, help="a file, or a folder for a file named by the time")
    save.add_argument("--with-media", action="store_true", help="also the pictures and clips")
    save.add_argument(
        "--keep", type=int, metavar="COUNT", help="in a folder: keep the newest COUNT"
    )
    back = _command(
        verbs, "restore", backup.restore_backup, "restore a hub from a backup; no hub may run"
    )
    back.add_argument("file", type=Path, help="the backup")
    for command in (save, back):
        command.add_argument("--force", action="store_true", help="replace existing data")
        command.add_argument(
            "--passphrase-file",
            type=Path,
            metavar="FILE",
            help="the passphrase that encrypts the secrets",
        )


def _benches(verbs: "Commands[argparse.ArgumentParser]", arguments: Sequence[str]) -> None:
    bench = verbs.add_parser("bench", help="measure speed")
    benches = bench.add_subparsers(required=True, metavar="WHAT")
    if "bench" not in arguments:
        return
    from hub.bench import fanout, intake, pages, search  # noqa: PLC0415 a hub that runs needs none of it

    meaning = "measure events per second, with a commit before each acknowledgement"
    intake.add_to(benches.add_parser("intake", help=meaning, description=meaning))
    meaning = "measure the pages inbox and alert with a year of alerts and 200 officers"
    pages.add_to(benches.add_parser("pages", help=meaning, description=meaning))
    meaning = "measure the time until 1,000 phones have one alert"
    fanout.add_to(benches.add_parser("fanout", help=meaning, description=meaning))
    meaning = "measure twelve searches in a year of sightings of 10,000 cameras"
    search.add_to(benches.add_parser("search", help=meaning, description=meaning))


def _group(
    verbs: "Commands[argparse.ArgumentParser]", name: str, meaning: str
) -> "Commands[argparse.ArgumentParser]":
    return verbs.add_parser(name, help=meaning, description=meaning).add_subparsers(
        required=True, metavar="COMMAND"
    )


def _command(
    verbs: "Commands[argparse.ArgumentParser]",
    name: str,
    do: Callable[[argparse.Namespace], int],
    meaning: str,
) -> argparse.ArgumentParser:
    command = verbs.add_parser(name, help=meaning, description=meaning)
    command.add_argument(
        "--config", type=Path, metavar="FILE", help=f"the configuration file ({DEFAULT_FILE})"
    )
    command.set_defaults(do=do)
    return command


def _rights(text: str) -> Right:
    try:
        return entries.parse_rights(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _refuse(*lines: str) -> int:
    for line in lines:
        print(f"matthan-hub: {' '.join(line.split())}", file=sys.stderr)
    return core.REFUSED


if __name__ == "__main__":
    main()
