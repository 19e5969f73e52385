"""The short form of the run with one bad node and one stranger: no time and no memory is judged.

The long form is a command of its own: docs/contributing/fault-campaign.md.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults import hostile
from tests.faults.rigs.attacks import BY_NODE, BY_STRANGER, Amounts

pytestmark = pytest.mark.promise(
    "Faults: One bad node and a stranger make no honest node lose an alert."
)

AMOUNTS = Amounts(
    messages=150, message_bytes=40_000, filters=3, flood=400, pictures=2, picture_px=(1200, 900),
    clips=2, clip_bytes=4 * 2**20, held=40, held_s=3, passwords=8, cookies=200, doors=40, phones=4,
)  # fmt: skip
WANTED = hostile.Wanted(
    seed=20261201,
    minutes=0.25,
    nodes=5,
    processes=2,
    events_s=3,
    amounts=AMOUNTS,
    disk_bytes=256 * 2**20,
)


@pytest.fixture(scope="module")
def found(
    needs_broker: None, needs_system: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    folder.chmod(0o711)
    return hostile.run(WANTED, folder)


def test_nothing_of_the_honest_is_lost_or_doubled(found: dict[str, Any]) -> None:
    assert hostile.losses(found) == [], json.dumps(found)
    assert found["stored"] == found["spooled"] > 20
    assert found["alerts"] > 5
    assert found["pages_waiting"] == 0


def test_node_and_stranger_did_what_they_can(found: dict[str, Any]) -> None:
    turns = {name.removeprefix("turns of ") for name in found["attacks"] if name[:5] == "turns"}
    known = set(BY_NODE) | set(BY_STRANGER)
    assert known - turns <= (set() if found["has_own_disk"] else {"large_clips"})
    assert found["answers_to_officers"]["sign_in_first_303"] == len(hostile.FIVE)
    assert found["answers_to_officers"]["page_200"] > 5
    assert found["hub_mib"] > 0 < found["broker_mib"]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ({"missing": 2}, "missing: 2"),
        ({"untold": 1}, "untold: 1"),
        ({"ends": {"hub": 1}}, "hub ended by itself"),
        ({"hub_mib": 501.0}, "hub_mib is 501.0, and 500.0 is allowed"),
        ({"event_to_alert_s": {"p95": 1.2}}, "alerts_p95_s is 1.2, and 1.0 is allowed"),
    ],
)
def test_each_harm_is_named(harm: dict[str, Any], said: str) -> None:
    fine = dict.fromkeys(hostile.LOST, 0) | {
        "ends": {},
        "event_to_alert_s": {"p95": 0.2},
        "hub_mib": 300.0,
        "broker_mib": 20.0,
    }
    assert hostile.faults(fine) == []
    assert hostile.faults(fine | harm) == [said]
