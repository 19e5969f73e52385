"""Reads a TensorFlow.js graph model (a JSON topology beside its weight shards) into arrays.

The weights of the package used here are stored as float16 and widened to float32 on reading.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

STORED = {"float32": "<f4", "int32": "<i4", "float16": "<f2", "uint8": "u1", "uint16": "<u2"}
PREFIX = "PartitionedCall/"


class BrokenGraphError(ValueError):
    """The files are not the graph this build was written for."""


@dataclass(frozen=True)
class Convolution:
    """kernel: float32 [height, width, channels in, channels out]; bias: float32 [channels out]."""

    kernel: Array
    bias: Array


@dataclass(frozen=True)
class TfjsGraph:
    """The topology as it stands in the JSON file, and every constant by node name."""

    topology: dict[str, Any]
    constants: dict[str, Array]

    def convolutions(self) -> list[Convolution]:
        """All convolutions in the order of their number, each with the bias added to it."""
        nodes = {node["name"]: node for node in self.topology["node"]}
        biases = {
            node["input"][0]: node["input"][1]
            for node in nodes.values()
            if node["op"] == "Add" and node["input"][1] in self.constants
        }
        count = sum(node["op"] == "Conv2D" for node in nodes.values())
        names = [f"{PREFIX}convolution{f'_{k}' if k else ''}" for k in range(count)]
        return [
            Convolution(self.constants[nodes[name]["input"][1]], self.constants[biases[name]])
            for name in names
        ]


def load(path: Path) -> TfjsGraph:
    """Reads `path` (the JSON file); the weight shards it names lie in the same folder."""
    document = json.loads(path.read_text(encoding="utf-8"))
    constants: dict[str, Array] = {}
    for group in document["weightsManifest"]:
        shards = b"".join((path.parent / shard).read_bytes() for shard in group["paths"])
        constants.update(_unpack(group["weights"], shards))
    return TfjsGraph(document["modelTopology"], constants)


def _unpack(entries: list[dict[str, Any]], shards: bytes) -> Iterator[tuple[str, Array]]:
    offset = 0
    for entry in entries:
        stored = np.dtype(STORED[entry.get("quantization", entry)["dtype"]])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        array = np.frombuffer(shards, stored, count, offset).reshape(entry["shape"])
        offset += count * stored.itemsize
        yield entry["name"], _widen(array, entry)
    if offset != len(shards):
        raise BrokenGraphError(f"{len(shards)} bytes of weights, {offset} of them described")


def _widen(array: Array, entry: dict[str, Any]) -> Array:
    wanted = np.dtype(STORED[entry["dtype"]])
    quantization = entry.get("quantization")
    if quantization is None or quantization["dtype"] == "float16":
        return array.astype(wanted)
    values = array.astype(np.float32) * quantization["scale"] + quantization["min"]
    return np.asarray(values, wanted)
