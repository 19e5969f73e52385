"""A stock Firefox with an officer in front of it, driven by `officer.mjs`."""

import json
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from tests.browser.npm_packages import IS_POSSIBLE as HAS_NPM
from tests.browser.npm_packages import installed
from tests.waiting import patience_s

FOLDER = Path(__file__).parent
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
IS_POSSIBLE = bool(FIREFOX and HAS_NPM)

Line = dict[str, Any]


def driver() -> Path:
    """The folder of the installed driver."""
    place = installed(FOLDER, "firefox-driver")
    with NamedTemporaryFile(dir=place, delete=False) as copy:
        copy.write((FOLDER / "officer.mjs").read_bytes())
    Path(copy.name).replace(place / "officer.mjs")  # whole, for another run that starts it now
    return place


class Officer:
    """What the browser says, line by line, in the order it said it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lines: queue.Queue[Line] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def until(self, claim: Callable[[Line], bool]) -> Line:
        """The next line for which the claim holds."""
        until_s = time.monotonic() + patience_s()
        heard: list[Line] = []
        while time.monotonic() < until_s:
            try:
                line = self._lines.get(timeout=0.5)
            except queue.Empty:
                assert self._process.poll() is None, "the browser has ended"
                continue
            if claim(line):
                return line
            heard.append(line)
        raise AssertionError(f"not said; heard {heard}")


@contextmanager
def officer(*, site: str, push_service: str, login: str, password: str) -> Iterator[Officer]:
    """Signed in at the site, notifications switched on."""
    told = {
        "firefox": FIREFOX,
        "site": site,
        "pushService": push_service.replace("http:", "ws:") + "/",
        "login": login,
        "password": password,
    }
    place = driver()
    process = subprocess.Popen(
        ["node", str(place / "officer.mjs"), json.dumps(told)],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Officer(process)
    finally:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(patience_s())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
