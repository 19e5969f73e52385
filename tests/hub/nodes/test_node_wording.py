"""The text of a camera box: a box that needs a look is never shown as working."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from agent.wire.presence import BoardWords, Health, Lost, Owing
from agent.wire.terms import ClockSource, Stamp
from hub.nodes.health.views import CameraState, LastRefusal, NodeState
from hub.nodes.health.wording import NodeCard, card
from hub.registry.condition import BACKLOG, VAGUE_MS
from hub.registry.health import LastHealth
from hub.registry.unheard import UNHEARD_AFTER_S
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


def health(
    *,
    at_us: int = NOW_US,
    waiting: int = 2,
    aside: int = 0,
    source: ClockSource = ClockSource.NTP,
    error_ms: int = 12,
    **board: Any,
) -> LastHealth:
    said = Health(
        node="tk-01",
        boot_id=uuid4(),
        spool_id=uuid4(),
        last_seq=7,
        stamp=Stamp(utc_us=0, source=source, error_ms=error_ms),
        uptime_s=4000,
        board=BOARD.model_copy(update=board),
        cameras=(),
        owing=Owing(alerts=0, others=waiting, again=0, files=0),
        lost=Lost(alerts=0, others=0, health=0, set_aside=aside),
    )
    return LastHealth(NODE, said, at_us)


WELL = NodeState(
    node_id=NODE,
    name="tk-01",
    lineage=((UUID(int=3), "Tân Khai"),),
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
    delayed=0,
    unrecorded_why=None,
)


def shown(node: NodeState, language: str = "en") -> NodeCard:
    return card(node, Calendar(ZoneInfo("Asia/Ho_Chi_Minh"), words(language), NOW_US))


def test_a_box_without_a_fault_works() -> None:
    assert (shown(WELL).status, shown(WELL).rank, shown(WELL).token) == ("Working", 0, "resolved")
    # What is on its way, or never comes, is said; nobody has to look at the box for it.
    waits = shown(replace(WELL, missing=3, dropped=9))
    assert (waits.rank, len(waits.lines)) == (0, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"unrecorded_why": "room"},
        {"is_doubled": True},
        {"health": health(is_under_voltage=True)},
        {"health": health(was_under_voltage=True)},
        {"health": health(is_throttled=True)},
        {"health": health(temperature_c=84.0)},
        {"health": health(disk_free_bytes=2**20)},
        {"health": health(card_wear_percent=90)},
        {"health": health(waiting=BACKLOG + 1)},
        {"health": health(aside=1)},
        {"health": health(source=ClockSource.NONE)},
        {"health": health(error_ms=VAGUE_MS)},
        {"refused": 4, "last_refusal": LastRefusal("oversize", NOW_US)},
    ],
)
def test_a_fault_is_its_status_and_is_counted(changes: dict[str, Any]) -> None:
    one = shown(replace(WELL, **changes))
    assert (one.status, one.rank, one.token) == ("1 fault", 2, "taken")
    assert len(one.lines) == 1


def test_a_box_without_a_report_for_minutes_is_silent_whatever_the_broker_says() -> None:
    one = shown(replace(WELL, health=health(at_us=NOW_US - 23 * 60 * 1_000_000)), "vi")
    assert (one.status, one.rank, one.token) == ("Không có tin từ 17:43:40", 4, "open")
    at_the_limit = replace(WELL, health=health(at_us=NOW_US - round(UNHEARD_AFTER_S * 1e6)))
    assert shown(at_the_limit).rank == 0


def test_the_worst_is_said_first() -> None:
    lost = replace(WELL, cameras=(CameraState(UUID(int=2), "Cổng chợ", True, "", NOW_US),))
    hot: dict[str, Any] = {"health": health(temperature_c=84.0)}
    ranks = [
        shown(one).rank
        for one in (
            replace(lost, state="offline", **hot),
            replace(lost, health=health(at_us=NOW_US - 10**9)),
            replace(lost, **hot),
            replace(WELL, **hot),
            replace(WELL, state="never"),
            WELL,
        )
    ]
    assert ranks == [4, 4, 3, 2, 1, 0]
