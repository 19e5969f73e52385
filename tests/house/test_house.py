"""Rules for the whole tree: names of our own only, links that lead somewhere, no stray words."""

import ast
import importlib
import os
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.house.helpers.house import LINK, ROOT, tracked

OURS = {"agent", "hub", "toml_settings"}


def test_import_names_belong_to_this_distribution_alone() -> None:
    modules = {name: importlib.import_module(name) for name in OURS}
    assert all(Path(str(one.__file__)).parent == ROOT / name for name, one in modules.items())
    owners = {
        distribution.name
        for distribution in distributions()
        if OURS & {file.parts[0] for file in distribution.files or ()}
    }
    assert owners <= {"matthan"}


@pytest.mark.promise("House: Each documentation page exists, and each link leads to a file.")
def test_every_link_between_documents_leads_to_a_file() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in tracked("*.md")
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_every_link_to_a_heading_leads_to_one() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {target}#{heading}"
        for page in tracked("*.md")
        for target, heading in re.findall(
            r"\]\(([^)#\s:]*)#([^)]+)\)", page.read_text(encoding="utf-8")
        )
        if heading not in anchors(page.parent / target if target else page)
    ]
    assert dead == []


def test_every_page_that_code_or_a_script_names_is_there() -> None:
    dead = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in tracked("*.py", "*.sh", "*.toml", "*.yml", "*.service", "*.md", "*.html")
        if path.name not in {"CHANGELOG.md", "history.md"}
        for name in re.findall(r"(?<![\w/.])docs/[\w./-]+\.\w+", path.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    ]
    assert dead == []


def test_every_public_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked("agent/*.py", "hub/*.py", "toml_settings/*.py")
        if "migrations/versions" not in str(path)
        and not path.read_text(encoding="utf-8").lstrip().startswith('"""')
    ]
    assert silent == []


def test_every_lint_exception_carries_its_reason() -> None:
    """`# noqa: CODE - reason` and `# type: ignore[code]  # reason`."""
    bare = re.compile(r"#\s*(noqa(?!: [A-Z]+\d+\b.*\w{3})|type:\s*ignore(?!\[[\w-]+\]\s+#\s*\S))")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("agent/*.py", "hub/*.py", "toml_settings/*.py", "deploy/*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []


@pytest.mark.promise("Pages: Pages load no file from another host.")
def test_front_end_names_no_outside_address() -> None:
    """Everything a page needs comes from the hub itself; licences and namespaces may be named."""
    allowed = re.compile(r"https?://(www\.w3\.org|localhost|127\.0\.0\.1)")
    found = [
        f"{path.relative_to(ROOT)}: {address}"
        for path in tracked("hub/**/templates/*", "hub/web/static/*", "hub/**/*.css")
        if "vendor" not in path.parts and path.suffix in {".html", ".css", ".js", ".svg"}
        for address in re.findall(r"https?://[^\s\"'<>)]+", path.read_text(encoding="utf-8"))
        if not allowed.match(address)
    ]
    assert found == []


@pytest.mark.system
@pytest.mark.parametrize(
    "name", ["campaign", "clips", "fleet", "power/plug", "sightings", "uploads"]
)
def test_a_campaign_starts_by_its_path_as_its_page_says(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tests" / "faults" / f"{name}.py"), "--help"]
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_few_values_escape_to_any_at_the_edge_of_the_database() -> None:
    """`Any` in the modules that speak SQL. Objects of JSON (`dict[str, Any]`) are apart: their
    readers check them."""
    escapes = [
        f"{path.relative_to(ROOT)}:{name.lineno}"
        for path in tracked("hub/*.py")
        if "sqlalchemy" in (text := path.read_text(encoding="utf-8"))
        for name in _uses_of_any(ast.parse(text))
    ]
    assert len(escapes) <= 10, escapes


def _uses_of_any(tree: ast.Module) -> list[ast.Name]:
    in_json = {
        id(pair.elts[1])
        for pair in ast.walk(tree)
        if isinstance(pair, ast.Tuple) and ast.unparse(pair) == "(str, Any)"
    }
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "Any" and id(node) not in in_json
    ]
