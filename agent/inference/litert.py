"""The detection network on LiteRT: runs only a model file that matches its manifest."""

import hashlib
import importlib
import threading
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from agent.media.frame import Plane
from agent.vision.detect.person import BINS, KINDS, Floats

RUNTIME = "ai_edge_litert.interpreter"
SCHEMA = 1


class ModelError(Exception):
    """The model cannot be used: one sentence, and the remedy."""

    def __init__(self, sentence: str, cure: str) -> None:
        super().__init__(f"{sentence} {cure}")
        self.sentence = sentence
        self.cure = cure


class LitertModel:
    """A verified model file, ready for inference; all cameras of a node share it, one at a time."""

    def __init__(self, manifest: Path, name: str = "") -> None:
        """`name` as in the manifest; empty means its default. Raises ModelError."""
        table = _read(manifest)
        self.name = name or str(table.get("default", ""))
        self._entry = _entry(table, self.name, manifest)
        path = _verified(manifest.parent, self._entry)
        self._runner = _runner(path)
        self._in_use = threading.Lock()
        _, height, width, _ = self._entry["input"]["shape"]
        self._input_px = (int(height), int(width))
        self._input_name = str(self._entry["input"]["name"])
        self._compare(path)

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width) of the input picture."""
        return self._input_px

    def infer(self, rgb: Plane) -> tuple[Floats, Floats]:
        """Scores and distances (see `Network`) for raw RGB, uint8 (height, width, 3)."""
        if rgb.shape != (*self._input_px, 3) or rgb.dtype != np.uint8:
            raise ValueError(f"the model takes uint8 {(*self._input_px, 3)}, not {rgb.shape}")
        with self._in_use:  # an interpreter serves one thread; its answers are copies
            answer = self._runner(**{self._input_name: rgb[np.newaxis]})
        return answer["scores"][0], answer["dist"][0]

    def _compare(self, path: Path) -> None:
        """Raise ModelError unless the file's inputs and outputs match the manifest."""
        said = {self._input_name: self._entry["input"], **self._entry["outputs"]}
        held = self._runner.get_input_details() | self._runner.get_output_details()
        for tensor, words in said.items():
            shape = [int(n) for n in held[tensor]["shape"]] if tensor in held else "nothing"
            if shape != words["shape"]:
                raise ModelError(
                    f"The model {path} has {shape} for {tensor!r}"
                    f" where the manifest says {words['shape']}.",
                    "Put back the model file and the manifest that belong together.",
                )


class LaterModel:
    """A model loaded on first use, to save memory until then; the file is checked at the start."""

    def __init__(self, manifest: Path, name: str = "") -> None:
        """Arguments as for `LitertModel`. Raises ModelError if a later load would fail."""
        table = _read(manifest)
        name = name or str(table.get("default", ""))
        entry = _entry(table, name, manifest)
        _verified(manifest.parent, entry)
        _runtime()
        _, height, width, _ = entry["input"]["shape"]
        self._input_px = (int(height), int(width))
        self._load = partial(LitertModel, manifest, name)
        self._model: LitertModel | None = None
        self._in_use = threading.Lock()

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width) of the input picture."""
        return self._input_px

    def infer(self, rgb: Plane) -> tuple[Floats, Floats]:
        """See `LitertModel.infer`."""
        return self.load().infer(rgb)

    def load(self) -> LitertModel:
        """The model, loaded once; raises ModelError."""
        with self._in_use:
            self._model = self._model or self._load()
        return self._model


def _read(manifest: Path) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"The model manifest {manifest} cannot be read ({error.strerror}).",
            "Point the models folder at the one that came with this version.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{manifest} is broken ({error}).", "Install the models again.") from error
    if table.get("schema") != SCHEMA:
        raise ModelError(
            f"{manifest} has schema {table.get('schema')}, this version reads {SCHEMA}.",
            "Install the models of this version.",
        )
    return table


def _entry(table: Mapping[str, Any], name: str, manifest: Path) -> Mapping[str, Any]:
    models: Mapping[str, Any] = table.get("model", {})
    if name not in models:
        known = ", ".join(sorted(models)) or "none"
        raise ModelError(
            f"{manifest} describes no model {name!r}.", f"Choose one of these: {known}."
        )
    common = table.get("common", {})
    labels, bins = common.get("labels"), common.get("bins")
    if labels != [str(kind) for kind in KINDS] or bins != BINS:
        raise ModelError(
            f"{manifest} describes a model this version cannot decode"
            f" (labels {labels}, bins {bins}).",
            "Install the models of this version.",
        )
    entry: Mapping[str, Any] = models[name]
    try:
        _ = entry["file"], entry["sha256"], entry["input"]["name"]
        _, _, _, _ = entry["input"]["shape"]
        _ = entry["outputs"]["scores"]["shape"], entry["outputs"]["dist"]["shape"]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{manifest} lacks values for {name!r} ({error}).", "Install the models again."
        ) from error
    return entry


def _verified(folder: Path, entry: Mapping[str, Any]) -> Path:
    path = folder / str(entry["file"])
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"The model {path} cannot be read ({error.strerror}).", "Install the models again."
        ) from error
    if digest != entry["sha256"]:
        raise ModelError(
            f"The model {path} is not the one the manifest names"
            f" (sha256 {digest[:12]}…, expected {str(entry['sha256'])[:12]}…).",
            "It was damaged or replaced: install the models again.",
        )
    return path


def _runtime() -> ModuleType:
    try:
        return importlib.import_module(RUNTIME)
    except ImportError as error:
        raise ModelError(
            "The runtime for the model, ai-edge-litert, is not installed.",
            "Install the agent with its extra: pip install 'matthan[agent]'.",
        ) from error


def _runner(path: Path) -> Any:
    runtime = _runtime()
    try:
        interpreter = runtime.Interpreter(model_path=str(path), num_threads=1)
        return interpreter.get_signature_runner()
    except (ValueError, RuntimeError) as error:
        raise ModelError(
            f"The runtime cannot load {path} ({str(error).splitlines()[0]}).",
            "Install the runtime and the models of this version.",
        ) from error
