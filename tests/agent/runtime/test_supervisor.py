"""The supervisor: starts in order, stops in reverse, restarts after a failure; an honest
watchdog."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.runtime import supervisor as supervision
from agent.runtime.supervisor import Service, SupervisePolicy, Supervisor, notify_systemd
from tests.waiting import patience_s, until

QUICK = SupervisePolicy(retry_base_s=0.01, retry_cap_s=0.05, stop_within_s=600)


@pytest.fixture(autouse=True)
def _short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "ROUND_S", 0.01)


class Steady:
    """Beats until told to stop, and notes when it began and ended."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.name = name
        self.diary = diary

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        self.diary.append(f"{self.name} began")
        while not stop.wait(0.01):
            beat()
        self.diary.append(f"{self.name} ended")


class Failing:
    def __init__(self, times: int) -> None:
        self.left = times
        self.runs = 0

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        self.runs += 1
        if self.left:
            self.left -= 1
            raise OSError("the plug was pulled")
        while not stop.wait(0.01):
            beat()


class Hanging:
    """Beats `until` that holds, and never again."""

    def __init__(self, until: Callable[[], bool] = lambda: True) -> None:
        self.release, self.hangs = threading.Event(), threading.Event()
        self._until = until

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        beat()
        while not self._until():
            beat()
            stop.wait(0.01)
        self.hangs.set()
        self.release.wait(patience_s())


class Recording:
    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        beat()


def in_thread(supervisor: Supervisor) -> threading.Thread:
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    return thread


@pytest.mark.promise("Agent: Services stop in the reverse order of their start.")
def test_services_stop_in_reverse_order_of_their_start() -> None:
    diary: list[str] = []
    services = [Service(name=name, runs=Steady(name, diary)) for name in ("a", "b", "c")]
    supervisor = Supervisor(services, policy=QUICK, notify=lambda _: None)
    thread = in_thread(supervisor)
    until(lambda: len(diary) == 3)
    supervisor.stop()
    thread.join(patience_s())

    assert diary[:3] == ["a began", "b began", "c began"]
    assert diary[3:] == ["c ended", "b ended", "a ended"]


@pytest.mark.promise("Agent: A service that fails starts again alone.")
def test_failing_service_is_begun_again_and_the_others_go_on() -> None:
    diary: list[str] = []
    failing = Failing(3)
    services = [
        Service(name="steady", runs=Steady("steady", diary)),
        Service(name="failing", runs=failing),
    ]
    supervisor = Supervisor(services, policy=QUICK, notify=lambda _: None)
    with capture_logs() as logs:
        thread = in_thread(supervisor)
        until(lambda: failing.runs == 4)
        supervisor.stop()
        thread.join(patience_s())

    again = [entry for entry in logs if entry["event"] == "service_begins_again"]
    assert len(again) == 3
    assert "the plug was pulled" in again[0]["reason"]
    assert diary == ["steady began", "steady ended"]
    assert supervisor.restarts == 3


@pytest.mark.promise("Agent: A service that fails starts again alone.")
@pytest.mark.promise("Agent: The watchdog is fed only while each part answers.")
def test_watchdog_starves_while_one_service_hangs() -> None:
    told: list[str] = []
    hanging = Hanging(lambda: "WATCHDOG=1" in told)
    services = [
        Service(name="steady", runs=Steady("steady", [])),
        Service(name="hanging", runs=hanging, beat_within_s=0.6),
    ]
    supervisor = Supervisor(services, policy=QUICK, notify=told.append)
    with capture_logs() as logs:
        thread = in_thread(supervisor)

        def await_silence() -> None:
            before = len(logs)
            until(lambda: any(one["event"] == "services_silent" for one in logs[before:]))

        assert hanging.hangs.wait(patience_s())
        await_silence()
        fed = told.count("WATCHDOG=1")
        await_silence()
        assert told.count("WATCHDOG=1") == fed >= 1
        hanging.release.set()
        supervisor.stop()
        thread.join(patience_s())

    assert told[0] == "READY=1"
    assert told[-1] == "STOPPING=1"


def test_recording_that_is_over_is_no_failure_and_needs_no_beat() -> None:
    services = [
        Service(name="reel", runs=Recording(), beat_within_s=0.1, ends_by_itself=True),
        Service(name="steady", runs=Steady("steady", [])),
    ]
    supervisor = Supervisor(services, policy=QUICK, notify=lambda _: None)
    supervisor.run(until=lambda: supervisor.is_over("reel"))
    assert supervisor.silent(time.monotonic() + 5) == []
    assert supervisor.restarts == 0


def test_fatal_error_stops_everything_and_is_raised() -> None:
    class Broken:
        def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
            raise ZeroDivisionError("the journal is damaged")

    diary: list[str] = []
    services = [
        Service(name="steady", runs=Steady("steady", diary)),
        Service(name="broken", runs=Broken()),
    ]
    supervisor = Supervisor(
        services, policy=QUICK, fatal=(ZeroDivisionError,), notify=lambda _: None
    )
    with pytest.raises(ZeroDivisionError):
        supervisor.run()
    assert diary == ["steady began", "steady ended"]


def test_service_that_does_not_stop_is_named_and_left_behind() -> None:
    hanging = Hanging()
    policy = SupervisePolicy(stop_within_s=0.3)
    supervisor = Supervisor(
        [Service(name="hanging", runs=hanging)], policy=policy, notify=lambda _: None
    )
    supervisor.stop()
    with capture_logs() as logs:
        supervisor.run()
    hanging.release.set()
    assert {"event": "service_left_behind", "service": "hanging", "log_level": "error"} in logs


@pytest.mark.promise("Agent: The watchdog is fed only while each part answers.")
def test_systemd_hears_over_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(address))
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        notify_systemd("READY=1")
        assert line.recv(100) == b"READY=1"
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify_systemd("READY=1")
