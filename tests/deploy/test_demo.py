"""Messages of the demonstration when it cannot begin, or when it gave no alert."""

import random
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from deploy.broker import free_port
from deploy.demo import start_hub
from deploy.parts import PartError
from deploy.summary import faults
from deploy.town import Town, is_free, pick_port
from tests.waiting import patience_s

ROOT = Path(__file__).parents[2]


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.demo", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )


@pytest.mark.system
def test_taken_port_is_one_line_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = demo("--port", str(port), "--folder", str(tmp_path / "run"))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"demo: port {port} cannot be listened on")
    assert not (tmp_path / "run").exists()


@pytest.mark.system
@pytest.mark.parametrize("port", ["-1", "65536"])
def test_what_is_no_port_is_said(tmp_path: Path, port: str) -> None:
    done = demo("--port", port, "--folder", str(tmp_path / "run"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "is no port" in done.stderr


@pytest.mark.system
def test_own_video_that_is_none_is_one_line(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a video at all")
    done = demo("--once", "--recording", str(text), "--folder", str(tmp_path / "run"))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"recording: The file {text} is not a video")


def test_a_port_somebody_has_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert not is_free(taken)
        assert pick_port(taken) != taken
    port = free_port()
    assert pick_port(port) == port


def test_a_port_that_was_given_is_given_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its server has not begun: another worker of the tests may ask meanwhile."""
    first, *others = random.sample(range(20_000, 32_000), 100)
    numbers = iter([first, first, *others])
    monkeypatch.setattr("deploy.broker.secrets.choice", lambda _: next(numbers))
    assert free_port() != free_port()


@pytest.mark.broker
def test_a_port_taken_between_its_choice_and_its_use_costs_another_try(tmp_path: Path) -> None:
    town = Town(tmp_path, web_port=free_port(), language="vi")
    town.broker.start()
    try:
        town.hub_database.parent.mkdir()
        town.listen_on(town.web_port)
        with socket.create_server(("127.0.0.1", town.web_port)) as thief:
            with pytest.raises(PartError, match="ended with code"):
                start_hub(town, is_picked=False)
            hub = start_hub(town, is_picked=True)
            try:
                assert town.web_port != thief.getsockname()[1]
                assert httpx.get(f"{town.url}/health", timeout=patience_s()).status_code == 200
            finally:
                hub.stop()
    finally:
        town.broker.stop()


def test_a_recording_without_people_has_one_fault() -> None:
    assert faults({"alerts": 0}, slowest_push_s=2.0) == [
        "no alert came of the recording: nobody was seen in it"
    ]
