"""`python -m tests.bench.agent scenes`: what it prints, and what it refuses."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.bench.agent.__main__ import main
from tests.bench.agent.scenes.night import Shift, hours_of, logged, shifts_of
from tests.bench.agent.scenes.programme import Material

pytestmark = [
    pytest.mark.promise("Scene suite: The test command runs a short form of the scene suite."),
    pytest.mark.promise("Scene suite: Each bench command prints JSON."),
]

MODELS = Path(__file__).parents[2] / "models"


def bench(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["scenes", "--short", "--models", str(MODELS), *arguments])
    return int(str(end.value.code))


def test_without_recordings_it_refuses_in_one_line_with_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--recordings", str(tmp_path)) == 78
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "vtest.avi is not there. Run deploy/recording.sh --scenes" in said


def test_without_truth_it_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--truth", str(tmp_path / "none.toml")) == 78
    assert "Give it with --truth" in capsys.readouterr().err


def test_json_holds_the_verdict_and_the_night(
    stock: Material, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--json", "--only", "nobody, clear", "--hours", "0.01") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scenes"]["nobody, clear"]["false_sightings"] == 0
    assert told["night"]["hours"] == pytest.approx(0.01, rel=0.1)
    assert told["night"]["false_per_hour_at_most"] >= 290


@pytest.mark.promise("Scene suite: A long night without people goes on after an interruption.")
def test_a_night_that_was_broken_off_goes_on_from_its_log(
    stock: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "night.log"
    night = ("--json", "--only", "none", "--hours", "0.01", "--log", str(log))
    assert bench(*night) == 0
    whole = json.loads(capsys.readouterr().out)["night"]
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(lines[:-1]) + lines[-1][:20], encoding="utf-8")
    assert bench(*night) == 0
    again = capsys.readouterr()
    assert len(again.err.splitlines()) == 1
    assert json.loads(again.out)["night"]["hours"] == whole["hours"]
    assert log.read_text(encoding="utf-8").count("\n") == len(lines)


def test_a_log_whose_last_line_a_plug_cut_short_is_read_without_it(
    stock: Material, tmp_path: Path
) -> None:
    log, plan = tmp_path / "night.log", list(shifts_of(1, still=stock.still, tree=stock.tree))
    first = Shift(plan[0].name, hours_of(plan[0]), 0, 1, 0.5, plan[0].seed)
    log.write_text(json.dumps(asdict(first)) + '\n{"name": "nob', encoding="utf-8")
    assert logged(log, plan) == [first]


@pytest.mark.parametrize("text", ["no JSON\n", '{"name": "x"}\n', "[]\n"])
def test_what_is_no_log_of_this_night_is_refused(
    stock: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    log = tmp_path / "night.log"
    log.write_text(text, encoding="utf-8")
    assert bench("--only", "none", "--hours", "0.01", "--log", str(log)) == 78
    assert "give another --log" in capsys.readouterr().err


def test_the_log_of_a_night_with_another_seed_is_refused(
    stock: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, plan = tmp_path / "night.log", list(shifts_of(1, still=stock.still, tree=stock.tree))
    first = Shift(plan[0].name, hours_of(plan[0]), 0, 1, 0.5, plan[0].seed)
    log.write_text(json.dumps(asdict(first)) + "\n", encoding="utf-8")
    assert bench("--only", "none", "--hours", "1", "--seed", "1", "--log", str(log)) == 78
    assert "log of another night" in capsys.readouterr().err


def test_a_scene_below_the_baseline_is_said_and_fails(
    stock: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floors = tmp_path / "baseline.toml"
    floors.write_text('[scene."nobody, clear"]\ninferences_per_s = 0\n', encoding="utf-8")
    assert bench("--only", "nobody, clear", "--baseline", str(floors)) == 1
    said = capsys.readouterr()
    assert "below the baseline: nobody, clear: inferences per second" in said.err
    assert "| nobody, clear |" in said.out


def test_a_proposed_baseline_is_one_that_was_reached(
    stock: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floors = tmp_path / "proposed.toml"
    assert bench("--only", "nobody, moths", "--propose", str(floors)) == 0
    assert bench("--only", "nobody, moths", "--baseline", str(floors)) == 0
