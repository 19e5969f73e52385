"""Command line of the agent. Modules not needed by `run` are imported by their command."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from agent.app import Node, StartError, Unfinished, assemble
from agent.app.diagnostics import Diagnostics
from agent.board.heap import share_one_heap
from agent.cameras.port import CameraError
from agent.config import (
    DEFAULT_FILE,
    AgentSettings,
    ConfigError,
    SettingsFromHub,
    load,
    removed_keys_in_use,
)
from agent.config.logs import set_up_logs
from agent.i18n import LANGUAGES, Say, speaker
from agent.journal import JournalError
from agent.updates.install import install_fetched
from agent.updates.update import KEY, update
from agent.uplink.mqtt.errors import Trouble

log = structlog.get_logger()

OK: Final = 0
FAILED: Final = 1
REFUSED: Final = 78
"""`EX_CONFIG` of sysexits.h: a restart does not help, somebody must edit something."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code."""
    args = parser().parse_args(arguments)
    sys.exit(args.command(args))


def parser() -> argparse.ArgumentParser:
    """Every command and its arguments."""
    top = argparse.ArgumentParser(prog="matthan-agent", description="The program of a node.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="watch the cameras and report to the hub"))
    _add_check(commands.add_parser("check", help="check everything that a start needs"))
    _add_enrol(commands.add_parser("enrol", help="make this box a node, with a code from the hub"))
    _add_diagnose(
        commands.add_parser(
            "diagnose", help="write a support file about this node, without secrets"
        )
    )
    _add_update(
        commands.add_parser("update", help="install the programs of a signed bundle; needs root")
    )
    _add_cameras(
        commands.add_parser("cameras", help="find cameras, and suggest changes of their settings")
    )
    _add_replay(commands.add_parser("replay", help="run detection on a recording, without a hub"))
    return top


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_run)
    _add_config(parser)
    parser.add_argument(
        "--once", action="store_true", help="play the recordings once, deliver everything, and end"
    )
    parser.add_argument(
        "--drain-s",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="with --once: time to deliver everything after the end (60)",
    )
    parser.add_argument(
        "--stats", type=Path, metavar="FILE", help="write time and memory used, as JSON, at the end"
    )


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_check)
    _add_config(parser)
    parser.add_argument(
        "--lang", choices=LANGUAGES, help="language of the output; default: node.language"
    )


def _add_enrol(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_enrol)
    _add_config(parser)
    parser.add_argument("code", nargs="?", help="the code as the hub shows it: HOST:PORT/LETTERS")
    parser.add_argument(
        "--look",
        metavar="CAMERA",
        help="read the code with a camera: /dev/video0, rtsp://…, picamera:0",
    )
    parser.add_argument(
        "--papers", type=Path, metavar="FOLDER", help="folder of key and certificates"
    )
    parser.add_argument(
        "--again", action="store_true", help="replace the identity of a box that is a node already"
    )
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="vi", help="language of the output; default: vi"
    )


def _add_diagnose(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_diagnose)
    _add_config(parser)
    parser.add_argument("into", type=Path, metavar="FILE.zip", help="the file to write")
    parser.add_argument(
        "--lang", choices=LANGUAGES, help="language of the output; default: node.language"
    )


def _add_update(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_update)
    parser.add_argument(
        "bundle", type=Path, nargs="?", help="the folder of the bundle, such as on a USB stick"
    )
    parser.add_argument(
        "--fetched",
        type=Path,
        metavar="FOLDER",
        help="install the bundle that the agent fetched from the hub",
    )
    parser.add_argument(
        "--key", type=Path, default=KEY, metavar="FILE", help=f"the public update key ({KEY})"
    )
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="vi", help="language of the output; default: vi"
    )


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_replay)
    parser.add_argument("path", type=Path, help="a video file or a folder of numbered pictures")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for tracks, sightings and costs"
    )
    parser.add_argument("--pace", action="store_true", help="play at the speed of the recording")
    parser.add_argument("--models", type=Path, help="folder of the manifest of models")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="also write explain.html: who was not reported, or late, and why, with pictures",
    )
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="vi", help="language of explain.html; default: vi"
    )


def _add_cameras(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_cameras)
    parser.add_argument(
        "--address", metavar="HOST|URL", help="measure the camera at this address, by RTSP"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to measure (10)")
    parser.add_argument(
        "--ask",
        type=_host_and_port,
        metavar="HOST:PORT",
        help="send the ONVIF probe to one host in place of the whole network",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="vi", help="language of the output; default: vi"
    )


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"the configuration file ({DEFAULT_FILE})"
    )


def _run(args: argparse.Namespace) -> int:
    share_one_heap()
    try:
        own = load(args.config)
        set_up_logs(own.log)
        for line in removed_keys_in_use(args.config):
            log.warning("setting_removed", line=line)
        # A single playback uses exactly its file's settings.
        from_hub = None if args.once else SettingsFromHub.beside(own)
        settings = from_hub.start() if from_hub else own
        node = assemble(
            settings,
            plays_once=args.once,
            from_hub=from_hub,
            diagnose=None if args.once else Diagnostics(args.config),
        )
    except (ConfigError, StartError) as refusal:
        return _say(str(refusal), REFUSED)
    with node:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: node.stop())
        try:
            node.run(drain_s=args.drain_s)
        except (Unfinished, CameraError, JournalError) as error:
            return _say(str(error), FAILED)
        finally:
            _write_stats(node, args.stats)
    return OK


def _check(args: argparse.Namespace) -> int:
    from agent.cli.check.check import check  # noqa: PLC0415 not for `run`

    try:
        own, say = _quiet(args)
    except ConfigError as refusal:
        return _say(str(refusal), REFUSED)
    from_hub = SettingsFromHub.beside(own)
    is_ok = check(from_hub.look(), print, say, from_hub=from_hub)
    for line in removed_keys_in_use(args.config):
        print(line)
    return OK if is_ok else FAILED


def _quiet(args: argparse.Namespace) -> tuple[AgentSettings, Say]:
    """The settings and the language of a command whose lines are for people: it logs errors only.

    Raises ConfigError.
    """
    own = load(args.config)
    set_up_logs(own.log.model_copy(update={"level": "error"}))
    return own, speaker(args.lang or own.node.language)


def _enrol(args: argparse.Namespace) -> int:
    from agent.cli.code_reader import read_code  # noqa: PLC0415 not for `run`
    from agent.cli.enrol import PAPERS, enrol  # noqa: PLC0415 it brings `cryptography`

    say = speaker(args.lang)
    try:
        text = args.code or read_code(args.look or "", print, say)
        enrol(
            text,
            config=args.config or DEFAULT_FILE,
            papers=args.papers or PAPERS,
            show=print,
            say=say,
            replaces=args.again,
        )
    except (Trouble, OSError) as error:
        return _say(_told(error, say), FAILED)
    return OK


def _diagnose(args: argparse.Namespace) -> int:
    from agent.cli.diagnose import diagnose  # noqa: PLC0415 not for `run`

    try:
        own, say = _quiet(args)
    except ConfigError as refusal:
        return _say(str(refusal), REFUSED)
    try:
        diagnose(own, SettingsFromHub.beside(own), args.into, say=say)
    except OSError as error:
        return _say(f"{args.into}: {error.strerror}", FAILED)
    print(args.into)
    return OK


def _update(args: argparse.Namespace) -> int:
    if args.fetched is not None:
        return OK if install_fetched(args.fetched, key=args.key) else FAILED
    if args.bundle is None:
        return _say("update wants the folder of a bundle", FAILED)
    try:
        return OK if update(args.bundle, key=args.key) == OK else FAILED
    except (Trouble, OSError) as error:
        return _say(_told(error, speaker(args.lang)), FAILED)


def _cameras(args: argparse.Namespace) -> int:
    from agent.cli import survey  # noqa: PLC0415 not for `run`

    if args.address:
        found = survey.survey_address(args.address, seconds=args.seconds)
        words, code = survey.words_of_address(found), FAILED if found["error"] else OK
    else:
        found = survey.survey_here(whom=args.ask)
        words, code = survey.words_here(found), OK
    if args.json:
        print(json.dumps(survey.as_json(found), ensure_ascii=False, indent=2))
    else:
        survey.show_all(words, print, speaker(args.lang))
    return code


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        raise ValueError("HOST:PORT")
    return host, int(port)


def _replay(args: argparse.Namespace) -> int:
    from agent.replay.replay import replay  # noqa: PLC0415 not for `run`

    language = args.lang if args.explain else None
    return replay(args.path, args.out, pace=args.pace, model_dir=args.models, explain=language)


def _write_stats(node: Node, file: Path | None) -> None:
    if file is not None:
        file.write_text(json.dumps(node.stats()) + "\n", encoding="utf-8")


def _told(error: Trouble | OSError, say: Say) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    sentence, cure = (say(part).format(**error.facts) for part in (error.sentence, error.cure))
    return f"{sentence}. {cure}"


def _say(line: str, code: int) -> int:
    print(line, file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
