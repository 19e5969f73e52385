"""The manifest describes the networks; the model file and the files made from it agree with it."""

import hashlib
import importlib
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from agent.inference.regrid import regrid

pytestmark = pytest.mark.promise(
    "Model: The manifest gives input, outputs, labels, thresholds and origin."
)

MODELS = Path(__file__).parents[2] / "models"
MANIFEST: dict[str, Any] = tomllib.loads((MODELS / "manifest.toml").read_text(encoding="utf-8"))
COMMON: dict[str, Any] = MANIFEST["common"]
ENTRIES: dict[str, dict[str, Any]] = MANIFEST["model"]


@pytest.fixture(params=sorted(ENTRIES))
def entry(request: pytest.FixtureRequest) -> dict[str, Any]:
    return ENTRIES[request.param]


@pytest.fixture
def content(entry: dict[str, Any]) -> bytes:
    """Content of the file, or made from another file as the agent makes it."""
    if "file" in entry:
        return (MODELS / entry["file"]).read_bytes()
    source = ENTRIES[entry["made_from"]]["file"]
    return regrid((MODELS / source).read_bytes(), tuple(entry["input"]["shape"][1:3]))


@pytest.fixture
def signature(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Details of the inputs and of the outputs by signature key."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(model_content=content, num_threads=1)
    runner = interpreter.get_signature_runner()
    return runner.get_input_details(), runner.get_output_details()


def test_default_names_a_model_of_the_manifest() -> None:
    assert MANIFEST["default"] in ENTRIES


@pytest.mark.promise("Model: One file serves every input size.")
def test_every_form_is_there_and_the_default_is_the_square_one() -> None:
    forms = {name: tuple(entry["input"]["shape"][1:3]) for name, entry in ENTRIES.items()}
    assert forms == {
        "nanodet_g_192x320_6c_int8": (192, 320),
        "nanodet_g_256_6c_int8": (256, 256),
        "nanodet_g_256x448_6c_int8": (256, 448),
        "nanodet_g_288x384_6c_int8": (288, 384),
        "nanodet_g_320_6c_int8": (320, 320),
        "nanodet_g_416_6c_int8": (416, 416),
        "nanodet_g_320x416_6c_int8": (320, 416),
    }
    assert MANIFEST["default"] == "nanodet_g_320_6c_int8"


@pytest.mark.promise("Model: One file serves every input size.")
def test_the_default_is_the_one_file_and_all_others_are_made_from_it() -> None:
    default = MANIFEST["default"]
    assert [path.name for path in MODELS.glob("*.tflite")] == [f"{default}.tflite"]
    assert ENTRIES[default]["file"] == f"{default}.tflite"
    assert "made_from" not in ENTRIES[default]
    others = [entry for name, entry in ENTRIES.items() if name != default]
    assert {entry["made_from"] for entry in others} == {default}
    assert not [entry for entry in others if "file" in entry]


@pytest.mark.promise("Model: The model file is as its manifest says.")
def test_file_has_the_size_and_hash_of_its_entry(entry: dict[str, Any], content: bytes) -> None:
    assert len(content) == entry["size_bytes"]
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]


@pytest.mark.promise("Model: The model file is as its manifest says.")
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


@pytest.mark.promise("Model: The model file is as its manifest says.")
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


@pytest.mark.promise("Model: The manifest gives the measured accuracy on each set.")
def test_every_entry_tells_its_accuracy_on_every_set(entry: dict[str, Any]) -> None:
    assert entry["accuracy"].keys() == COMMON["measured"]["sets"].keys()


@pytest.mark.promise("Model: Licence texts are beside the model files.")
def test_notice_and_licence_texts_lie_beside_the_manifest() -> None:
    licence = COMMON["licence"]
    assert all((MODELS / name).is_file() for name in (licence["notice"], *licence["texts"]))


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("origin", {"network", "package", "version", "files"}),
        ("made", {"command", "check", "tools", "calibration", "calibration_file"}),
        ("licence", {"weights", "conversion", "notice", "texts"}),
        ("input", {"colour_order", "range", "resize", "place", "pad"}),
        ("thresholds", {"detect", "nms_iou"}),
        ("measured", {"how", "note", "cost", "sets"}),
    ],
)
def test_manifest_says_where_the_models_come_from_and_how_they_are_used(
    section: str, keys: set[str]
) -> None:
    assert keys <= COMMON[section].keys()
    assert all(COMMON[section][key] for key in keys)


def test_origin_and_making_can_be_followed() -> None:
    hashes = [*COMMON["origin"]["files"].values(), COMMON["made"]["calibration_file"]]
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes)
    build = (MODELS / "build" / "build.sh").read_text(encoding="utf-8")
    assert all(one in build for one in hashes), "the build checks what the manifest names"
    for path in (COMMON["made"]["command"], COMMON["made"]["tools"]):
        assert (MODELS.parent / path).is_file()
    assert all(0 < COMMON["thresholds"][key] < 1 for key in ("detect", "nms_iou"))


def test_every_entry_says_what_it_is_for_and_what_it_costs(entry: dict[str, Any]) -> None:
    assert entry["use"]
    assert entry["gmac"] > 0
    assert entry["cost"]["ms_per_inference"] > 0


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    """The build's own module; it needs no converter."""
    build = str(MODELS / "build")
    sys.path.insert(0, build)
    try:
        return importlib.import_module("calibration")
    finally:
        sys.path.remove(build)


@pytest.mark.promise("Recording of the street: Frames 396 to 795 stay out of calibration.")
@pytest.mark.promise("Model: Calibration uses no frame that is kept for judging.")
def test_calibration_saw_no_frame_that_is_kept_for_judging(calibration: ModuleType) -> None:
    """The manifest says the numbers, the build reads those and no others."""
    said = re.match(r"frames (\d+), (\d+), \.\. (\d+) of", COMMON["made"]["calibration"])
    assert said is not None
    first, second, last = map(int, said.groups())
    assert range(first, last + 1, second - first) == calibration.FRAMES
    assert calibration.FRAMES[-1] == last
    assert all(1 <= number <= 395 for number in calibration.FRAMES)


@pytest.mark.promise("Recording of the street: Frames 396 to 795 stay out of calibration.")
@pytest.mark.parametrize("numbers", [range(3, 397), range(396, 400), range(1, 796)])
def test_build_refuses_the_frames_that_are_kept_for_judging(
    calibration: ModuleType, numbers: range, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="after 395 are kept for judging"):
        next(calibration.frames(tmp_path / "never opened", numbers))


CARD = (MODELS / "README.md").read_text(encoding="utf-8")


@pytest.mark.promise("Model: The model card says what the model can do and what it cannot do.")
@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("What it is for", ["person", "never an alert"]),
        ("What it is not for", ["does not recognise faces", "no safety device"]),
        ("What it was made from", ["COCO", "Frames 396 to 795 were never used"]),
        ("How well it finds persons", ["PETS", "TUD", "Penn-Fudan", "Synthetic weather"]),
        ("Weak sides", ["Large people", "Small people", "Partly hidden", "Night"]),
        ("What it costs", ["Milliseconds", "ARM was not measured"]),
        ("Made again", ["build.sh", "--check"]),
    ],
)
def test_model_card_says_what_it_can_and_cannot(section: str, words: list[str]) -> None:
    _, found, rest = CARD.partition(f"\n## {section}\n")
    assert found
    text = " ".join(rest.partition("\n## ")[0].split())
    assert [word for word in words if word not in text] == []


@pytest.mark.promise("Model: The model card says what the model can do and what it cannot do.")
def test_model_card_gives_the_accuracy_of_the_manifest(entry: dict[str, Any]) -> None:
    _, height, width, _ = entry["input"]["shape"]
    ap50 = [entry["accuracy"][name]["ap50"] for name in ("pets", "pets_half", "tud", "pennfudan")]
    row = next(
        line.replace("*", "")
        for line in CARD.partition("## How well it finds persons")[2].splitlines()
        if line.replace("*", "").startswith(f"| {height}×{width} |")
    )
    assert re.findall(r"(?<!\()(\.\d{3})", row) == [f"{value:.3f}"[1:] for value in ap50]
