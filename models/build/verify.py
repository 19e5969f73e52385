"""Compares the rebuilt network with the published one, and the model file with the network.

usage: verify.py --source FOLDER --recording FILE --built FOLDER [--shipped FOLDER]

1. The float network at 416x416 answers as the untouched published graph does.
2. The int8 file answers nearly as the float network does, at its own and at other sizes.
3. With --shipped: the built file is the shipped one, bit for bit or, on a processor whose
   float sums round otherwise, in its answers.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

from calibration import frames
from convert import SIZE, file_name
from decode import Floats, Picture, letterbox
from model_file import ModelFile
from nanodet import COCO_CLASSES, COCO_ROWS, MEAN_RGB, STD_RGB, NanoDetG
from tfjs_graph import TfjsGraph, load

SIZES = (SIZE, (192, 320), (256, 256), (416, 416), (256, 448), (288, 384), (480, 640))
FRAMES = range(20, 396, 75)  # none of them is a calibration frame
SAME_NETWORK = 1e-3  # greatest difference of any score or logit; float32 rounding only
INT8_SCORE = 0.03  # mean difference of the scores where the float network scores above SEEN
SAME_FILE_SCORE = 0.02  # the same between two builds
SEEN = 0.3

Answer = dict[str, Floats]


def published(graph: TfjsGraph) -> Callable[[Picture], Answer]:
    """The untouched graph, its six outputs joined and cut as ours are."""
    definition = tf.compat.v1.GraphDef()
    topology = {key: graph.topology[key] for key in ("node", "versions")}
    json_format.ParseDict(topology, definition, ignore_unknown_fields=True)
    for node in definition.node:
        if node.op == "Const":
            kind = tf.as_dtype(node.attr["value"].tensor.dtype).as_numpy_dtype
            value = tf.make_tensor_proto(graph.constants[node.name].astype(kind))
            node.attr["value"].tensor.CopyFrom(value)
    names = ["Identity:0", *(f"Identity_{k}:0" for k in range(1, 6))]
    function = tf.compat.v1.wrap_function(
        lambda: tf.compat.v1.import_graph_def(definition, name=""), []
    ).prune("input_1:0", names)

    def answer(picture: Picture) -> Answer:
        normal = (picture.astype(np.float32) - MEAN_RGB) / STD_RGB
        outputs = function(tf.constant(normal[np.newaxis, ..., ::-1].transpose(0, 3, 1, 2)))
        joined = np.concatenate([np.concatenate(outputs[k : k + 3], axis=1)[0] for k in (0, 3)], 1)
        return {"scores": joined[:, list(COCO_ROWS)], "dist": joined[:, COCO_CLASSES:]}

    return answer


def rebuilt(network: NanoDetG) -> Callable[[Picture], Answer]:
    function = tf.function(network.__call__)

    def answer(picture: Picture) -> Answer:
        outputs = function(tf.constant(picture[np.newaxis].astype(np.float32)))
        return {name: value.numpy()[0] for name, value in outputs.items()}

    return answer


def apart(a: Answer, b: Answer) -> float:
    """The greatest difference of any two numbers."""
    return max(float(np.abs(a[name] - b[name]).max()) for name in ("scores", "dist"))


def score_error(exact: Answer, other: Answer) -> tuple[float, int]:
    """Sum of score differences where `exact` sees something, and how many such scores."""
    seen = exact["scores"] > SEEN
    return float(np.abs(exact["scores"] - other["scores"])[seen].sum()), int(seen.sum())


def mean_score_error(
    exact: Callable[[Picture], Answer], other: Callable[[Picture], Answer], views: list[Picture]
) -> float:
    errors = [score_error(exact(view), other(view)) for view in views]
    return sum(error for error, _ in errors) / max(sum(count for _, count in errors), 1)


def check_network(graph: TfjsGraph, pictures: list[Picture]) -> bool:
    noise = np.random.default_rng(0).integers(0, 256, (416, 416, 3), dtype=np.uint8)
    ours, theirs = rebuilt(NanoDetG(graph, 416, 416)), published(graph)
    views = [noise, *(letterbox(picture, 416, 416)[0] for picture in pictures)]
    difference = max(apart(ours(view), theirs(view)) for view in views)
    return said(
        f"published graph and ours at 416x416: {difference:.2e} apart at most",
        difference <= SAME_NETWORK,
    )


def check_int8(
    graph: TfjsGraph, pictures: list[Picture], path: Path, size: tuple[int, int]
) -> bool:
    model = ModelFile(path, size)
    views = [letterbox(picture, *model.size)[0] for picture in pictures]
    error = mean_score_error(rebuilt(NanoDetG(graph, *model.size)), model, views)
    return said(
        f"int8 at {size[0]}x{size[1]}: scores {error:.4f} from the float ones in the mean",
        error <= INT8_SCORE,
    )


def check_shipped(built: Path, shipped: Path, pictures: list[Picture]) -> bool:
    if sha256(built) == sha256(shipped):
        return said(f"{built.name}: the shipped file bit for bit", True)
    first, second = ModelFile(shipped), ModelFile(built)
    views = [letterbox(picture, *first.size)[0] for picture in pictures]
    error = mean_score_error(first, second, views)
    return said(
        f"{built.name}: other bits than the shipped file; scores {error:.4f} apart",
        error <= SAME_FILE_SCORE,
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def said(sentence: str, holds: bool) -> bool:
    print(f"{'ok  ' if holds else 'FAIL'} {sentence}", flush=True)
    return holds


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Compares the network and its file with what they are made from."
    )
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--recording", type=Path, required=True)
    parser.add_argument("--built", type=Path, required=True)
    parser.add_argument("--shipped", type=Path)
    options = parser.parse_args()
    graph = load(options.source / "nanodet.json")
    pictures = list(frames(options.recording, FRAMES))
    built = options.built / file_name()
    results = [check_network(graph, pictures)]
    results += [check_int8(graph, pictures, built, size) for size in SIZES]
    if options.shipped is not None:
        results.append(check_shipped(built, options.shipped / built.name, pictures))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
