"""The two smaller benchmarks of detection: the accuracy of crops, and the delay of a sighting."""

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from agent.media.frame import Frame
from agent.replay.replay import numbered_ids
from agent.replay.sight import sight
from agent.vision.detect.person import Detection, DetectorSettings, ObjectKind
from agent.vision.geometry import Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from tests.agent.rigs.vision import Seer
from tests.bench.agent.scenes import crops, delay, near_bench, tiles
from tests.bench.agent.scenes.command import SCENES
from tests.bench.agent.scenes.handover import bench as handover
from tests.bench.agent.scenes.heights import Far
from tests.bench.agent.scenes.infrared import bench as infrared
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.programme import Material

MODELS = Path(__file__).parents[2] / "models"


@pytest.mark.parametrize(
    ("scored", "asked", "worth"),
    [
        ([(0.9, True), (0.8, True)], 2, 1.0),
        ([(0.9, True), (0.8, True)], 4, 0.5),
        ([(0.9, True), (0.8, False), (0.7, True)], 2, 0.5 + 0.5 * 2 / 3),
        ([(0.9, False)], 3, 0.0),
        ([], 3, 0.0),
    ],
)
def test_average_precision_is_the_area_under_precision_by_recall(
    scored: list[tuple[float, bool]], asked: int, worth: float
) -> None:
    assert crops.average_precision(scored, asked) == pytest.approx(worth)


@pytest.mark.promise(
    "Detection and tracking: On HD, crops find more than the whole frame at few more looks."
)
def test_on_an_hd_picture_crops_find_whom_the_whole_shows_too_small_in_hardly_more_looks(
    stock: Material,
) -> None:
    seers = sight(
        MODELS / "manifest.toml",
        finds=DetectorSettings(score=crops.LEAST_SCORE, kinds=frozenset({ObjectKind.PERSON})),
    )
    hd = Far(stock.street, size_px=crops.STREET_PX, canvas_px=crops.HD_PX)
    by_crops = crops.measure(hd, seers, 60, is_whole_only=False)
    by_the_whole = crops.measure(hd, seers, 60, is_whole_only=True)
    assert by_crops.average_precision >= 0.9
    assert by_crops.average_precision >= by_the_whole.average_precision + 0.1
    assert by_crops.recall >= 2 * by_the_whole.recall
    assert by_crops.looks_per_frame <= 1.5


def test_a_sighting_comes_with_the_frame_that_the_evidence_needs_and_little_later(
    stock: Material,
) -> None:
    street = replace(stock.street, pictures=stock.street.pictures[:20])

    def walker(frame: Frame) -> list[Detection]:
        x = 0.2 + 0.02 * frame.index
        return [Detection(ObjectKind.PERSON, 0.8, Box(x, 0.4, x + 0.05, 0.6))]

    pipeline = Pipeline.for_frames(PipelineSettings(), Seer(walker), numbered_ids())
    told = delay.measure(pipeline, street)
    assert told.sightings == 1
    assert 3 <= told.evidence_frames_p50 <= 20
    assert 0 < told.beyond_ms_p50 <= told.beyond_ms_p95
    assert told.looks_per_s > 0


@pytest.mark.promise("Detection and tracking: Tiles find more of a crowd than the whole frame.")
def test_tiles_find_more_of_a_made_crowd_than_the_whole_and_far_ones_above_all(
    stock: Material,
) -> None:
    seers = sight(MODELS / "manifest.toml")
    scene = Scene("dense", stock.people()["dense"])
    whole, four, six = tiles.measure("dense", scene, seers, every=50)
    assert whole.recall_at_least_score < four.recall_at_least_score
    assert whole.recall_small < four.recall_small <= six.recall_small + 0.05
    assert all(row.recall <= row.recall_at_least_score for row in (whole, four, six))
    assert tiles.table([whole, four, six]).count("\n") == 4


@pytest.mark.parametrize("name", ["crops", "delay", "handover", "infrared", "near", "tiles"])
def test_without_recordings_it_says_so_and_what_to_do(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = {
        "crops": crops,
        "delay": delay,
        "handover": handover,
        "infrared": infrared,
        "near": near_bench,
        "tiles": tiles,
    }[name]
    parser = argparse.ArgumentParser()
    bench.add_to(parser)
    truth = str(SCENES / "vtest.truth.toml")
    args = parser.parse_args(["--recordings", str(tmp_path), "--truth", truth])
    assert args.command(args) == 78
    assert "Run deploy/recording.sh --scenes" in capsys.readouterr().err
