"""Writes docs/reference/promises.md from the marks of the tests; run it after a change of a mark.

python -m deploy.make_promises_page
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
FILE: Final = ROOT / "docs" / "reference" / "promises.md"
INTRODUCTION: Final = """\
# Promises

What the product promises and the test files that prove it. A figure in parentheses is the number
of test functions that carry the promise; without a figure, the whole file proves it. Figures with
their last values are in [service levels](service-levels.md).

To find the tests of a promise, search `tests/` for its sentence.

This page is written by `python -m deploy.make_promises_page` from the marks
`@pytest.mark.promise("Topic: Sentence.")` in the tests.
"""


class Mark(NamedTuple):
    """One promise mark; `test` is the name of a test function, or "" for a whole file."""

    text: str
    path: Path
    test: str


def text() -> str:
    """The page as it is committed."""
    topics: dict[str, dict[str, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for mark in marks():
        topic, _, sentence = mark.text.partition(": ")
        topics[topic][sentence].append(mark)
    parts = [INTRODUCTION]
    for topic, promises in sorted(topics.items()):
        rows = [f"| {one} | {', '.join(proofs(promises[one]))} |" for one in sorted(promises)]
        parts.append("\n".join([f"## {topic}", "", "| promise | tests |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def proofs(found: list[Mark]) -> Iterator[str]:
    """A link to each file, with the number of its tests where the mark is not on the file."""
    counts = Counter(mark.path for mark in found)
    whole = {mark.path for mark in found if not mark.test}
    for path in sorted(counts):
        name = path.relative_to(ROOT / "tests").as_posix()
        number = "" if path in whole else f" ({counts[path]})"
        yield f"[{name}](../../tests/{name}){number}"


@cache
def marks() -> tuple[Mark, ...]:
    """Each promise mark of the tests, file by file; they are read once."""
    return tuple(_marks())


def _marks() -> Iterator[Mark]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                for decorator in node.decorator_list:
                    yield from (Mark(one, path, node.name) for one in promised(decorator))
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
                yield from (Mark(one, path, "") for one in promised(node.value))


def promised(value: ast.expr) -> Iterator[str]:
    """The texts of the promise marks in an expression. Raises ValueError for a text not literal."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promise":
            yield str(ast.literal_eval(node.args[0]))


def main() -> None:
    """Writes the page."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
