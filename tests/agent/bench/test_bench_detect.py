"""The detection benchmark measures the shipped models, each beside the bare model."""

import json
from pathlib import Path

import pytest

from tests.bench.agent import detect
from tests.bench.agent.__main__ import main

pytestmark = [
    pytest.mark.promise("Scene suite: Each bench command prints JSON."),
    pytest.mark.promise("Scene suite: Each bench command measures its reference in the same run."),
]


def test_every_model_of_the_manifest_is_measured_beside_itself_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(detect, "COUNTED", 3)
    with pytest.raises(SystemExit) as ended:
        main(["detect", "--json"])
    assert ended.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer) == 7
    for cost in answer.values():
        assert cost["crop_us"] > 0 < cost["whole_frame_us"]
        assert cost["crop_times_model"] == pytest.approx(
            cost["crop_us"] / cost["model_us"], abs=0.01
        )


def test_a_folder_without_models_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["detect", "--models", str(tmp_path)])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("bench detect: ")
