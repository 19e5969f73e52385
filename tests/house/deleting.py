"""Finds every place in the code that deletes, by reading the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ALWAYS: Final = frozenset({"unlink", "rmtree", "rmdir", "removedirs", "truncate", "delete_object"})
"""Calls of these delete, whatever they are called on."""
WHERE_FOOTAGE_LIES: Final = re.compile(r"(^|[._])(blobs|parts|proxies|store|staging|os|shutil)$")
AS_WELL: Final = frozenset({"remove", "drop", "sweep", "forget"})
"""Calls of these delete where they are called on a store of footage."""
BY_NAME: Final = frozenset({"delete", "mark_removed", "remove_media"})
"""Functions of ours and of SQLAlchemy that take rows away, or say that a file is gone."""
IN_SQL: Final = re.compile(r"\b(DELETE\s+FROM|DROP\s+TABLE|TRUNCATE)\b", re.IGNORECASE)


def places() -> set[str]:
    """Each as `folder/file.py::Class.function`."""
    found: set[str] = set()
    for part in ("hub", "agent"):
        for path in sorted((ROOT / part).rglob("*.py")):
            if "migrations" in path.parts:
                continue  # they do not run beside a town's footage
            tree = ast.parse(path.read_text(encoding="utf-8"))
            name = str(path.relative_to(ROOT))
            found |= {f"{name}::{where}" for where in _in(tree, "")}
    return found


def _in(node: ast.AST, where: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        here = where
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            here = f"{where}.{child.name}".lstrip(".")
        if _deletes(child):
            yield here or "module"
        yield from _in(child, here)


def _deletes(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(IN_SQL.search(node.value))
    if not isinstance(node, ast.Call):
        # Handed on to be called by somebody else, as `_ask("delete_object")` is not, being a name.
        return isinstance(node, ast.Attribute) and node.attr in ALWAYS
    called = node.func
    if isinstance(called, ast.Name):
        return called.id in BY_NAME | ALWAYS
    if not isinstance(called, ast.Attribute):
        return False
    on = ast.unparse(called.value)
    asks = any(isinstance(a, ast.Constant) and a.value in ALWAYS for a in node.args)
    return (
        asks
        or called.attr in ALWAYS | {"remove_media"}
        or (called.attr in AS_WELL and bool(WHERE_FOOTAGE_LIES.search(on)))
    )
