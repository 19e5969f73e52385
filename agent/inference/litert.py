"""The detection network on LiteRT: runs only a model file that matches its manifest."""

import importlib
import threading
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from agent.inference.grids import model_file
from agent.inference.manifest import Entry, ModelError, read_entry
from agent.media.frame import Plane
from agent.vision.detect.person import Floats

RUNTIME = "ai_edge_litert.interpreter"


class LitertModel:
    """A verified model file, ready for inference; all cameras of a node share it, one at a time."""

    def __init__(self, manifest: Path, name: str = "", kept: Path | None = None) -> None:
        """`name` as in the manifest; empty means its default. Raises ModelError.

        `kept` is the folder for networks that are made; None makes them in memory.
        """
        entry = read_entry(manifest, name)
        self.name = entry.name
        self._runner = _runner(entry, model_file(entry, kept))
        self._in_use = threading.Lock()
        self._input_px = entry.input_px
        self._input_name = entry.input_name
        self._compare(entry)

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

    def _compare(self, entry: Entry) -> None:
        """Raise ModelError unless the file's inputs and outputs match the manifest."""
        held = self._runner.get_input_details() | self._runner.get_output_details()
        for tensor, said in entry.shapes.items():
            shape = [int(n) for n in held[tensor]["shape"]] if tensor in held else "nothing"
            if shape != said:
                raise ModelError(
                    f"The model {entry.file or entry.name} has {shape} for {tensor!r}"
                    f" where the manifest says {said}.",
                    "Put back the model file and the manifest that belong together.",
                )


class LaterModel:
    """A model loaded on first use, to save memory until then; the file is checked at the start."""

    def __init__(self, manifest: Path, name: str = "", kept: Path | None = None) -> None:
        """Arguments as for `LitertModel`. Raises ModelError if a later load would fail."""
        entry = read_entry(manifest, name)
        model_file(entry, kept)
        _runtime()
        self._input_px = entry.input_px
        self._load = partial(LitertModel, manifest, name, kept)
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


def _runtime() -> ModuleType:
    try:
        return importlib.import_module(RUNTIME)
    except ImportError as error:
        raise ModelError(
            "The runtime for the model, ai-edge-litert, is not installed.",
            "Install the agent with its extra: pip install 'matthan[agent]'.",
        ) from error


def _runner(entry: Entry, model: Path | bytes) -> Any:
    runtime = _runtime()
    place = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
    try:
        interpreter = runtime.Interpreter(**place, num_threads=1)
        return interpreter.get_signature_runner()
    except (ValueError, RuntimeError) as error:
        raise ModelError(
            f"The runtime cannot load {entry.file or entry.name} ({str(error).splitlines()[0]}).",
            "Install the runtime and the models of this version.",
        ) from error
