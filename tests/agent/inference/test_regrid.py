"""One model file made for other input sizes gives the network's answers."""

from pathlib import Path

import numpy as np
import pytest

from agent.inference.regrid import RegridError, regrid

pytestmark = pytest.mark.promise("Model: One file serves every input size.")

SOURCE = (Path(__file__).parents[3] / "models" / "nanodet_g_320_6c_int8.tflite").read_bytes()
SEEN_PX = 416
"""A cell's answer depends on no pixel farther away than this; found by trying."""


def answers(model: bytes, picture: np.ndarray) -> dict[str, np.ndarray]:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    runner = litert.Interpreter(model_content=model, num_threads=1).get_signature_runner()
    return {name: value[0] for name, value in runner(image=picture[np.newaxis]).items()}


def finest(answer: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    """The answers of stride 8, by row and column."""
    rows, columns = size_px[0] // 8, size_px[1] // 8
    return answer[: rows * columns].reshape(rows, columns, -1)


def test_at_its_own_size_the_file_stays_as_it_is_bit_for_bit() -> None:
    assert regrid(SOURCE, (320, 320)) == SOURCE


def test_there_and_back_only_the_weights_matter() -> None:
    """What was made has all that is needed to make the source again."""
    assert regrid(regrid(SOURCE, (288, 384)), (320, 320)) == SOURCE


def test_a_larger_input_gives_the_same_answers_where_it_shows_the_same() -> None:
    size, larger = (64, 640), (64, 1024)
    picture = np.random.default_rng(7).integers(0, 255, (*larger, 3), np.uint8)
    one = answers(regrid(SOURCE, size), np.ascontiguousarray(picture[:, : size[1]]))
    other = answers(regrid(SOURCE, larger), picture)
    columns = (size[1] - SEEN_PX) // 8
    for name in ("scores", "dist"):
        same = finest(one[name], size)[:, :columns], finest(other[name], larger)[:, :columns]
        assert np.array_equal(*same)


@pytest.mark.parametrize("size_px", [(32, 32), (256, 448), (448, 256)])
def test_any_multiples_of_32_are_an_input(size_px: tuple[int, int]) -> None:
    picture = np.full((*size_px, 3), 90, np.uint8)
    scores = answers(regrid(SOURCE, size_px), picture)["scores"]
    assert len(scores) == sum(size_px[0] // s * (size_px[1] // s) for s in (8, 16, 32))
    assert scores.max() < 0.4


@pytest.mark.parametrize("size_px", [(0, 320), (-32, 320), (320, 300)])
def test_other_sizes_are_refused(size_px: tuple[int, int]) -> None:
    with pytest.raises(RegridError, match="multiples of 32"):
        regrid(SOURCE, size_px)


@pytest.mark.parametrize(
    "content",
    [b"", b"TFL3", b"\xff" * 64, SOURCE[:1000], b"\x00" * 4096, SOURCE[: len(SOURCE) // 2]],
)
def test_a_file_that_is_no_network_is_refused(content: bytes) -> None:
    with pytest.raises(RegridError):
        regrid(content, (256, 256))
