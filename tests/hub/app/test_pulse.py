"""The hub's watchdog: systemd is told of a hub whose every part is alive, and of no other."""

import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from hub.app.watchdog import PartWatch, notify_systemd
from tests.hub.helpers.app.hub_program import Site, running, site
from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Agent: The watchdog is fed only while each part answers.")

__all__ = ["running", "site"]  # fixtures


class Told:
    """Messages to systemd, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.now_s = 100.0

    def pulse(self) -> PartWatch:
        return PartWatch(notify=self.words.append, now_s=lambda: self.now_s)


def test_watchdog_is_fed_while_every_part_beats() -> None:
    told = Told()
    pulse = told.pulse()
    first, second = pulse.part("first", within_s=10), pulse.part("second", within_s=20)
    for _ in range(5):
        told.now_s += 9
        first()
        second()
        pulse.feed()
    assert told.words == ["WATCHDOG=1"] * 5


def test_watchdog_starves_while_one_part_is_silent_and_is_fed_when_it_is_back() -> None:
    told = Told()
    pulse = told.pulse()
    first, second = pulse.part("first", within_s=10), pulse.part("second", within_s=20)
    told.now_s += 15
    second()
    pulse.feed()
    assert (told.words, pulse.silent()) == ([], ["first"])
    first()
    pulse.feed()
    assert told.words == ["WATCHDOG=1"]


def test_a_part_that_never_began_is_silent_in_time() -> None:
    told = Told()
    pulse = told.pulse()
    pulse.part("stillborn", within_s=10)
    assert pulse.silent() == []
    told.now_s += 11
    assert pulse.silent() == ["stillborn"]


def test_nobody_to_tell_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify_systemd("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify_systemd("READY=1")


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self.heard: list[str] = []
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while said := self._line.recv(4096):
            self.heard.append(said.decode())

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._line.getsockname())
        self._thread.join(patience_s())
        self._line.close()


@pytest.mark.system
def test_a_running_hub_says_that_it_serves_that_it_lives_and_that_it_stops(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site.folder / "notify"
    systemd = Systemd(path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    site.broker.stop()  # a hub without its broker serves pages all the same
    process: subprocess.Popen[bytes] = site.start()
    try:
        until(lambda: any("READY=1" in word for word in systemd.heard), "it says ready")
        until(lambda: "WATCHDOG=1" in systemd.heard, "it feeds the watchdog")
        assert not any(re.search("nodes are heard", word) for word in systemd.heard)
        site.broker.start()
        until(lambda: any("nodes are heard" in word for word in systemd.heard), "it hears")
        before = systemd.heard.count("WATCHDOG=1")
        until(lambda: systemd.heard.count("WATCHDOG=1") > before, "it goes on feeding")
        process.terminate()
        assert process.wait(patience_s()) == 0
        until(lambda: "STOPPING=1" in systemd.heard, "it says that it stops")
    finally:
        process.kill()
        process.wait()
        systemd.close()
