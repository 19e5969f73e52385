"""Names are in the order of the Vietnamese alphabet in every list for people."""

import ast
import itertools
import random
import re
from pathlib import Path

import pytest

from hub.base.text.order import by_name, by_place

pytestmark = pytest.mark.promise("Pages: Names stand in Vietnamese order.")

IN_ORDER = [
    "An", "Ăn", "Ân", "Ấn", "Bình", "Bính", "Camera 2", "camera 3", "Camera 10", "Dũng", "Đạt",
    "Đông", "Em", "Khu phố 1", "Nguyên", "Nguyễn", "Ôn", "Ơn", "Tân An", "Tấn Ba", "Tân Khai",
    "Tí", "Trần", "Ưng", "Vân", "Zung",
]  # fmt: skip


def test_names_are_in_the_order_of_the_alphabet_and_tones_count_last() -> None:
    mixed = list(IN_ORDER)
    random.Random(7).shuffle(mixed)  # noqa: S311 - dice, no secret
    assert sorted(mixed, key=by_name) == IN_ORDER


def test_a_name_typed_with_other_code_points_stands_at_the_same_place() -> None:
    apart = "Tâ\u0301n"  # â and a mark of its own
    assert by_name(apart)[:2] == by_name("Tấn")[:2]


def test_whatever_is_a_name_has_a_place() -> None:
    odd = ["", " ", "12", "9" * 40, "²", "中文", "\U0001f600", "a\u0301\u0301", "Đ", "-", "x" * 500]
    for one, other in itertools.combinations(odd, 2):
        assert (by_name(one) < by_name(other)) != (by_name(other) < by_name(one))


def test_areas_are_by_the_widest_first() -> None:
    places = ["Ngã tư 10, Đông Hà", "Ngã tư 2, Đông Hà", "Ngã tư 3, Dĩ An"]
    assert sorted(places, key=by_place) == [places[2], places[1], places[0]]


NAMED = re.compile(r"\b(people|cameras|areas|teams|shifts|notice_ways)\.c\.(name|label)\b")


def test_no_list_for_people_is_in_the_order_of_a_database() -> None:
    """A database sorts by code points, or as its installation was made: "Đ" after "Z"."""
    found = []
    hub = Path(__file__).parents[3] / "hub"
    for path in hub.rglob("*.py"):
        if {"cli", "migrations"} & set(path.parts) or path.name == "registry.py":
            continue  # node names, and names that nodes give: ASCII
        source = path.read_text("utf-8")
        for node in ast.walk(ast.parse(source)) if "order_by" in source else ():
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "order_by":
                found += [
                    f"{path}:{node.lineno}" for one in node.args if NAMED.search(ast.unparse(one))
                ]
    assert found == []
