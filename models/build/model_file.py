"""Runs a model file, int8 or float, on raw RGB pixels."""

import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from decode import Floats, Picture

sys.path.insert(0, str(Path(__file__).parents[2]))  # the agent of this checkout
from agent.inference.regrid import regrid


def pixels(text: str) -> tuple[int, int]:
    """(height, width) of "256x448"; ValueError."""
    height, width = text.split("x")
    return int(height), int(width)


class ModelFile:
    """One model on one thread. Remembers how long each inference took."""

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        """size: another (height, width) than the file's, made as the agent makes it."""
        content = path.read_bytes()
        content = content if size is None else regrid(content, size)
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        runner = self._interpreter.get_signature_runner()
        self._outputs = {name: d["index"] for name, d in runner.get_output_details().items()}
        self._input = self._interpreter.get_input_details()[0]
        _, height, width, _ = self._input["shape"]
        self.size = (int(height), int(width))
        self.took_ms: list[float] = []

    def __call__(self, picture: Picture) -> dict[str, Floats]:
        """picture: uint8 RGB of the network's size. scores [N, 6] and dist [N, 44]."""
        pixels = picture[np.newaxis].astype(self._input["dtype"])
        began = time.perf_counter()
        self._interpreter.set_tensor(self._input["index"], pixels)
        self._interpreter.invoke()
        answer = {n: self._interpreter.get_tensor(i)[0] for n, i in self._outputs.items()}
        self.took_ms.append((time.perf_counter() - began) * 1000)
        return answer
