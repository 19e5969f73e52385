"""What the province campaigns report about times, faults, and processor time."""

import json
import random
from pathlib import Path

import pytest

from tests.faults.rigs.costs import costs
from tests.faults.rigs.findings import Fault, Written, of_events, of_screens
from tests.faults.rigs.lines import Lines, kind_of
from tests.faults.rigs.losses import count_times, late

S = 1_000_000


def test_an_event_counts_to_the_fault_before_its_receipt() -> None:
    row = [Fault("hub-1", 100 * S), Fault("leader", 200 * S), Fault("hub-2", 300 * S)]
    delays = [(99 * S, 50.0), (101 * S, 2.0), (201 * S, 20.0), (301 * S, 0.1), (302 * S, 0.2)]
    times = count_times(delays, row, events_s=1)
    # One of the 120 events of two minutes may be late.
    assert times == {
        "hub": {"events": 3, "median_s": 0.2, "p99_of_a_minute_s": 0.2, "slowest_s": 2.0},
        "leader": {"events": 1, "median_s": 20.0, "p99_of_a_minute_s": 20.0, "slowest_s": 20.0},
    }


@pytest.mark.parametrize(
    ("kind", "p99_s", "slowest_s", "said"),
    [
        ("hub", 0.9, 5.9, []),
        ("hub", 1.1, 5.9, ["after the loss of a hub p99 was 1.1 s"]),
        ("broker", 0.9, 6.1, ["after the loss of a broker an event took 6.1 s"]),
        ("leader", 29.0, 29.0, []),
        ("leader", 29.0, 31.0, ["after the loss of a leader an event took 31.0 s"]),
        ("hub>broker", 31.0, 31.0, []),
    ],
)
def test_what_waited_for_too_long_is_said(
    kind: str, p99_s: float, slowest_s: float, said: list[str]
) -> None:
    assert late({"times": {kind: {"p99_of_a_minute_s": p99_s, "slowest_s": slowest_s}}}) == said


ROW = [
    Fault("broker-1", 100 * S, "broker-1", 105 * S, 106 * S),
    Fault("hub>broker", 200 * S, "hub-1>broker-2 keeps", 208 * S),
]


def test_each_event_that_became_wrong_is_told_with_the_fault_before_it() -> None:
    written = [
        Written("nga-tu-000", "a", 1, "id-1", "sighting_opened", 90 * S, 91 * S),
        Written("nga-tu-000", "a", 2, "id-2", "sighting_opened", 103 * S, 110 * S),
        Written("nga-tu-000", "a", 3, "id-3", "sighting_opened", 104 * S, 105 * S),
        Written("nga-tu-000", "a", 4, "id-4", "sighting_closed", 202 * S, None),
        Written("nga-tu-000", "a", 5, "id-5", "sighting_closed", 203 * S, 230 * S),
    ]
    times = {1: [91], 2: [110], 3: [105], 5: [204, 230]}
    stored = [
        ("a", seq, f"id-{seq}", "sighting_opened", second * S)
        for seq, seconds in times.items()
        for second in seconds
    ]
    said = [line.split(" sighting")[0] for line in of_events(written, stored, ROW)]
    assert said == [
        "doubled, 2 times: nga-tu-000 no. 5",
        "late, 7.0 s: nga-tu-000 no. 2",  # after a line was cut no time is promised
        "missing: nga-tu-000 no. 4",
        "out of order: nga-tu-000 no. 3",
        "without a receipt: nga-tu-000 no. 4",
    ]
    [missing] = of_events(written[3:4], stored, ROW)[:1]
    assert (
        "written 00:03:22.000 (2.0 s after the loss of hub-1>broker-2 keeps for 8.0 s)" in missing
    )
    assert "stored never, receipted never" in missing


def test_a_second_ring_is_told_and_a_repeat_is_none(tmp_path: Path) -> None:
    def push(alert_id: str, notification_id: str) -> str:
        told = {"alert_id": alert_id, "tag": alert_id, "moment": "opened"}
        message = told | {"notification_id": notification_id}
        return json.dumps({"phone": "p", "arrived_utc_us": 101 * S, "message": message})

    screens = tmp_path / "screens.jsonl"
    screens.write_text("\n".join([push("a", "1"), push("a", "1"), push("b", "2"), push("b", "3")]))
    [said] = of_screens(screens, ROW)
    assert said.startswith("second entry or ring: phone p, alert b: 00:01:41.000 2 (1.0 s after")


def test_cores_are_computed_from_the_processor_time_of_an_event() -> None:
    said = costs({"hub-1": 0.01}, {"hub-1": 0.3, "pg-1": -0.1}, amounts={"events": 100})
    assert said["ms_per_event"] == {"hub-1": 3.0, "pg-1": 0.0}
    assert said["cores_for_20000_cameras"] == {"hub-1": 6.0, "pg-1": 0.0}
    assert said["all_cores"] == 6.0


def test_lines_have_the_kinds_of_their_ends_and_one_of_a_kind_is_cut() -> None:
    names = ["hub-1>broker-2", "hub-2>broker-1", "nodes>uploads", "swift>swift-object-1"]
    lines = Lines()
    assert list(map(kind_of, names)) == ["hub>broker", "hub>broker", "nodes>uploads", "swift>swift"]
    try:
        for name in names:
            lines.lay(name, 1)
        assert lines.kinds == ["hub>broker", "nodes>uploads", "swift>swift"]
        assert lines.unused("hub>broker") == names[:2]
        cut = lines.cut("hub>broker", random.Random(1))
        assert cut.split()[0] in names[:2]
        lines.heal()
    finally:
        lines.close()
