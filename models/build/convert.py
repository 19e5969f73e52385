"""Writes the model file: int8, or with --float the same network before quantisation.

usage: convert.py --source FOLDER --recording FILE --out FOLDER [--float] [HEIGHTxWIDTH]

FOLDER of --source holds nanodet.json and nanodet.bin. The size is 320x320, unless another one is
given. Float files and other sizes are for comparing only: the agent makes other sizes from the one
file (agent/inference/regrid.py).
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

import calibration
from model_file import pixels
from nanodet import NanoDetG
from tfjs_graph import TfjsGraph, load

SIZE = (320, 320)


def file_name(size: tuple[int, int] = SIZE, kind: str = "int8") -> str:
    height, width = size
    return f"nanodet_g_{height if height == width else f'{height}x{width}'}_6c_{kind}.tflite"


def convert_float(graph: TfjsGraph, size: tuple[int, int]) -> bytes:
    """Everything float32; the pixels go in as floats 0..255."""
    with tempfile.TemporaryDirectory() as folder:
        save(NanoDetG(graph, *size), folder)
        content: bytes = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    return content


def convert_int8(graph: TfjsGraph, size: tuple[int, int], recording: Path) -> bytes:
    """Weights and activations int8, uint8 pixels in, float32 answers out."""
    with tempfile.TemporaryDirectory() as folder:
        save(NanoDetG(graph, *size), folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: samples(recording, size)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.float32
        content: bytes = converter.convert()
    demand_raw_pixels(content)
    return content


def save(network: NanoDetG, folder: str) -> None:
    image = tf.TensorSpec([1, *network.size, 3], tf.float32, name="image")
    function = tf.function(network.__call__, input_signature=[image])
    tf.saved_model.save(network, folder, signatures=function)


def samples(recording: Path, size: tuple[int, int]) -> Iterator[dict[str, np.ndarray]]:
    for picture in calibration.pictures(recording, *size):
        yield {"image": picture[np.newaxis].astype(np.float32)}


def demand_raw_pixels(content: bytes) -> None:
    """Scale 1 and zero point 0 hold only if calibration showed both black and white."""
    interpreter = Interpreter(model_content=content)
    quantization = interpreter.get_input_details()[0]["quantization"]
    if quantization != (1.0, 0):
        raise ValueError(f"the input's scale and zero point are {quantization}, not (1.0, 0)")


def main() -> None:
    options = arguments()
    graph = load(options.source / "nanodet.json")
    path = options.out / file_name(options.size, "float" if options.float else "int8")
    if options.float:
        content = convert_float(graph, options.size)
    else:
        content = convert_int8(graph, options.size, options.recording)
    path.write_bytes(content)
    print(f"{path.name}: {len(content)} bytes", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Writes the model file.")
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--recording", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--float", action="store_true", help="before quantisation")
    parser.add_argument("size", nargs="?", type=pixels, default=SIZE, metavar="HEIGHTxWIDTH")
    return parser.parse_args()


if __name__ == "__main__":
    main()
