"""Health reports: small, once a minute, and a newer report replaces an older one."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.board.board import Board
from agent.journal import Journal, JournalCorrupt, JournalLimits
from agent.media.frame import Instant
from agent.runtime.health import CameraCounts, HealthService
from agent.uplink.mqtt.conversation import NodeIdentity
from agent.uplink.mqtt.latest_health import LatestHealth
from agent.wire.codec import encode
from agent.wire.messages import CameraLost
from agent.wire.presence import BoardWords
from agent.wire.terms import ClockSource
from tests.agent.rigs.hubside import BOOT, opened

pytestmark = pytest.mark.promise("Node state and clocks: Each node reports its health each minute.")

STREET = CameraCounts(camera="cong-bac", frames=100, frames_late=3, is_lost=False)


def board(root: Path, files: dict[str, str]) -> BoardWords:
    for name, content in files.items():
        path = root / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Board(root, root=root).words()


def test_a_board_that_tells_nothing_is_told_of_with_nulls(tmp_path: Path) -> None:
    words = board(tmp_path, {})
    assert words.disk_free_bytes is not None
    assert words.disk_size_bytes is not None
    assert words.disk_free_bytes <= words.disk_size_bytes
    others = words.model_dump(exclude={"disk_free_bytes", "disk_size_bytes"})
    assert set(others.values()) == {None}


def test_a_raspberry_pi_tells_of_heat_voltage_and_slowing(tmp_path: Path) -> None:
    words = board(
        tmp_path,
        {
            "class/thermal/thermal_zone0/temp": "61300\n",
            "class/thermal/thermal_zone1/temp": "58000\n",
            "devices/platform/soc/soc:firmware/get_throttled": "50008\n",
            "block/mmcblk0/device/life_time": "0x01 0x03\n",
        },
    )
    assert words.temperature_c == 61.3
    assert (words.is_under_voltage, words.was_under_voltage) == (False, True)
    assert (words.is_throttled, words.was_throttled) == (True, True), "the soft limit of heat"
    assert words.card_wear_percent == 30


@pytest.mark.parametrize("nonsense", ["", "hot", "9" * 40, "\N{SNOWMAN}"])
def test_nonsense_in_a_file_costs_that_value_alone(tmp_path: Path, nonsense: str) -> None:
    words = board(
        tmp_path,
        {
            "class/thermal/thermal_zone0/temp": nonsense,
            "block/mmcblk0/device/life_time": "0x00 0x0b",
        },
    )
    assert (words.temperature_c, words.card_wear_percent) == (None, 110)


class Node:
    """A node with a clock of its own, and what its health service needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at_s = 5_000.0
        self.cameras: tuple[CameraCounts, ...] = (STREET,)
        limits = JournalLimits(max_events=10, max_lesser=2)
        self.journal = Journal.open(folder / "j.db", now=self.now, boot_id=BOOT, limits=limits)
        self.latest = LatestHealth()
        self.service = self.make()

    def make(self, *, every_s: float = 60.0) -> HealthService:
        speaker = NodeIdentity(
            node="nga-tu-01",
            software="0",
            cameras=tuple,
            now=self.now,
            trust=lambda: (ClockSource.NTP, 12),
        )
        return HealthService(
            speaker,
            self.journal,
            board=Board(self.folder, root=self.folder),
            cameras=lambda: self.cameras,
            latest=self.latest,
            every_s=every_s,
        )

    def now(self) -> Instant:
        return Instant(round(self.at_s * 1e9), 1_790_000_000_000_000 + round(self.at_s * 1e6))


@pytest.fixture
def node(tmp_path: Path) -> Any:
    node = Node(tmp_path)
    yield node
    node.journal.close()


def test_it_tells_rates_backlog_losses_and_clock(node: Node) -> None:
    with node.journal.transaction() as tx:
        refused = tx.add_event(opened(), at=node.now())
        tx.add_event(opened(), at=node.now())
        for _ in range(3):
            tx.add_event(CameraLost(camera="cong-bac", reason=""), at=node.now())
    node.journal.refuse(refused, reason="malformed", detail="")
    first = node.service.health(node.now())
    node.at_s += 60
    node.cameras = (replace(STREET, frames=700, is_lost=True),)
    second = node.service.health(node.now())

    assert (first.cameras[0].frames_per_s, second.cameras[0].frames_per_s) == (0.0, 10.0)
    assert (second.cameras[0].is_lost, second.cameras[0].frames_late) == (True, 3)
    assert (second.owing.alerts, second.owing.others) == (1, 2)
    assert (second.lost.alerts, second.lost.others, second.lost.set_aside) == (0, 1, 1)
    assert (second.last_seq, second.uptime_s) == (5, 5_060)
    assert (second.stamp.source, second.stamp.error_ms) == (ClockSource.NTP, 12)
    assert len(encode(second)) < 1_000


@pytest.mark.promise("Node to hub: Alerts, other events and health have separate bounds.")
def test_without_a_line_the_newest_state_alone_waits_and_the_others_are_counted(
    node: Node,
) -> None:
    for _ in range(3):
        node.at_s += 60
        node.latest.put(node.service.health(node.now()))
    waiting = node.latest.take()
    assert waiting is not None
    assert waiting.uptime_s == 5_180
    assert node.latest.take() is None
    assert node.service.health(node.now()).lost.health == 2


def test_a_damaged_journal_ends_the_agent(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> None:
        raise JournalCorrupt("the journal is damaged", "restart the agent")

    monkeypatch.setattr(node.journal, "place_boot", damaged)
    stop = threading.Event()
    with pytest.raises(JournalCorrupt):
        node.service.run(stop, stop.set)


def test_it_looks_at_the_start_and_then_when_its_time_has_come(node: Node) -> None:
    stop, seen = threading.Event(), list[int]()

    def beat() -> None:
        if (health := node.latest.take()) is not None:
            seen.append(health.uptime_s)
        node.at_s += 30
        if len(seen) == 3:
            stop.set()

    node.make(every_s=0.05).run(stop, beat)
    assert seen == [5_030, 5_060, 5_090]
