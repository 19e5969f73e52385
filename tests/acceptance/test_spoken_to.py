"""Which addresses agent and hub connect to: none but the configured ones, and no other packet."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import patience_s

pytestmark = pytest.mark.promise("Security: Programs connect only to the stated services.")

ROOT = Path(__file__).resolve().parents[2]
TELLTALE = ROOT / "tests/rigs/telltale"
OWN = "a network of its own needs Linux's namespaces and iproute2, and root or user namespaces"
TO_ITSELF = "to itself"
STRANGER = "203.0.113.9"


@dataclass(frozen=True)
class Told:
    """One thing that a program said it did."""

    words: str
    event: str
    address: tuple[str, int]
    line: str

    def __str__(self) -> str:
        """For whoever has to find it."""
        return f"{self.line}: {self.event} {self.address[0]}:{self.address[1]}"


@dataclass(frozen=True)
class Heard:
    """Packets in a walled network, and reports of the programs in it."""

    spoken: frozenset[tuple[str, int]]
    missed: int
    told: tuple[Told, ...]

    def of(self, *words: str) -> tuple[Told, ...]:
        """Reports of programs whose command has these words."""
        return tuple(one for one in self.told if all(word in one.words for word in words))

    def untold(self) -> list[str]:
        """Addresses that something spoke to past the telltale: code that is not Python's."""
        known = {one.address for one in self.told}
        return sorted(f"{host}:{port}" for host, port in self.spoken - known)


def own_network() -> list[str]:
    return ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net"]


def walled(folder: Path, command: Sequence[str]) -> Heard:
    if (
        shutil.which("ip") is None
        or subprocess.run([*own_network(), "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip(OWN)
    report, told = folder / "spoken.json", folder / "told.jsonl"
    told.touch()
    done = subprocess.run(
        [*own_network(), sys.executable, "-m", "tests.rigs.walled", str(report), *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{TELLTALE}", "MATTHAN_TOLD": str(told)},
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(report.read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines()]
    return Heard(
        frozenset((host, port) for _, host, port in said["spoken"]),
        said["missed"],
        tuple(
            Told(" ".join(one["words"]), one["event"], plain(one["address"]), one["line"])
            for one in lines
        ),
    )


def plain(address: Sequence[object]) -> tuple[str, int]:
    host = address[0].decode() if isinstance(address[0], bytes) else str(address[0])
    return host.replace("localhost", "127.0.0.1"), int(str(address[1] or 0))


@pytest.fixture(scope="module")
def town(
    needs_system: None, needs_media: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Heard, dict[str, int]]:
    folder = tmp_path_factory.mktemp("walled") / "town"
    film = subprocess.run(
        [str(ROOT / "deploy/recording.sh")], capture_output=True, text=True, check=True
    ).stdout.strip()
    folder.mkdir()
    play = [sys.executable, "-m", "tests.rigs.walled_town", str(folder), film]
    heard = walled(folder.parent, play)
    places = json.loads((folder / "places.json").read_text(encoding="utf-8"))
    return heard, places


def strays(told: Sequence[Told], *ports: int) -> list[str]:
    allowed = {("127.0.0.1", port) for port in ports}
    others = (one for one in told if one.event != TO_ITSELF)
    return sorted({str(one) for one in others if one.address not in allowed})


def ports_of(told: Sequence[Told]) -> set[int]:
    return {one.address[1] for one in told if one.event != TO_ITSELF}


def test_a_node_speaks_to_its_hub_and_its_cameras_alone(
    town: tuple[Heard, dict[str, int]],
) -> None:
    heard, at = town
    assert strays(heard.of("matthan-agent"), at["broker"], at["hub"], at["camera"]) == []
    assert ports_of(heard.of("matthan-agent", "run")) == {at["broker"], at["hub"]}


def test_a_hub_speaks_to_its_broker_to_push_services_and_to_its_provider_alone(
    town: tuple[Heard, dict[str, int]],
) -> None:
    heard, at = town
    known = at["broker"], at["push"], at["provider"], at["hub"]
    assert strays(heard.of("matthan-hub"), *known) == []
    beside_its_own_page = ports_of(heard.of("matthan-hub", "run")) - {at["hub"]}
    assert beside_its_own_page == {at["broker"], at["push"], at["provider"]}


def test_no_packet_left_for_an_address_that_no_line_told_of_but_to_the_camera(
    town: tuple[Heard, dict[str, int]],
) -> None:
    """FFmpeg opens the camera past the telltale, so only its packets show."""
    heard, at = town
    assert heard.missed == 0
    assert heard.untold() == [f"127.0.0.1:{at['camera']}"]


@pytest.mark.system
def test_who_speaks_to_a_stranger_is_named_with_the_address(tmp_path: Path) -> None:
    """Once by Python, once past it."""
    stray = (
        "import os, socket, subprocess, sys\n"
        f"socket.socket().connect_ex(('{STRANGER}', 443))\n"
        f"past = \"import socket; socket.socket().connect_ex(('{STRANGER}', 444))\"\n"
        "subprocess.run([sys.executable, '-I', '-c', past], env={})\n"
    )
    heard = walled(tmp_path, [sys.executable, "-c", stray])
    (one,) = [one for one in heard.told if one.address == (STRANGER, 443)]
    assert strays([one]) == [f"a library, or an event loop: socket.connect {STRANGER}:443"]
    assert heard.untold() == [f"{STRANGER}:444"]
