"""Makes the network for another input size from its file, in place.

The network is fully convolutional: its weights work at any height and width that are multiples of
32. Only numbers in the file name a size: the shapes of the tensors, and the constants of RESHAPE
and RESIZE_BILINEAR. They are replaced where they lie, so the file keeps its length, and at the
source's own size it stays as it is, bit for bit.

The file is a FlatBuffer: tables find their fields by number through a table of offsets, as the
format's specification and TensorFlow Lite's `schema.fbs` (version 3) say. Reading the few fields
needed here takes 4 MB for an instant; the generated reader of the runtime takes seconds on a small
board and makes an object of every weight.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

STEPS: Final = (1, 2, 4, 8, 16, 32)
"""Pixels of the input per cell of a layer, along each axis."""
STRIDES: Final = (8, 16, 32)
"""Strides of the network's outputs."""
RESHAPE: Final = 22
RESIZE_BILINEAR: Final = 23
"""Numbers of `BuiltinOperator`."""
SizePx = tuple[int, int]
"""Height and width of a network's input, in pixels."""


class RegridError(ValueError):
    """The file is no network that this module can give another size."""


def regrid(model: bytes, size_px: SizePx) -> bytes:
    """The network `model` for an input of `size_px`, multiples of 32.

    Raises RegridError for another size or a file that is not understood.
    """
    if any(length <= 0 or length % STEPS[-1] for length in size_px):
        raise RegridError(f"height and width must be multiples of 32, not {size_px}")
    made = bytearray(model)
    try:
        _resize(_File(made), size_px)
    except (struct.error, IndexError) as error:
        raise RegridError(f"the file is no TensorFlow Lite model ({error})") from error
    except RegridError:
        raise
    except ValueError as error:  # not one graph, one input or one answer
        raise RegridError(f"the file is no network with one picture as input ({error})") from error
    return bytes(made)


def _resize(file: "_File", size_px: SizePx) -> None:
    """Replace every size in the file."""
    root = file.table(0)
    (graph,) = file.tables(root, 2)  # Model.subgraphs
    buffers = list(file.tables(root, 4))  # Model.buffers
    tensors = [_Tensor.of(file, at, buffers) for at in file.tables(graph, 0)]
    (entry,) = file.numbers(graph, 1)  # SubGraph.inputs
    sizes = _Sizes.between(tensors[entry].shape, size_px)
    for tensor in tensors:
        if tensor.is_computed:
            for field in (0, 7):  # Tensor.shape, Tensor.shape_signature
                file.put(tensor.at, field, sizes.shape(file.numbers(tensor.at, field)))
    kinds = [_kind(file, at) for at in file.tables(root, 1)]  # Model.operator_codes
    for operator in file.tables(graph, 3):
        kind = kinds[file.number(operator, 0)]
        if kind not in (RESHAPE, RESIZE_BILINEAR):
            continue
        constant = tensors[file.numbers(operator, 1)[1]]
        (answer,) = file.numbers(operator, 2)
        shape = file.numbers(tensors[answer].at, 0)
        file.put(constant.buffer, 0, shape[1:3] if kind == RESIZE_BILINEAR else shape)


def _kind(file: "_File", code: int) -> int:
    """Number of an OperatorCode; old files have it in one byte."""
    return max(file.number(code, 0, "b"), file.number(code, 3))


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Places in the file of a tensor and of its buffer; its shape before the change."""

    at: int
    buffer: int
    shape: tuple[int, ...]
    is_computed: bool
    """Not a constant such as weights."""

    @classmethod
    def of(cls, file: "_File", at: int, buffers: list[int]) -> "_Tensor":
        buffer = buffers[file.number(at, 2, "I")]
        return cls(at, buffer, file.numbers(at, 0), is_computed=not file.bytes_of(buffer, 0))


@dataclass(frozen=True, slots=True)
class _Sizes:
    """New value of each size in the source."""

    source_px: SizePx
    target_px: SizePx

    @classmethod
    def between(cls, shape: tuple[int, ...], target_px: SizePx) -> "_Sizes":
        if len(shape) != 4 or shape[0] != 1 or shape[3] != 3:
            raise RegridError(f"the input is {list(shape)}, not a picture")
        return cls((shape[1], shape[2]), target_px)

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of [1, height, width, channels] or [1, cells, columns]; others stay."""
        if len(shape) == 4:
            return shape[0], self._side(shape[1], 0), self._side(shape[2], 1), shape[3]
        if len(shape) == 3:
            return shape[0], self._cells(shape[1]), shape[2]
        return shape

    def _side(self, length: int, axis: int) -> int:
        """A layer may be padded by one; a slice of one cell stays one."""
        if length == 1:
            return 1
        source, target = self.source_px[axis], self.target_px[axis]
        for step in STEPS:
            padding = length - source // step
            if padding in (0, 1):
                return target // step + padding
        raise RegridError(f"a layer of {length} cells does not follow from {source} pixels")

    def _cells(self, count: int) -> int:
        """New number of cells for the old `count`, of one stride or of all strides together."""
        pairs = {_cells(self.source_px, (one,)): _cells(self.target_px, (one,)) for one in STRIDES}
        pairs[_cells(self.source_px, STRIDES)] = _cells(self.target_px, STRIDES)
        if count not in pairs:
            raise RegridError(f"{count} cells do not follow from {self.source_px} pixels")
        return pairs[count]


def _cells(size_px: SizePx, strides: tuple[int, ...]) -> int:
    return sum((size_px[0] // one) * (size_px[1] // one) for one in strides)


@dataclass(frozen=True, slots=True)
class _File:
    """A FlatBuffer, read and changed in place; positions are bytes from its start."""

    data: bytearray

    def table(self, at: int) -> int:
        """The table, vector or string that the offset at `at` points to."""
        return at + self._read("I", at)

    def tables(self, table: int, field: int) -> Iterator[int]:
        """The tables of a vector."""
        start, count = self._vector(table, field)
        return (self.table(start + 4 * i) for i in range(count))

    def numbers(self, table: int, field: int) -> tuple[int, ...]:
        """A vector of int32; empty if it is not there."""
        start, count = self._vector(table, field)
        return struct.unpack_from(f"<{count}i", self.data, start)

    def bytes_of(self, table: int, field: int) -> int:
        """Number of bytes in a vector of bytes; 0 without the vector."""
        return self._vector(table, field)[1]

    def number(self, table: int, field: int, kind: str = "i") -> int:
        """A number; 0 if it is not there."""
        at = self._field(table, field)
        return self._read(kind, at) if at else 0

    def put(self, table: int, field: int, numbers: tuple[int, ...]) -> None:
        """Replace a vector of int32, or the bytes of a constant, by as many."""
        start, count = self._vector(table, field)
        if count not in (len(numbers), 4 * len(numbers)):
            raise RegridError(f"a vector of {count} cannot take {len(numbers)} numbers")
        struct.pack_into(f"<{len(numbers)}i", self.data, start, *numbers)

    def _vector(self, table: int, field: int) -> tuple[int, int]:
        """Position of the first element and their number."""
        at = self._field(table, field)
        if not at:
            return 0, 0
        vector = self.table(at)
        return vector + 4, self._read("I", vector)

    def _field(self, table: int, field: int) -> int:
        """Position of a field; 0 if the table leaves it out."""
        offsets = table - self._read("i", table)
        place = 4 + 2 * field
        if place >= self._read("H", offsets):
            return 0
        offset = self._read("H", offsets + place)
        return table + offset if offset else 0

    def _read(self, kind: str, at: int) -> int:
        (number,) = struct.unpack_from(f"<{kind}", self.data, at)
        return int(number)
