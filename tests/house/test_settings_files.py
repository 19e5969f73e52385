"""Samples, reference pages and code agree about every setting of agent and hub."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.config import AgentSettings
from hub.app.config import HubSettings
from tests.hub.rigs.features import ACTS
from toml_settings import FileSettings, known_keys, load, removed_keys

ROOT = Path(__file__).parents[2]
DOCS: dict[type[FileSettings], Path] = {
    AgentSettings: ROOT / "docs/reference/agent-configuration.md",
    HubSettings: ROOT / "docs/reference/hub-configuration.md",
}

both = pytest.mark.parametrize("shape", list(DOCS), ids=lambda shape: shape.program)


def sample(shape: type[FileSettings]) -> Path:
    return ROOT / "deploy" / f"{shape.program}.example.toml"


def every_key(shape: type[FileSettings]) -> dict[str, Any]:
    """The field of every key that is not a table of the file itself."""
    return {
        f"{name}.{key}": field
        for name, section in known_keys(shape).items()
        for key, field in (section.model_fields.items() if section else ())
    }


def is_table(value: object) -> bool:
    return isinstance(value, dict)


def flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    """The keys of each section, then those of the sections within."""
    inner = {key: v[0] for key, v in values.items() if isinstance(v, list) and v and is_table(v[0])}
    once = {key: v for key, v in values.items() if f"{above}{key}" == "camera.pi"}
    for key, value in values.items():
        yield above + key, () if key in inner else None if key in once else value
    for key, value in values.items():
        if key in inner or key in once:
            yield from flat(inner.get(key, value), f"{above}{key}.")


@both
def test_a_sample_shows_every_key_with_its_default(shape: type[FileSettings]) -> None:
    text = re.sub(
        r"^# (\w+ = |\[\[?[a-z.]+\]\]?$)", r"\1", sample(shape).read_text(), flags=re.MULTILINE
    )
    values = tomllib.loads(text)
    values = {name: v[0] if isinstance(v, list) else v for name, v in values.items()}
    shown = {key: v for name, keys in values.items() for key, v in flat(keys, f"{name}.")}
    assert list(shown) == list(every_key(shape))
    for key, field in every_key(shape).items():
        if not field.is_required() and key != "camera.url":  # some source there must be
            default = field.default
            default = str(default) if isinstance(default, Path) else default
            written = list(default) if isinstance(default, tuple) and shown[key] != () else default
            assert shown[key] == written


@both
def test_a_sample_is_a_configuration(shape: type[FileSettings]) -> None:
    assert isinstance(load(shape, sample(shape)), shape)


@both
def test_every_key_of_a_sample_is_explained_above_it(shape: type[FileSettings]) -> None:
    lines = sample(shape).read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^(# )?\w+ = ", line):
            above = number - 1
            while re.match(r"^# \w+ = ", lines[above]):
                above -= 1
            assert lines[above].startswith("# "), line


LONGEST_CELL = 140
"""Characters; a longer default is a text, which the sample file shows."""


def default_cell(field: Any) -> str:
    if field.is_required():
        return "must be set"
    if field.default in ("", (), []):
        return "empty"
    shown = str(field.default)
    if len(shown) > LONGEST_CELL:
        return "see the sample"
    return f"`{shown.lower() if isinstance(field.default, bool) else shown}`"


@both
def test_a_reference_page_says_what_the_code_says(shape: type[FileSettings]) -> None:
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in DOCS[shape].read_text().splitlines()
        if line.startswith("| `")
    ]
    expected = [
        (f"`{key}`", default_cell(field), field.description)
        for key, field in every_key(shape).items()
    ]
    assert rows == expected


@both
def test_no_key_is_both_known_and_removed(shape: type[FileSettings]) -> None:
    assert not removed_keys(shape).keys() & known_keys(shape).keys()


def test_every_setting_that_a_page_names_is_one() -> None:
    known = {key for shape in DOCS for key in every_key(shape)}
    sections = {key.partition(".")[0] for key in known}
    # Files, and lines of the log such as `oidc.refused`, look alike.
    named = re.compile(r"`([a-z]+(?:\.[a-z_]+)+)`")
    strange = [
        f"{page.name}: {key}"
        for folder in ("guide", "design", "reference")
        for page in (ROOT / "docs" / folder).rglob("*.md")
        for key in named.findall(page.read_text(encoding="utf-8"))
        if key.partition(".")[0] in sections and key not in known and key not in ACTS
        if not re.search(r"\.(key|pem|crt|secret|db|py|pub|rejected|refused|away)$", key)
    ]
    assert strange == []
