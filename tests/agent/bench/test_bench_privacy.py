"""The benchmark of privacy masks measures what it prints, on a video short enough for a test."""

import json

import pytest

from tests.bench.agent import clips
from tests.bench.agent.__main__ import main


@pytest.mark.media
def test_a_masked_camera_is_measured_beside_one_that_is_passed_through(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clips, "VIDEO_S", 1)
    monkeypatch.setattr(clips, "ROUNDS", 1)
    with pytest.raises(SystemExit) as ended:
        main(["privacy", "--json"])
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["two_streams_masked_cpu_s_per_min"] > found["two_streams_cpu_s_per_min"] > 0
    assert found["one_stream_masked_cpu_s_per_min"] > 0
    assert found["two_streams_masked_kbits_per_s"] > 100
