"""Networks made from the one file are kept, checked at each start, and made anew if damaged."""

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from agent.inference.grids import model_file
from agent.inference.litert import LaterModel, LitertModel
from agent.inference.manifest import ModelError, read_entry

pytestmark = pytest.mark.promise("Model: One file serves every input size.")

MODELS = Path(__file__).parents[3] / "models"
MANIFEST = MODELS / "manifest.toml"
SOURCE = "nanodet_g_320_6c_int8"
SMALL = "nanodet_g_256_6c_int8"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "state" / "grids"


def kept_file(kept: Path, name: str = SMALL) -> Path:
    """File of a network; it is made if it is missing."""
    path = model_file(read_entry(MANIFEST, name), kept)
    assert isinstance(path, Path)
    return path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_network_is_made_once_and_kept(kept: Path) -> None:
    with capture_logs() as logs:
        path = kept_file(kept)
        made_ns = path.stat().st_mtime_ns
        assert kept_file(kept) == path
    assert [line["event"] for line in logs] == ["grid_made"]
    assert path.stat().st_mtime_ns == made_ns
    assert sha256_of(path) == read_entry(MANIFEST, SMALL).sha256
    assert [one.name for one in kept.iterdir()] == [f"{SMALL}.tflite"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_one_file_is_used_where_it_lies(kept: Path) -> None:
    assert model_file(read_entry(MANIFEST), kept) == MODELS / f"{SOURCE}.tflite"
    assert not kept.exists()


@pytest.mark.parametrize("content", [b"", b"half", None])
def test_a_damaged_one_is_made_anew_and_said(kept: Path, content: bytes | None) -> None:
    path = kept_file(kept)
    spoilt = bytearray(path.read_bytes())
    spoilt[1000] ^= 1
    path.write_bytes(spoilt if content is None else content)
    with capture_logs() as logs:
        assert kept_file(kept) == path
    assert [(line["event"], line["log_level"]) for line in logs] == [("grid_made_anew", "warning")]
    assert sha256_of(path) == read_entry(MANIFEST, SMALL).sha256


def test_a_power_cut_while_writing_leaves_no_half(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after every step of the writing: the name is not there, or its content is whole."""
    entry = read_entry(MANIFEST, SMALL)
    for step in ("fsync", "fchmod", "open"):
        with monkeypatch.context() as cut:
            cut.setattr(os, step, _no_power)
            with pytest.raises(KeyboardInterrupt):
                model_file(entry, kept)
        assert not (kept / f"{SMALL}.tflite").exists()
    assert sha256_of(kept_file(kept)) == entry.sha256


def _no_power(*_: object) -> int:
    raise KeyboardInterrupt


@pytest.mark.parametrize("full", [False, True])
def test_a_folder_that_takes_no_file_costs_only_the_making(
    kept: Path, monkeypatch: pytest.MonkeyPatch, *, full: bool
) -> None:
    if full:
        kept.mkdir(parents=True)
        monkeypatch.setattr(os, "fsync", _no_room)
    else:
        kept.parent.mkdir()
        kept.write_text("a file where the folder should be")
    with capture_logs() as logs:
        model = LitertModel(MANIFEST, SMALL, kept)
    assert [(line["event"], line["log_level"]) for line in logs] == [("grid_not_kept", "warning")]
    picture = np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8)
    other = LitertModel(MANIFEST, SMALL)
    assert np.array_equal(model.infer(picture)[0], other.infer(picture)[0])
    assert not full or list(kept.iterdir()) == []


def _no_room(_: int) -> None:
    raise OSError(28, os.strerror(28))


def test_a_kept_network_runs_without_the_one_file(kept: Path, tmp_path: Path) -> None:
    shutil.copy(MANIFEST, tmp_path / "manifest.toml")
    shutil.copy(MODELS / f"{SOURCE}.tflite", tmp_path)
    LaterModel(tmp_path / "manifest.toml", SMALL, kept)
    (tmp_path / f"{SOURCE}.tflite").unlink()
    assert LaterModel(tmp_path / "manifest.toml", SMALL, kept).load().input_px == (256, 256)


@pytest.mark.parametrize("old", ["256", "320", "416", "320x416", "192x320"])
def test_names_in_older_configurations_mean_their_input_size(old: str) -> None:
    height, _, width = old.partition("x")
    name = f"nanodet_g_{old}_6c_int8"
    assert read_entry(MANIFEST, name).input_px == (int(height), int(width or height))


def reworded(folder: Path, old: str, new: str) -> Path:
    shutil.copy(MODELS / f"{SOURCE}.tflite", folder)
    text = MANIFEST.read_text(encoding="utf-8")
    assert old in text
    manifest = folder / "manifest.toml"
    manifest.write_text(text.replace(old, new), encoding="utf-8")
    return manifest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("shape = [1, 256, 256, 3]", "shape = [1, 224, 224, 3]", "is not the one the manifest"),
        ("shape = [1, 256, 256, 3]", "shape = [1, 250, 250, 3]", "multiples of 32"),
        (f'made_from = "{SOURCE}"', f'made_from = "{SMALL}"', "is made from another itself"),
        (f'made_from = "{SOURCE}"', 'made_from = "none"', "describes no model 'none'"),
    ],
)
def test_a_manifest_that_nothing_can_be_made_from_is_refused(
    tmp_path: Path, kept: Path, old: str, new: str, said: str
) -> None:
    manifest = reworded(tmp_path, old, new)
    with pytest.raises(ModelError, match=said):
        LaterModel(manifest, SMALL, kept)
    assert not kept.exists()
