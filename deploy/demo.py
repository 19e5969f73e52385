"""The demonstration: everything real, on this machine, until Ctrl-C or once through."""

import argparse
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NoReturn

from deploy.broker import free_port
from deploy.officer import Officer
from deploy.parts import NtfyServer, Part, PartError
from deploy.push_service import PushService, in_thread
from deploy.summary import faults, summarise
from deploy.town import CAMERA_LABEL, JUNCTION, Sign, Town, is_free, pick_port

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / ".run" / "demo"
"""Folder of a run unless told otherwise; emptied at the next start."""
MARK: Final = ".made-by-the-demonstration"
PORT: Final = 8710
PORTS_TRIED: Final = 5
SLOWEST_PUSH_S: Final = 2.0
PLAYING_AT_MOST_S: Final = 3600.0
DELIVERY_AT_MOST_S: Final = 300.0


def main() -> int:
    """Run what the arguments ask for; the exit code is 0, or 1 with the reason on stderr."""
    wanted = _arguments()
    try:
        with _alone(wanted.folder), ExitStack() as parts:
            signal.signal(signal.SIGTERM, _interrupt)
            return _run(wanted, parts)
    except KeyboardInterrupt:
        _say("Stopped. All that was started has ended.")
        return 0 if not wanted.once else 1
    except PartError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/demo.sh", description=__doc__)
    parser.add_argument("--once", action="store_true", help="play once, wait for delivery, end")
    parser.add_argument("--json", type=Path, help="with --once: write the summary to this file")
    parser.add_argument("--recording", type=Path, help="a video to play instead of the street")
    parser.add_argument("--port", type=int, help=f"of the officers' page (default {PORT}, or free)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the run lives")
    parser.add_argument("--language", choices=("vi", "en"), default="vi", help="of the officer")
    return parser.parse_args()


def _run(wanted: argparse.Namespace, parts: ExitStack) -> int:
    port = _port(wanted.port)
    recording = _recording(wanted.recording)
    _say("Making a town: authority, broker, hub, one node, one officer, two phones")
    folder = wanted.folder.resolve()
    _empty(folder)
    town = Town(folder, web_port=port, language=wanted.language)
    town.broker.start()
    parts.callback(town.broker.stop)
    sign = town.build(recording, loops=not wanted.once)
    _add_phones(town, parts)
    hub = start_hub(town, is_picked=not wanted.port)
    parts.callback(hub.stop)
    if wanted.once:
        return _play_once(town, hub, sign, wanted.json)
    agent = town.start_agent(once=False)
    parts.callback(agent.stop)
    town.place_camera(agent)
    _invite(town.url, sign, folder)
    _stay([hub, agent])


def _port(asked: int | None) -> int:
    if not asked:  # 0 as well: any that is free
        return pick_port(PORT)
    if not 1 <= asked <= 65535:
        raise PartError(f"{asked} is no port. Ports are 1 to 65535.")
    if not is_free(asked):
        raise PartError(
            f"port {asked} cannot be listened on: it is taken, or kept for others."
            " End what uses it, or leave --port out to have a free one picked."
        )
    return asked


def start_hub(town: Town, *, is_picked: bool) -> Part:
    """The hub; on another port if somebody took the picked one between its choice and its use."""
    for _ in range(PORTS_TRIED - 1):
        try:
            return town.start_hub()
        except PartError:
            if not is_picked or is_free(town.web_port):
                raise
            town.listen_on(free_port())
    return town.start_hub()


def _empty(folder: Path) -> None:
    """Make the folder anew; one that no run of ours made is left alone."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise PartError(f"{folder} holds other things. Name an empty folder with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _play_once(town: Town, hub: Part, sign: Sign, report: Path | None) -> int:
    officer = Officer(town.url, sign.login, sign.password)
    officer.start()
    agent = town.start_agent(once=True)
    try:
        _say("Playing the recording once, at its own pace (the street scene takes 80 s)")
        with _dots():
            town.place_camera(agent)
            code = agent.wait(patience_s=PLAYING_AT_MOST_S)
        if code != 0:
            raise PartError(f"the agent ended with code {code}.{agent.last_words()}")
        _say("Waiting until every notification was answered")
        _await_answers(town, hub)
    finally:
        agent.stop()
        officer.leave()
    hub.stop()
    summary = summarise(
        journal=town.journal,
        hub=town.hub_database,
        agent_stats=town.agent_stats,
        hub_stats=town.hub_stats,
        pictures_utc_us=officer.seen.picture_utc_us,
    )
    text = json.dumps(summary, indent=2)
    print(text)
    if report is not None:
        report.write_text(text + "\n")
    broken = faults(summary, slowest_push_s=SLOWEST_PUSH_S)
    for fault in broken:
        print(f"demo: {fault}", file=sys.stderr)
    return 1 if broken else 0


def _await_answers(town: Town, hub: Part) -> None:
    """Until nothing is queued any more and every alert has its clip, or the time is over."""
    waiting = (
        "SELECT (SELECT count(*) FROM notifications WHERE state = 'queued')"
        " + (SELECT count(*) FROM alerts WHERE kind = 'person' AND clip_id IS NULL)"
    )
    database = sqlite3.connect(f"file:{town.hub_database}?mode=ro", uri=True)
    deadline = time.monotonic() + DELIVERY_AT_MOST_S
    try:
        while database.execute(waiting).fetchone()[0] and time.monotonic() < deadline:
            if hub.exit_code is not None:
                raise PartError(f"the hub ended with code {hub.exit_code}.{hub.last_words()}")
            time.sleep(0.2)
    finally:
        database.close()


def _add_phones(town: Town, parts: ExitStack) -> None:
    """A browser's push service and an ntfy server, both on loopback: their phones can be read."""
    service = PushService(received=town.folder / "phone-webpush.jsonl")
    parts.enter_context(in_thread(service))
    town.add_webpush_phone(service.make_phone())
    if not NtfyServer.is_installed():
        _say("ntfy is not packaged for this system: the second channel is left out")
        return
    port = free_port()
    parts.callback(NtfyServer(town.folder / "ntfy", port).stop)
    town.add_ntfy_phone(f"http://127.0.0.1:{port}/can-bo")


def _recording(own: Path | None) -> Path:
    command = [str(ROOT / "deploy" / "recording.sh")]
    if own is not None:
        command += ["--recording", str(own)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return Path(done.stdout.strip())


def _invite(url: str, sign: Sign, folder: Path) -> None:
    print(f"""
  Mắt Thần is running. A recorded street plays as {CAMERA_LABEL}, {JUNCTION}.

    Open        {url}
    Name        {sign.login}
    Password    {sign.password}      (made for this run, shown only here)

  1. Sign in: alerts appear as they happen, each with the person's picture; tap one for its clip.
  2. Tap "Tiếp nhận" (I have it): everyone who was told hears that you have it.
  3. Settings → notifications: a phone or browser that subscribes gets the push. Browsers allow
     this on localhost or over HTTPS with a certificate they trust, and need their maker's push
     service; two test phones on this machine are told in any case:
       {folder}/phone-webpush.jsonl

  Logs are in {folder}. Ctrl-C ends all of it.
""", flush=True)  # fmt: skip


def _stay(parts: list[Part]) -> NoReturn:
    while True:
        for part in parts:
            if part.exit_code is not None:
                raise PartError(f"{part.name} ended with code {part.exit_code}.{part.last_words()}")
        time.sleep(1)


@contextmanager
def _dots() -> Iterator[None]:
    """A dot every two seconds shows that something goes on."""
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(2):
            print(".", end="", file=sys.stderr, flush=True)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()
        print(file=sys.stderr)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One demonstration at a time in a folder: a second would empty the first one's."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PartError(f"a demonstration already runs in {folder}. End it first.") from None
        yield


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(f"• {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    # A child that asks for a terminal must not stop us, and ours is the only Ctrl-C.
    os.umask(0o077)
    sys.exit(main())
