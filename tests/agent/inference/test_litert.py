"""A model runs only if it matches its manifest; otherwise one sentence says what to do."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from agent.cameras.codec.scaler import rgb
from agent.inference.litert import LitertModel
from agent.inference.manifest import ModelError
from agent.vision.detect.person import NanoDet
from agent.vision.geometry import WHOLE
from tests.agent.rigs.vision import luma_frame

pytestmark = [
    pytest.mark.promise("Model: The runtime of the model is behind one interface."),
    pytest.mark.promise("Cameras: Cameras of one agent share one model."),
]

MODELS = Path(__file__).parents[3] / "models"
SOURCE = "nanodet_g_320_6c_int8"
SMALL = "nanodet_g_256_6c_int8"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The manifest and the one model file, in a folder that a test may spoil."""
    for name in ("manifest.toml", f"{SOURCE}.tflite"):
        shutil.copy(MODELS / name, tmp_path / name)
    return tmp_path


def refusal(models: Path, name: str = SOURCE) -> ModelError:
    with pytest.raises(ModelError) as refused:
        LitertModel(models / "manifest.toml", name)
    assert "\n" not in str(refused.value)
    assert refused.value.cure
    return refused.value


def reword(models: Path, old: str, new: str) -> None:
    manifest = models / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")


def test_an_empty_street_has_nobody(models: Path) -> None:
    detector = NanoDet(LitertModel(models / "manifest.toml", SMALL), rgb)
    assert detector.input_px == (256, 256)
    assert detector.detect(luma_frame(np.full((288, 384), 90, np.uint8)), WHOLE) == []


def test_the_default_is_the_manifests() -> None:
    assert LitertModel(MODELS / "manifest.toml").name == SOURCE


def test_a_picture_of_the_wrong_size_is_a_mistake_of_ours(models: Path) -> None:
    model = LitertModel(models / "manifest.toml", SMALL)
    with pytest.raises(ValueError, match=r"\(256, 256, 3\)"):
        model.infer(np.zeros((64, 64, 3), np.uint8))


def test_cameras_that_share_one_network_get_each_its_own_answer() -> None:
    model = LitertModel(MODELS / "manifest.toml", SMALL)
    dice = np.random.default_rng(1)
    pictures = [dice.integers(0, 255, (256, 256, 3), np.uint8) for _ in range(12)]
    alone = [model.infer(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as cameras:
        together = list(cameras.map(model.infer, pictures))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])


@pytest.mark.promise("Model: A model file that differs from its manifest stops the agent.")
@pytest.mark.promise("Bad input: A damaged model file is refused.")
def test_a_damaged_model_is_refused(models: Path) -> None:
    path = models / f"{SOURCE}.tflite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "is not the one the manifest names" in refusal(models).sentence
    assert "is not the one the manifest names" in refusal(models, SMALL).sentence


def test_a_missing_model_is_refused(models: Path) -> None:
    (models / f"{SOURCE}.tflite").unlink()
    assert "cannot be read" in refusal(models).sentence
    assert "cannot be read" in refusal(models, SMALL).sentence


def test_a_missing_manifest_is_refused(models: Path) -> None:
    (models / "manifest.toml").unlink()
    assert "cannot be read" in refusal(models).sentence


@pytest.mark.parametrize("content", ["model = [", "\x00", 'schema = 1\nmodel."x" = 3'])
def test_a_broken_manifest_is_refused(models: Path, content: str) -> None:
    (models / "manifest.toml").write_text(content, encoding="utf-8")
    assert "manifest.toml" in refusal(models).sentence


def test_a_manifest_of_another_schema_is_refused(models: Path) -> None:
    reword(models, "schema = 1\n", "schema = 2\n")
    assert "has schema 2" in refusal(models).sentence


def test_an_unknown_model_is_refused_with_the_known_ones(models: Path) -> None:
    error = refusal(models, "yolo")
    assert "'yolo'" in error.sentence
    assert SMALL in error.cure


@pytest.mark.promise("Model: A wrong input shape stops the agent.")
def test_a_file_of_another_shape_than_the_manifest_says_is_refused(models: Path) -> None:
    reword(models, "shape = [1, 320, 320, 3]", "shape = [1, 224, 224, 3]")
    sentence = refusal(models).sentence
    assert "[1, 320, 320, 3]" in sentence
    assert "[1, 224, 224, 3]" in sentence


def test_labels_in_another_order_are_refused(models: Path) -> None:
    reword(models, '["person", "bicycle",', '["bicycle", "person",')
    assert "cannot decode" in refusal(models).sentence


@pytest.mark.promise("Model: The manifest gives input, outputs, labels, thresholds and origin.")
def test_a_manifest_that_says_too_little_is_refused(models: Path) -> None:
    reword(models, f'file = "{SOURCE}.tflite"', "")
    assert "lacks values" in refusal(models).sentence


def test_without_a_runtime_it_says_what_to_install(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert "pip install" in refusal(models).cure
