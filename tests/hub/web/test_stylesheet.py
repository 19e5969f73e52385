"""The stylesheet is whole: every file is in it, closed, and of use."""

import re
from pathlib import Path

import pytest

from hub.web.rendering import STATIC_FOLDER
from hub.web.styles.stylesheet import style_files, stylesheet

HUB = STATIC_FOLDER.parents[1]
BY_OTHERS = re.compile(r"htmx-request|maplibregl-.*|(is-depth|for)-\w+|is-false_alarm")
"""Classes of htmx and MapLibre, and those that templates put together."""


def test_every_style_file_is_in_the_stylesheet_the_shared_ones_first() -> None:
    files = style_files()
    ours = {path for path in HUB.rglob("*.css") if STATIC_FOLDER not in path.parents}
    assert set(files) == ours and len(files) == len(ours)
    shared = [path.parent.name == "styles" for path in files]
    assert shared == sorted(shared, reverse=True)
    assert files[0].name == "tokens.css"


@pytest.mark.parametrize("path", style_files(), ids=lambda path: str(path.relative_to(HUB)))
def test_a_style_file_closes_what_it_opens(path: Path) -> None:
    """Or it would take in the rules of the next one."""
    text = path.read_text("utf-8")
    assert text.count("{") == text.count("}") and text.count("/*") == text.count("*/")
    assert text.endswith("}\n")


def test_every_class_of_the_stylesheet_is_in_a_template_or_a_script() -> None:
    rules = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", stylesheet().decode(), flags=re.DOTALL)
    named = set(re.findall(r"\.([a-zA-Z][\w-]*)", rules))
    assert len(named) > 200
    used: set[str] = set()
    for pattern in ("templates/*.html", "static/js/*.js", "*.py"):
        for path in HUB.rglob(pattern):
            used.update(re.findall(r"[\w-]+", path.read_text("utf-8")))
    assert [name for name in sorted(named - used) if not BY_OTHERS.fullmatch(name)] == []
