"""From a picture to the network's input, and from its answer to boxes in the picture."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from shape import BINS, STRIDES

Picture = npt.NDArray[Any]  # uint8 RGB [height, width, 3]
Floats = npt.NDArray[np.floating[Any]]

PAD = 114
NMS_IOU = 0.6
PERSON = 0


def letterbox(rgb: Picture, height: int, width: int) -> tuple[Picture, float]:
    """The picture shrunk or grown into the top-left corner, the rest PAD; and by how much."""
    scale = min(height / rgb.shape[0], width / rgb.shape[1])
    rows = max(1, min(height, round(rgb.shape[0] * scale)))
    columns = max(1, min(width, round(rgb.shape[1] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((height, width, 3), PAD, np.uint8)
    canvas[:rows, :columns] = cv2.resize(rgb, (columns, rows), interpolation=how)
    return canvas, scale


def cells(height: int, width: int) -> Floats:
    """[N, 3]: centre x, centre y and stride of every cell, in network pixels."""
    grids = []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride]
        centres = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride
        grids.append(np.column_stack([centres, np.full(len(centres), stride)]))
    return np.concatenate(grids).astype(np.float32)


def boxes(dist: Floats, where: Floats) -> Floats:
    """dist: logits [k, 44]; where: their rows of cells(). Boxes x0, y0, x1, y1 [k, 4]."""
    logits = dist.reshape(-1, 4, BINS)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    mean = (weights * np.arange(BINS)).sum(axis=2) / weights.sum(axis=2)
    sides = mean * where[:, 2:3]
    return np.concatenate([where[:, :2] - sides[:, :2], where[:, :2] + sides[:, 2:]], axis=1)


def iou(a: Floats, b: Floats) -> Floats:
    """[len(a), len(b)]: shared area over joined area."""
    low = np.maximum(a[:, np.newaxis, :2], b[np.newaxis, :, :2])
    high = np.minimum(a[:, np.newaxis, 2:4], b[np.newaxis, :, 2:4])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas_a = np.prod(a[:, 2:4] - a[:, :2], axis=1)
    areas_b = np.prod(b[:, 2:4] - b[:, :2], axis=1)
    joined: Floats = np.maximum(areas_a[:, np.newaxis] + areas_b - shared, 1e-9)
    return np.asarray(shared / joined)


def suppress(found: Floats, most: int = 200) -> Floats:
    """found: [k, 5], the score last. The best first, without those that overlap a better one."""
    found = found[np.argsort(-found[:, 4], kind="stable")][:most]
    overlap = iou(found, found) > NMS_IOU
    kept: list[int] = []
    for index in range(len(found)):
        if not overlap[index, kept].any():
            kept.append(index)
    return found[kept]


def persons(
    scores: Floats, dist: Floats, *, network: tuple[int, int], scale: float, floor: float
) -> Floats:
    """[k, 5]: boxes in the picture's pixels and scores of the persons scored above `floor`."""
    chosen = np.flatnonzero(scores[:, PERSON] > floor)
    where = cells(*network)[chosen]
    found = np.column_stack([boxes(dist[chosen], where) / scale, scores[chosen, PERSON]])
    return suppress(found)
