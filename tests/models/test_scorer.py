"""The scorer of models/build counts as its page says."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BUILD = Path(__file__).parents[2] / "models" / "build"
PERSON = [100.0, 200.0, 150.0, 350.0]
ELSEWHERE = [400.0, 200.0, 450.0, 350.0]


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for needed in ("cv2", "ai_edge_litert"):
        pytest.importorskip(needed)
    monkeypatch.syspath_prepend(str(BUILD))
    return importlib.import_module("evaluate")


def finds(*scored: tuple[list[float], float]) -> np.ndarray:
    return np.array([[*box, score] for box, score in scored])


def truth(evaluate: ModuleType, *boxes: list[float], name: str = "street/1.jpg") -> object:
    return evaluate.Truth(name, np.array(boxes).reshape(-1, 4))


def test_second_find_of_one_person_is_false(evaluate: ModuleType) -> None:
    seen = evaluate.match(finds((PERSON, 0.9), (PERSON, 0.8)), truth(evaluate, PERSON), 1, 1)
    assert seen.hit.tolist() == [True, False]


def test_missed_person_keeps_no_score(evaluate: ModuleType) -> None:
    seen = evaluate.match(finds((PERSON, 0.9)), truth(evaluate, PERSON, ELSEWHERE), 1, 1)
    assert seen.best.tolist() == [0.9, -1.0]


def test_find_in_an_empty_picture_is_false(evaluate: ModuleType) -> None:
    seen = evaluate.match(finds((PERSON, 0.9)), truth(evaluate), 1, 1)
    assert seen.hit.tolist() == [False]


def test_unlabelled_bystander_of_a_known_set_does_not_count(evaluate: ModuleType) -> None:
    far = [100.0, 80.0, 120.0, 140.0]
    seen = evaluate.match(finds((far, 0.9)), truth(evaluate, PERSON, name="pets/1.jpg"), 1, 1)
    assert seen.hit.tolist() == []


def test_average_precision_of_a_perfect_answer_is_one(evaluate: ModuleType) -> None:
    score, hit = np.array([0.9, 0.8]), np.array([True, True])
    assert evaluate.average_precision(score, hit, 2) == pytest.approx(1.0)


def test_false_find_scored_above_the_hit_halves_average_precision(evaluate: ModuleType) -> None:
    score, hit = np.array([0.9, 0.8]), np.array([False, True])
    assert evaluate.average_precision(score, hit, 1) == pytest.approx(0.5)


def test_box_reaches_as_far_as_its_bins_say(evaluate: ModuleType) -> None:
    decode = importlib.import_module("decode")
    certain = np.full((1, 4, 11), -50.0)
    for side, distance in enumerate((1, 2, 3, 4)):
        certain[0, side, distance] = 50.0
    where = np.array([[20.0, 36.0, 8.0]])
    assert decode.boxes(certain.reshape(1, 44), where)[0] == pytest.approx([12, 20, 44, 68])
