"""Packages and classes: the contracts name existing packages, folders stay small, no chains of
classes."""

import ast
import builtins
import fnmatch
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
OURS: Final = ("agent", "hub", "toml_settings")
MOST_FILES: Final = 25
"""Python files in one folder, `__init__.py` among them."""

MIGRATIONS: Final = "hub/base/db/migrations/versions"
"""May hold more: it is a sequence."""

ASIDE: Final = {"Protocol", "BaseModel", "BaseSettings", "Exception", "Warning"}
"""Bases that do not count: a contract is inherited from them, not behaviour."""


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of ours, by its dotted name."""
    found = {}
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def contracts() -> list[dict[str, Any]]:
    """Contracts of import-linter."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    return found


def test_contracts_name_modules_that_are_there() -> None:
    """A name that matches nothing checks nothing, and says nothing."""
    keys = ("containers", "source_modules", "forbidden_modules", "ancestors")
    named = {name for one in contracts() for key in keys for name in one.get(key, ())}
    ours = {name for name in named if name.partition(".")[0] in OURS}
    assert len(ours) > 20
    assert {name for name in ours if not fnmatch.filter(modules(), name)} == set()


def test_the_hub_may_import_no_package_of_the_agent_but_the_wire() -> None:
    """The contract lists all others, also those that are new."""
    [contract] = [one for one in contracts() if "agent.wire" in one["name"]]
    children = {".".join(name.split(".")[:2]) for name in modules() if name.startswith("agent.")}
    assert set(contract["forbidden_modules"]) == children - {"agent.wire", "agent.__main__"}


def test_no_benchmark_is_shipped() -> None:
    """They are in `tests/bench`."""
    assert [name for name in modules() if "bench" in name] == []


def test_no_folder_holds_more_files_than_a_reader_takes_in() -> None:
    files = Counter(
        str(path.parent.relative_to(ROOT))
        for top in (*OURS, "tests")
        for path in (ROOT / top).rglob("*.py")
    )
    large = {folder for folder, count in files.items() if count > MOST_FILES}
    assert large - {MIGRATIONS} == set()


def test_no_class_inherits_over_more_than_one_level_of_ours() -> None:
    chained = {name for name in classes() if levels(name) > 1}
    assert chained == set()


def test_no_frozen_generic_dataclass_has_slots() -> None:
    """Python 3.11 and 3.12 raise TypeError when one is made of a class such as `Listing[Row]`:
    typing sets `__orig_class__` on it, and `slots` leaves `__setattr__` with the class before."""
    refused = {
        f"{module}.{node.name}"
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and is_frozen_slotted_generic(node)
    }
    assert refused == set()


@pytest.mark.parametrize(
    ("decorator", "base", "is_refused"),
    [
        ("dataclass(frozen=True, slots=True)", "(Generic[T])", True),
        ("dataclasses.dataclass(slots=True, kw_only=True, frozen=True)", "(Port[T])", True),
        ("dataclass(frozen=True, slots=True)", "(typing.Protocol[T])", True),
        ("dataclass(frozen=True)", "(Generic[T])", False),
        ("dataclass(slots=True)", "(Generic[T])", False),
        ("dataclass(frozen=True, slots=True)", "(Port)", False),
    ],
)
def test_a_frozen_generic_dataclass_with_slots_is_found(
    decorator: str, base: str, is_refused: bool
) -> None:
    [node] = ast.parse(f"@{decorator}\nclass One{base}:\n    part: int\n").body
    assert isinstance(node, ast.ClassDef)
    assert is_frozen_slotted_generic(node) is is_refused


def is_frozen_slotted_generic(node: ast.ClassDef) -> bool:
    """A base with a subscript counts as generic: in a dataclass of ours nothing else has one."""
    options = {
        keyword.arg
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("dataclass")
        for keyword in decorator.keywords
        if isinstance(keyword.value, ast.Constant) and keyword.value.value is True
    }
    is_generic = any(isinstance(base, ast.Subscript) for base in node.bases)
    return {"frozen", "slots"} <= options and is_generic


@cache
def classes() -> dict[str, list[str]]:
    """Every class of ours at the top of a module: its bases, ours by their full names."""
    return {
        f"{module}.{node.name}": [named(module, ast.unparse(base)) for base in node.bases]
        for module, tree in modules().items()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def named(module: str, base: str) -> str:
    """The full name of a base that `module` writes so: that of the module which defines it."""
    head, dot, rest = base.partition("[")[0].partition(".")
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.ClassDef) and node.name == head:
            return f"{module}.{base}"
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if (alias.asname or alias.name) == head:
                whole = f"{node.module}.{alias.name}"
                if whole in modules():
                    return named(whole, rest) if dot else whole
                if node.module in modules():
                    return named(str(node.module), alias.name + dot + rest)
                return whole + dot + rest
    return base


@cache
def levels(name: str) -> int:
    """Number of our own classes one above the other in its bases; classes aside do not count."""
    bases = [base for base in classes()[name] if base in classes() and not is_aside(base)]
    return max((1 + levels(base) for base in bases), default=0)


@cache
def is_aside(name: str) -> bool:
    """Whether it is a protocol, a model of pydantic, or an error."""
    if name not in classes():
        short = name.rpartition(".")[2]
        known = getattr(builtins, short, None)
        is_error = isinstance(known, type) and issubclass(known, BaseException)
        return is_error or short in ASIDE
    return any(
        is_aside(base) and not (base in classes() and is_protocol(base)) for base in classes()[name]
    )


def is_protocol(name: str) -> bool:
    """Whether it is a protocol itself, not a class that fulfils one."""
    return any(base.rpartition(".")[2] == "Protocol" for base in classes()[name])


def test_no_test_takes_helpers_from_a_module_of_tests() -> None:
    """What several modules use is in `helpers` or `rigs`: a test module may change as it needs."""
    taken = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
        if any(part.startswith("test_") for part in name.split("."))
    }
    assert taken == set()


def _imported(node: ast.AST) -> list[str]:
    """Modules that a statement imports, or the names that may be modules."""
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
        return [f"{node.module}.{one.name}" for one in node.names]
    return []
