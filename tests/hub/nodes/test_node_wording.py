"""What stands on a camera box's card: nothing that needs a look is shown as working."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from agent.wire.presence import BoardWords, Health, Lost, Owing
from agent.wire.terms import ClockSource, Stamp
from hub.nodes.health.views import CameraState, LastRefusal, NodeState
from hub.nodes.health.wording import SILENT_S, NodeCard, card
from hub.registry.health import LastHealth
from hub.web.calendar import Calendar
from hub.web.i18n import words

pytestmark = pytest.mark.promise("Pages: No camera box in trouble is shown as working.")

NOW_US = 1_795_000_000_000_000
NODE = UUID(int=1)
BOARD = BoardWords(
    temperature_c=50,
    is_under_voltage=False,
    is_throttled=False,
    was_under_voltage=False,
    was_throttled=False,
    disk_free_bytes=20 * 2**30,
    disk_size_bytes=2**36,
    card_wear_percent=10,
)


def health(**board: Any) -> LastHealth:
    said = Health(
        node="tk-01",
        boot_id=uuid4(),
        spool_id=uuid4(),
        last_seq=7,
        stamp=Stamp(utc_us=0, source=ClockSource.NTP, error_ms=12),
        uptime_s=4000,
        board=BOARD.model_copy(update=board),
        cameras=(),
        owing=Owing(alerts=0, others=2, again=0, files=0),
        lost=Lost(alerts=0, others=0, health=0, set_aside=0),
    )
    return LastHealth(NODE, said, NOW_US)


WELL = NodeState(
    node_id=NODE,
    name="tk-01",
    place="Tân Khai",
    state="online",
    since_utc_us=NOW_US - 10**12,
    heard_utc_us=NOW_US,
    software="0.2.0",
    is_doubled=False,
    cameras=(CameraState(UUID(int=2), "Cổng chợ", False, "", NOW_US),),
    health=health(),
    missing=0,
    refused=0,
    last_refusal=None,
    dropped=0,
    unrecorded_why=None,
)


def shown(node: NodeState, language: str = "en") -> NodeCard:
    return card(node, Calendar(ZoneInfo("Asia/Ho_Chi_Minh"), words(language), NOW_US))


def test_a_box_without_a_fault_works() -> None:
    assert (shown(WELL).status, shown(WELL).rank, shown(WELL).token) == ("Working", 0, "resolved")
    # What is on its way, or never comes, is said; nobody has to look at the box for it.
    assert shown(replace(WELL, missing=3, dropped=9)).rank == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"unrecorded_why": "room"},
        {"is_doubled": True},
        {"health": health(is_under_voltage=True)},
        {"health": health(is_throttled=True)},
        {"health": health(temperature_c=84.0)},
        {"health": health(disk_free_bytes=2**20)},
        {"health": health(card_wear_percent=90)},
        {"refused": 4, "last_refusal": LastRefusal("oversize", NOW_US)},
    ],
)
def test_a_fault_is_its_status_and_is_counted(changes: dict[str, Any]) -> None:
    one = shown(replace(WELL, **changes))
    assert (one.status, one.rank, one.token) == ("1 fault", 2, "taken")
    assert len(one.lines) == 1


def test_a_box_without_a_word_for_minutes_is_silent_whatever_the_broker_says() -> None:
    one = shown(replace(WELL, heard_utc_us=NOW_US - 23 * 60 * 1_000_000), "vi")
    assert (one.status, one.rank, one.token) == ("Không có tin từ 17:43:40", 4, "open")
    at_the_limit = replace(WELL, heard_utc_us=NOW_US - round(SILENT_S * 1e6))
    assert shown(at_the_limit).rank == 0


def test_the_worst_is_said_first() -> None:
    lost = replace(WELL, cameras=(CameraState(UUID(int=2), "Cổng chợ", True, "", NOW_US),))
    hot: dict[str, Any] = {"health": health(temperature_c=84.0)}
    ranks = [
        shown(one).rank
        for one in (
            replace(lost, state="offline", **hot),
            replace(lost, heard_utc_us=NOW_US - 10**9, **hot),
            replace(lost, **hot),
            replace(WELL, **hot),
            replace(WELL, state="never"),
            WELL,
        )
    ]
    assert ranks == [4, 4, 3, 2, 1, 0]
