"""The docstring of an attribute stands alone: an editor shows it alone."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT: Path = Path(__file__).parents[2]
FOLDERS = ("agent", "hub", "toml_settings", "deploy", "models", "tests")
RECORDED = "tests/contracts/release-"
"""Files of earlier releases are kept as they were."""
ENDS = (".", "?", "!")


def attribute_docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Line number and text of each docstring that follows an assignment of a module or a class."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef):
            continue
        for attribute, after in pairwise(node.body):
            is_attribute = isinstance(attribute, ast.Assign | ast.AnnAssign)
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))) if is_attribute:
                    yield after.lineno, text.strip()


def stands_alone(text: str) -> bool:
    """Whether the text begins like a sentence and ends like one."""
    begins = text[:1].isupper() or text[:1] in "`\"'" or text[:1].isdigit()
    return begins and text.rstrip(")`\"'*").endswith(ENDS)


def test_the_docstring_of_each_attribute_stands_alone() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {text[:80]}"
        for folder in FOLDERS
        for file in sorted((ROOT / folder).rglob("*.py"))
        if not str(file.relative_to(ROOT)).startswith(RECORDED)
        for line, text in attribute_docstrings(file.read_text())
        if not stands_alone(text)
    ]
    assert not wrong, "begin with a capital letter and end with a stop:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("Height of a person, in pixels.", True),
        ("`main` or `sub`.", True),
        ("and the vehicle.", False),
        ("Upper clothing, best first;", False),
        ("With motion in this share of its place it came there:", False),
    ],
)
def test_a_piece_of_a_sentence_is_refused(text: str, is_whole: bool) -> None:
    source = f'class Person:\n    height: int\n    """{text}"""\n'
    assert [stands_alone(said) for _, said in attribute_docstrings(source)] == [is_whole]
