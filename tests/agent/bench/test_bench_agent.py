"""The benchmark of a whole agent runs one, measures it from outside, and prints its own report."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.broker import Broker
from tests.agent.rigs.own_file import own_file
from tests.agent.rigs.videos import walk_past
from tests.bench.agent import agent as bench
from tests.bench.agent.__main__ import main
from tests.waiting import busy

pytestmark = [
    pytest.mark.promise("Scene suite: Each bench command prints JSON."),
    pytest.mark.promise("Scene suite: Each bench command measures its reference in the same run."),
]


@pytest.fixture
def config(needs_broker: None, tmp_path: Path) -> Iterator[Path]:
    """A node that plays a short recording for ever, and whose broker is there."""
    with Broker(tmp_path / "mqtt") as broker:
        yield own_file(tmp_path, broker, f'recording = "{walk_past(tmp_path / "walk.mp4")}"')


def test_agent_and_floor_are_counted_in_the_same_seconds(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        words = ["--seconds", "3", "--warm", str(8 * busy()), "--json"]
        main(["agent", "--config", str(config), *words])
    assert ended.value.code == 0, capsys.readouterr().err
    answer = json.loads(capsys.readouterr().out)
    assert answer["cameras"] == 1
    assert answer["agent"]["seconds"] == answer["floor"]["seconds"] >= 3
    assert answer["agent"]["cpu_s"] > answer["floor"]["cpu_s"]
    assert answer["agent"]["peak_rss_mib"] > answer["floor"]["peak_rss_mib"] > 10
    assert 10 < answer["agent"]["own_mib"] < answer["agent"]["peak_rss_mib"]
    assert answer["agent"]["written_mb_a_day"] >= 0
    assert answer["watched"]["frames"] > 10
    assert bench.table(answer).count("\n") == 2


def test_an_agent_that_does_not_start_is_one_line_with_its_reason(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text() + '[detector]\nmodels_dir = "/none"\n')
    with pytest.raises(SystemExit) as ended:
        main(["agent", "--config", str(config), "--seconds", "1", "--warm", "60"])
    assert ended.value.code == 1
    line = capsys.readouterr().err
    assert line.startswith("bench agent: the process to be measured ended early: ")
    assert "/none" in line
    assert line.count("\n") == 1
