"""The clip benchmark measures what it prints, on a video short enough for a test."""

import pytest

from tests.bench.agent import clips

pytestmark = [
    pytest.mark.promise("Scene suite: Each bench command measures its reference in the same run."),
    pytest.mark.promise("Clips: Ring and clip writer cost at most twice `ffmpeg -c copy`."),
]


@pytest.mark.media
def test_ring_and_writer_are_measured_beside_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "VIDEO_S", 2)
    monkeypatch.setattr(clips, "ROUNDS", 1)
    monkeypatch.setattr(clips, "SOON_ROUNDS", 1)
    found = clips.run()
    assert found["ours_cpu_s_per_min"] > 0
    assert found["ours_sealed_cpu_s_per_min"] > 0
    assert found["ffmpeg_copy_cpu_s_per_min"] > 0
    assert 0 < found["ring_video_bytes"] <= found["video_bytes"]
    assert found["ring_memory_bytes"] < 1.2 * found["ring_video_bytes"]
    assert found["first_fragment_ms"] > 0
    assert found["final_clip_ms"] > 0
    assert found["final_clip_floor_ms"] > 0
