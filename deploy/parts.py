"""Programs that the demonstration starts: each in its own session, with a log, stopped in turn."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

STOP_S: Final = 60.0
"""Longer than any program takes to end: one that is killed has not written its figures."""
DOT_EVERY_S: Final = 5.0
LAST_LINES: Final = 12


class PartError(Exception):
    """A part did not come up or went away: says which, and its own last words."""


class Part:
    """One child process. It has its own session, so that Ctrl-C reaches only who stops it."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                env={**os.environ, **(env or {})},
            )

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait_until(self, is_ready: Callable[[], bool], *, patience_s: float) -> None:
        """Wait for `is_ready`; raises PartError with the log's end when it dies or takes longer."""
        began = time.monotonic()
        dots = 0
        while not is_ready():
            took_s = time.monotonic() - began
            if self.exit_code is not None:
                raise PartError(f"{self.name} ended with code {self.exit_code}.{self.last_words()}")
            if took_s > patience_s:
                raise PartError(
                    f"{self.name} did not come up in {patience_s:.0f} s.{self.last_words()}"
                )
            if took_s > (dots + 1) * DOT_EVERY_S:
                print(
                    "." if dots else f"Waiting for {self.name} .",
                    end="",
                    file=sys.stderr,
                    flush=True,
                )
                dots += 1
            time.sleep(0.1)
        if dots:
            print(file=sys.stderr)

    def wait(self, *, patience_s: float) -> int | None:
        """The exit code of the program, or None if it is still running after `patience_s`."""
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Ask it to end, and insist after a while."""
        if self.exit_code is None:
            self._process.terminate()
        if self.wait(patience_s=STOP_S) is None:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """The end of its log, to be shown with an error."""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return f" The end of {self.log}:\n  " + "\n  ".join(lines) if lines else " It said nothing."


class NtfyServer(Part):
    """Debian's ntfy server on a loopback port, open to writers on this machine alone."""

    @staticmethod
    def is_installed() -> bool:
        """Debian has it from 13 on."""
        return shutil.which("ntfy") is not None

    def __init__(self, folder: Path, port: int) -> None:
        binary = shutil.which("ntfy")
        if binary is None:
            raise PartError("ntfy is not installed. Install Debian's package ntfy.")
        folder.mkdir(parents=True, exist_ok=True)
        configuration = folder / "server.yml"
        configuration.write_text(
            f'base-url: "http://127.0.0.1:{port}"\n'
            f'listen-http: "127.0.0.1:{port}"\n'
            f'cache-file: "{folder}/cache.db"\n'
            "visitor-request-limit-burst: 10000\n"
            "visitor-message-daily-limit: 100000\n"
        )
        command = [binary, "serve", "--config", str(configuration)]
        super().__init__("the ntfy server", command, log=folder / "log")
        self.wait_until(lambda: answers(port), patience_s=120)


def answers(port: int) -> bool:
    """True when somebody listens on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
