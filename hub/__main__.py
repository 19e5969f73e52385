"""The hub's command line."""

import argparse
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from hub.alerts.grants import Right
from hub.alerts.retention import FootageClass
from hub.alerts.roles import Role
from hub.assembly import (
    asking,
    authority,
    backup,
    commands,
    enrol_commands,
    exporting,
    importing,
    inviting,
    keeping,
    log_book,
    mapping,
    program_commands,
    settings_commands,
    tip_commands,
    verifying,
)
from hub.assembly.archive import ArchiveError
from hub.assembly.refusal import StartRefusedError
from hub.config import DEFAULT_FILE, ConfigError
from hub.enrol import desk
from hub.enrol.authority import AUTHORITY_DAYS, ISSUED_DAYS, AuthorityError
from hub.store.blobs import BlobsError
from hub.store.database import FAULTS, DatabaseError, is_about_storage
from hub.store.invitations import ROLES
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


def parser() -> argparse.ArgumentParser:
    """Every command and what it takes."""
    top = argparse.ArgumentParser(prog="matthan-hub", description="The hub of Mắt Thần.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")
    run = _command(verbs, "run", commands.run, "run the hub")
    run.add_argument(
        "--stats", type=Path, metavar="FILE", help="at exit, write cpu_s and peak_rss_mib as JSON"
    )
    trial = _command(verbs, "check", commands.try_out, "try the configuration, change nothing")
    trial.add_argument(
        "--from-outside",
        metavar="HOST",
        help="instead: the hub as phones and nodes find it; from any machine, no configuration",
    )
    trial.add_argument("--trust", type=Path, metavar="FILE", help="what phones were told to trust")
    for which, port in (("pages", 443), ("nodes", 8443), ("broker", 8883)):
        trial.add_argument(f"--{which}-port", type=int, default=port, help=f"{port}")
    _command(verbs, "migrate", commands.bring_up, "bring the database to this version's schema")
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
    settings_commands.add_to(_group(verbs, "config", "settings of camera boxes"), _command)
    program_commands.add_to(_group(verbs, "programs", "programs of camera boxes"), _command)
    _log(verbs)
    _tips(verbs)
    _backup(verbs)
    _benches(verbs)
    return top


def _places(verbs: "Commands[argparse.ArgumentParser]") -> None:
    places = _group(verbs, "area", "the places of the town, one in another")
    area = _command(places, "add", commands.add_area, "note an area")
    area.add_argument("name")
    area.add_argument("--level", required=True, help="province, commune, quarter, street, junction")
    area.add_argument("--parent", metavar="AREA", help="the area it lies in")
    _table(places, importing.take_areas, "areas: name,level,parent,valid_from,valid_until")
    nodes = _group(verbs, "node", "camera boxes: make one, shut one out")
    node = _command(nodes, "add", commands.add_node, "note a node whose papers are issued by hand")
    node.add_argument("name", help="as in its certificate")
    node.add_argument("--area", required=True)
    meaning = "make a node of a box: a code that counts once, for its technician"
    enrol = _command(nodes, "enrol", enrol_commands.enrol, meaning)
    enrol.add_argument("node", help="its name: a-z, 0-9 and inner hyphens")
    enrol.add_argument("--area", required=True)
    enrol.add_argument(
        "--camera",
        action="append",
        default=[],
        metavar="NAME=SOURCE",
        help="rtsp://…, /dev/video0 or picamera:0; one for each camera",
    )
    enrol.add_argument("--hours", type=int, default=24, help="how long the code holds (24)")
    enrol.add_argument(
        "--first-boot", type=Path, metavar="FILE", help="also write user-data for a flashed card"
    )
    revoke = _command(nodes, "revoke", enrol_commands.revoke, "shut a stolen node out, at once")
    revoke.add_argument("node")
    revoke.add_argument("--reason", required=True)
    cameras = _group(verbs, "camera", "where cameras stand")
    _table(
        cameras,
        importing.take_cameras,
        "cameras: node,camera,label,area,latitude,longitude,bearing",
    )
    camera = _command(cameras, "place", commands.place_camera, "note where a camera stands")
    camera.add_argument("node")
    camera.add_argument("camera", help="as its node calls it; known after the node's first start")
    camera.add_argument("--latitude", type=float, required=True, metavar="DEGREES")
    camera.add_argument("--longitude", type=float, required=True, metavar="DEGREES")
    camera.add_argument(
        "--bearing", type=float, metavar="DEGREES", help="where it looks: 0 north, 90 east"
    )
    camera.add_argument("--label", help="what people call it, instead of the node's word")
    camera.add_argument("--area", help="where it belongs, if not where its node does")


def _table(
    verbs: "Commands[argparse.ArgumentParser]",
    do: Callable[[argparse.Namespace], int],
    columns: str,
) -> None:
    take = _command(verbs, "import", do, f"take {columns} from a table (CSV UTF-8)")
    take.add_argument("file", type=commands.existing_file_or_stdin, help="- reads stdin")
    take.add_argument("--dry-run", action="store_true", help="say what would be done")


def _map(verbs: "Commands[argparse.ArgumentParser]") -> None:
    ground = _command(
        _group(verbs, "map", "what lies under the cameras of the map"),
        "set",
        mapping.set_ground,
        "what lies under the cameras of the map",
    )
    which = ground.add_mutually_exclusive_group(required=True)
    which.add_argument("--tiles", type=Path, metavar="FILE", help="a PMTiles archive")
    which.add_argument("--plan", type=Path, metavar="FILE", help="PNG or JPEG of a plan, north up")
    which.add_argument("--blank", action="store_true", help="nothing")
    names = ("WEST", "NORTH", "EAST", "SOUTH")
    ground.add_argument(
        "--corners", type=float, nargs=4, metavar=names, help="of the plan, degrees"
    )


def _people(verbs: "Commands[argparse.ArgumentParser]") -> None:
    officers = _group(verbs, "officer", "people: let in, told by which way first")
    channels = _command(
        officers, "channels", commands.choose_channels, "by which channel an officer is told first"
    )
    channels.add_argument("login")
    channels.add_argument(
        "order",
        help="such as webpush,ntfy or 'ntfy; critical=sms+webpush'; '' is the hub's",
    )
    officer = _command(officers, "add", commands.add_officer, "note an officer")
    officer.add_argument("login")
    officer.add_argument("--name", help="as colleagues see it; otherwise the login")
    officer.add_argument("--language", choices=("vi", "en"), default="vi")
    officer.add_argument("--role", choices=tuple(Role), default=Role.OFFICER)
    password = officer.add_mutually_exclusive_group(required=True)
    password.add_argument("--password-stdin", action="store_true", help="read it from one line")
    password.add_argument("--generate-password", action="store_true", help="make it, show it once")

    invited = _command(
        officers, "invite", inviting.invite, "let a person in by a one-time link, known or new"
    )
    invited.add_argument("login")
    invited.add_argument("--name", help="as colleagues see it; otherwise the login")
    invited.add_argument("--language", choices=("vi", "en"), default="vi")
    invited.add_argument("--role", choices=ROLES, default="officer")

    grant = _command(
        _group(verbs, "grant", "who may see what"), "add", commands.add_grant, "let an officer see"
    )
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


def _phones(verbs: "Commands[argparse.ArgumentParser]") -> None:
    phone = _command(
        _group(verbs, "phone", "phones by hand"), "add", commands.add_phone, "note a phone"
    )
    phone.add_argument("login")
    kind = phone.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--webpush",
        type=commands.existing_file_or_stdin,
        metavar="FILE",
        help="a browser's push subscription as JSON; - reads stdin",
    )
    kind.add_argument("--ntfy", metavar="URL", help="a topic on an ntfy server")
    kind.add_argument(
        "--to",
        metavar="CHANNEL:WHO",
        help="zalo_bot:CHAT, zalo:USER, zns:0912345678, telegram:CHAT, sms:NUMBER, ...",
    )
    phone.add_argument("--token-stdin", action="store_true", help="ntfy's access token, one line")
    phone.add_argument("--label", default="", help="what its owner calls it")


def _authority(verbs: "Commands[argparse.ArgumentParser]") -> None:
    ca = _group(verbs, "ca", "the hub's own authority and its papers")
    init = _command(ca, "init", authority.make_authority, "make a certificate authority")
    init.add_argument("folder", type=Path)
    init.add_argument("--days", type=int, default=AUTHORITY_DAYS)
    issue = _command(ca, "issue", authority.issue_papers, "issue a certificate and its key")
    issue.add_argument("folder", type=Path, help="the authority's")
    issue.add_argument("name", help='a node, "hub", or with --server a server')
    issue.add_argument(
        "--server", action="append", metavar="HOST", help="for a server, by each host name"
    )
    issue.add_argument("--days", type=int, default=ISSUED_DAYS)
    issue.add_argument("--into", type=Path, metavar="FOLDER", help="otherwise the authority's")

    renew = _command(ca, "renew", authority.renew_papers, "renew papers well before they end")
    renew.add_argument("folder", type=Path, help="the authority's")
    renew.add_argument("papers", type=Path, nargs="+", metavar="CERTIFICATE")
    renew.add_argument("--now", action="store_true", help="however long they hold")
    listed = _command(ca, "list", authority.write_empty_list, "an empty list of revoked papers")
    listed.add_argument("folder", type=Path, help="the authority's")
    listed.add_argument("--into", type=Path, required=True, metavar="FILE")


def _footage(verbs: "Commands[argparse.ArgumentParser]") -> None:
    verify = _command(
        verbs, "verify", verifying.verify, "say whether footage or a package is untouched; offline"
    )
    verify.add_argument("files", type=Path, nargs="+", metavar="FILE")
    verify.add_argument(
        "--authority",
        type=Path,
        metavar="CERT",
        help="to be believed: the authority's, a node's, or of a package the evidence key's; "
        "otherwise the hub's usual places",
    )
    verify.add_argument(
        "--stamp-authority",
        type=Path,
        metavar="CERT",
        help="the root to be believed for time stamps; otherwise the one that the package brings",
    )
    verify.add_argument("--json", action="store_true", help="for programs")


def _evidence(verbs: "Commands[argparse.ArgumentParser]") -> None:
    evidence = _group(verbs, "evidence", "signed packages of footage")
    export = _command(evidence, "export", exporting.export, "a signed package of footage")
    export.add_argument("--case", required=True, metavar="NUMBER")
    export.add_argument("--reason", required=True)
    export.add_argument("--by", required=True, metavar="LOGIN", help="within what they may export")
    export.add_argument("--into", type=Path, required=True, metavar="FOLDER")
    for name, meaning in (("media", "a clip or a picture"), ("alert", "all footage of an alert")):
        export.add_argument(
            f"--{name}", type=UUID, action="append", default=[], metavar="ID", help=meaning
        )
    export.add_argument(
        "--redact",
        type=commands.existing_file_or_stdin,
        action="append",
        default=[],
        metavar="PLAN",
        help="JSON file: the areas that a redacted copy hides (docs/reference/evidence-package.md)",
    )
    _command(evidence, "key", exporting.make_key, "make the key that signs from now on")
    _command(evidence, "keys", exporting.list_keys, "every key there ever was")


def _keeping(verbs: "Commands[argparse.ArgumentParser]") -> None:
    rules = _group(verbs, "retention", "how long footage is kept")
    set_rule = _command(rules, "set", keeping.set_retention, "say how long footage is kept")
    days = set_rule.add_mutually_exclusive_group(required=True)
    days.add_argument("--days", type=int, help="then it is removed, unless a case holds it")
    days.add_argument("--for-good", action="store_const", const=None, dest="days")
    set_rule.add_argument("--reason", required=True, help="shown where something was removed")
    end_rule = _command(rules, "end", keeping.end_retention, "let the rule above count again")
    for rule in (set_rule, end_rule):
        rule.add_argument("--area", help="with everything below it; otherwise everywhere")
        rule.add_argument(
            "--class",
            required=True,
            dest="footage_class",
            type=FootageClass,
            metavar="CLASS",
            help="sighting or alert",
        )
    _command(rules, "list", keeping.list_retention, "show the rules that count")
    sweep = _command(
        _group(verbs, "media", "files of footage"),
        "sweep",
        keeping.sweep_media,
        "mend rows and files that disagree",
    )
    sweep.add_argument("--all-lost", action="store_true", help="believe it however many are gone")


def _asking(verbs: "Commands[argparse.ArgumentParser]") -> None:
    footage = _group(verbs, "footage", "what cameras recorded, asked of their boxes")
    ask = _command(footage, "ask", asking.ask_for_span, "have a node bring what a camera showed")
    ask.add_argument("--camera", required=True, metavar="NODE/CAMERA")
    ask.add_argument("--from", dest="since", required=True, type=datetime.fromisoformat)
    ask.add_argument("--until", required=True, type=datetime.fromisoformat, help="an hour at most")
    ask.add_argument("--reason", required=True)
    ask.add_argument("--sound", action="store_true", help="what was heard too, if it is recorded")
    ask.add_argument("--by", metavar="LOGIN", help="who asks, within what they may see")
    _command(footage, "list", asking.list_spans, "show what was asked for, and what came")


def _holding(verbs: "Commands[argparse.ArgumentParser]") -> None:
    cases = _group(verbs, "hold", "what a case keeps, whatever comes")
    add = _command(cases, "add", keeping.add_hold, "keep footage for a case, whatever comes")
    what = add.add_mutually_exclusive_group(required=True)
    what.add_argument("--clip", type=UUID, metavar="ID", help="a clip or a picture")
    what.add_argument("--alert", type=UUID, metavar="ID", help="all footage of an alert")
    what.add_argument("--camera", metavar="NODE/CAMERA", help="its footage of a span")
    for name, meaning in (("from", "first moment"), ("until", "last moment; otherwise it goes on")):
        add.add_argument(
            f"--{name}",
            type=datetime.fromisoformat,
            metavar="YYYY-MM-DDTHH:MM",
            help=meaning,
            dest="since" if name == "from" else name,
        )
    end = _command(cases, "end", keeping.end_hold, "let the rules count again")
    end.add_argument("--hold", type=UUID, metavar="ID", help="one of them, otherwise all")
    for hold in (add, end):
        hold.add_argument("--case", required=True, metavar="NUMBER")
        hold.add_argument("--reason", required=True)
        hold.add_argument("--by", metavar="LOGIN", help="who asks, within what they may see")
    listed = _command(cases, "list", keeping.list_holds, "show what is held")
    listed.add_argument("--case", metavar="NUMBER", help="of one case, ended ones too")


def _log(verbs: "Commands[argparse.ArgumentParser]") -> None:
    looks = _group(verbs, "log", "the log of who did what")
    check = _command(looks, "verify", log_book.verify_log, "say whether the log of acts is whole")
    check.add_argument(
        "--anchor", action="append", default=[], metavar="LINE", help="of `log head`"
    )
    check.add_argument(
        "--anchors",
        action="append",
        default=[],
        type=commands.existing_file_or_stdin,
        metavar="FILE",
        help="such lines, beside those that the hub put down itself",
    )
    _command(looks, "head", log_book.show_head, "the line that pins the log down as it is now")


def _tips(verbs: "Commands[argparse.ArgumentParser]") -> None:
    keys = _group(verbs, "tips", "apps that bring tips")
    add = _command(keys, "key", tip_commands.add_key, "make a key for an app that brings tips")
    add.add_argument("app", help="what the app is called; officers read it")
    end = _command(keys, "revoke", tip_commands.revoke_key, "end an app's key")
    end.add_argument("app")
    _command(keys, "keys", tip_commands.list_keys, "which apps have one")


def _backup(verbs: "Commands[argparse.ArgumentParser]") -> None:
    save = _command(verbs, "backup", backup.back_up, "all of a running hub into one file")
    save.add_argument("target", type=Path, help="a file, or a folder for one named by the moment")
    save.add_argument(
        "--with-media", action="store_true", help="pictures and clips too; otherwise by reference"
    )
    save.add_argument("--keep", type=int, metavar="COUNT", help="in a folder: remove older ones")
    back = _command(verbs, "restore", backup.bring_back, "make a hub of a backup; none may run")
    back.add_argument("file", type=Path)
    for command in (save, back):
        command.add_argument("--force", action="store_true", help="replace what is there")
        command.add_argument(
            "--passphrase-file", type=Path, metavar="FILE", help="what seals the secrets"
        )


def _benches(verbs: "Commands[argparse.ArgumentParser]") -> None:
    bench = verbs.add_parser("bench", help="measure").add_subparsers(required=True, metavar="WHAT")
    if "bench" not in sys.argv:
        return
    from hub.bench import fanout, intake, pages, search  # noqa: PLC0415 a hub that runs needs none of it

    meaning = "events a second with a commit before each acknowledgement, and the nodes' wait"
    intake.add_to(bench.add_parser("intake", help=meaning, description=meaning))
    meaning = "how long inbox and alert take, with a year of alerts behind and 200 officers about"
    pages.add_to(bench.add_parser("pages", help=meaning, description=meaning))
    meaning = "how long it takes until 1,000 phones have been told of one alert"
    fanout.add_to(bench.add_parser("fanout", help=meaning, description=meaning))
    meaning = "how long twelve searches take among a year's sightings of 10,000 cameras"
    search.add_to(bench.add_parser("search", help=meaning, description=meaning))


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
