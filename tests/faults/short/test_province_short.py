"""The short form of the campaign on a province: three brokers, two processes of the hub by roles,
one PostgreSQL, a bucket.

The long form, with all parts of a province, is a command of its own:
docs/contributing/fault-campaign.md. Times are judged there alone.
"""

import json
from typing import Any

import pytest

from tests.faults.rigs import losses, small_province

WANTED = losses.Wanted(
    events=120, seed=20261129, events_s=4, away_s=(0.3, 1.5), calm_s=0.5, settle_s=300
)
LINES = {"hub>broker", "hub>bucket", "hub>postgresql", "nodes>broker", "nodes>uploads"}


@pytest.fixture(scope="module")
def counted(
    needs_broker: None,
    needs_postgres: None,
    needs_system: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    with small_province.small_rig(tmp_path_factory.mktemp("province")) as rig:
        return losses.run(rig, WANTED)


@pytest.mark.promise("Faults: Any process of a province may be killed and any line cut.")
def test_kills_and_cut_lines_lose_double_and_disorder_nothing(counted: dict[str, Any]) -> None:
    assert losses.faults(counted) == [], json.dumps(counted)


def test_each_part_was_killed_each_kind_of_line_cut_and_there_was_something_to_lose(
    counted: dict[str, Any],
) -> None:
    assert counted["lost"].keys() >= {*small_province.SmallRig.parts, *LINES}
    assert counted["stored"] == counted["spooled"] >= WANTED.events
    assert counted["fates"]["alerted"] == counted["alerts"] > 10
    assert counted["pictures"] > 50
    assert counted["accepted"] > 30
