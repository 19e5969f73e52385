"""The manifest says what the model files are; the files say it themselves."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODELS = Path(__file__).parents[2] / "models"
MANIFEST: dict[str, Any] = tomllib.loads((MODELS / "manifest.toml").read_text(encoding="utf-8"))
COMMON: dict[str, Any] = MANIFEST["common"]
ENTRIES: dict[str, dict[str, Any]] = MANIFEST["model"]


@pytest.fixture(params=sorted(ENTRIES))
def entry(request: pytest.FixtureRequest) -> dict[str, Any]:
    return ENTRIES[request.param]


@pytest.fixture
def signature(entry: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Details of the inputs and of the outputs by signature key."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(model_path=str(MODELS / entry["file"]), num_threads=1)
    runner = interpreter.get_signature_runner()
    return runner.get_input_details(), runner.get_output_details()


def test_default_names_a_model_of_the_manifest() -> None:
    assert MANIFEST["default"] in ENTRIES


def test_every_model_file_in_the_folder_has_an_entry() -> None:
    assert {p.name for p in MODELS.glob("*.tflite")} == {e["file"] for e in ENTRIES.values()}


def test_entry_is_named_as_its_file() -> None:
    assert {name: f"{name}.tflite" for name in ENTRIES} == {
        name: e["file"] for name, e in ENTRIES.items()
    }


def test_file_has_the_size_and_hash_of_its_entry(entry: dict[str, Any]) -> None:
    content = (MODELS / entry["file"]).read_bytes()
    assert len(content) == entry["size_bytes"]
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_input_takes_raw_pixels_of_the_shape_said(
    entry: dict[str, Any], signature: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    said = entry["input"]
    (name, found), *others = signature[0].items()
    assert not others
    assert name == said["name"]
    assert found["shape"].tolist() == said["shape"]
    assert found["dtype"] is getattr(np, said["dtype"])
    assert found["quantization"] == (1.0, 0)


def test_outputs_have_the_names_shapes_and_types_said(
    entry: dict[str, Any], signature: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    found = {
        name: {"shape": output["shape"].tolist(), "dtype": np.dtype(output["dtype"]).name}
        for name, output in signature[1].items()
    }
    assert found == entry["outputs"]


def test_outputs_have_a_row_per_cell_and_a_column_per_label_and_bin(entry: dict[str, Any]) -> None:
    _, height, width, _ = entry["input"]["shape"]
    cells = sum((height // s) * (width // s) for s in COMMON["strides"])
    assert entry["outputs"]["scores"]["shape"] == [1, cells, len(COMMON["labels"])]
    assert entry["outputs"]["dist"]["shape"] == [1, cells, 4 * COMMON["bins"]]


def test_every_entry_tells_its_accuracy_on_every_set(entry: dict[str, Any]) -> None:
    assert entry["accuracy"].keys() == COMMON["measured"]["sets"].keys()


def test_notice_and_licence_texts_lie_beside_the_manifest() -> None:
    licence = COMMON["licence"]
    assert all((MODELS / name).is_file() for name in (licence["notice"], *licence["texts"]))
