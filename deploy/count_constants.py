"""Counts the tuned constants of the eyes: numbers in agent/vision and in the data files it reads.

    python -m deploy.count_constants

Each numeric literal other than 0, 1 and 2 counts, whatever its sign, in Python, C and data files;
so do numbers that only convert units. Named are the module's names and the fields of classes with
such a literal. `tests/house/test_constants.py` holds the sum, so that it can only fall.
"""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
EYES: Final = "agent/vision"
AREAS: Final = ("track", "detect", "sightings", "geometry", "budget", "picture")
DATA: Final = (".toml", ".json")
SUFFIXES: Final = (".py", ".c", ".h", *DATA)
_PLAIN: Final = {0, 1, 2}
_NO_CODE: Final = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
_NUMBER: Final = re.compile(
    r"(?<![\w.])(0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[uUlLfF]*(?![\w.])"
)
"""A number of C, without its suffix."""


@dataclass(frozen=True, slots=True)
class Count:
    """Numbers of a file, or of several."""

    named: int = 0
    literals: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.named + other.named, self.literals + other.literals)


def of_python(text: str) -> Count:
    """The numbers of a Python source."""
    tree = ast.parse(text)
    bodies = [tree.body, *(one.body for one in ast.walk(tree) if isinstance(one, ast.ClassDef))]
    values = [
        statement.value
        for body in bodies
        for statement in body
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None
    ]
    return Count(sum(_literals(value) > 0 for value in values), _literals(tree))


def of_c(text: str) -> Count:
    """The numbers of a C source; none of them is named."""
    numbers = _NUMBER.findall(_NO_CODE.sub(" ", text))
    return Count(literals=sum(_value(one) not in _PLAIN for one in numbers))


def of_data(value: object) -> Count:
    """The numbers of a data file's content; none of them is named."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return sum(map(of_data, parts), Count())
    return Count(literals=_is_tuned(value))


def by_file(root: Path = ROOT) -> dict[str, Count]:
    """The count of each file below `agent/vision` and of each data file that is named there, by
    its path from `root`."""
    files = [one for one in sorted((root / EYES).rglob("*")) if one.suffix in SUFFIXES]
    named = {name for path in files if path.suffix == ".py" for name in _data_names(path)}
    elsewhere = (one for top in ("agent", "models") for one in sorted((root / top).rglob("*")))
    files += [one for one in elsewhere if one.name in named and one not in files]
    return {str(path.relative_to(root)): _of_file(path) for path in files}


def _of_file(path: Path) -> Count:
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".py":
            return of_python(text)
        case ".toml":
            return of_data(tomllib.loads(text))
        case ".json":
            return of_data(json.loads(text))
    return of_c(text)


def by_area(files: dict[str, Count]) -> dict[str, Count]:
    """The counts of the areas: folders or modules of `agent/vision`."""
    return {
        area: sum(
            (
                count
                for name, count in files.items()
                if name.startswith((f"{EYES}/{area}/", f"{EYES}/{area}.py"))
            ),
            Count(),
        )
        for area in AREAS
    }


def _literals(tree: ast.AST) -> int:
    constants = (one.value for one in ast.walk(tree) if isinstance(one, ast.Constant))
    return sum(map(_is_tuned, constants))


def _is_tuned(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) not in _PLAIN


def _data_names(source: Path) -> Iterator[str]:
    for one in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            name = one.value.rpartition("/")[2]
            if name.endswith(DATA) and name not in DATA:
                yield name


def _value(number: str) -> float:
    return int(number, 16) if number[:2].lower() == "0x" else float(number)


def table(files: dict[str, Count]) -> str:
    """The counts by file, by area and in all, as text."""
    rows = [("File", "named", "literals")]
    whole = sum(files.values(), Count())
    areas = by_area(files)
    parts = (files, areas, {"the six areas": sum(areas.values(), Count()), "all": whole})
    for part in parts:
        rows += [(name, str(one.named), str(one.literals)) for name, one in part.items()]
        rows.append(("", "", ""))
    wide = max(len(name) for name, _, _ in rows)
    return "\n".join(f"{name:{wide}} {named:>6} {all_:>9}".rstrip() for name, named, all_ in rows)


if __name__ == "__main__":
    print(table(by_file()).rstrip())
