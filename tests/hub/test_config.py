"""The hub's configuration: what it refuses and how it says so; sample, docs and code agree."""

import re
import tomllib
from pathlib import Path

import pytest

from hub.config import ConfigError, HubSettings, known_keys, load

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "deploy" / "hub.example.toml"
DOCS = ROOT / "docs" / "reference" / "hub-configuration.md"
NEEDED = """
[web]
public_url = "https://hub.example"
[push]
subject = "mailto:keeper@hub.example"
"""


@pytest.fixture
def write(tmp_path: Path):
    def into_file(text: str) -> Path:
        path = tmp_path / "hub.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return into_file


def refusal(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.lines


def test_what_is_not_set_has_its_default(write) -> None:
    settings = load(write(NEEDED))
    assert settings.web.port == 8080
    assert settings.alerts.group_quiet_s == 20.0
    assert settings.push.vapid_key_file == ""


def test_the_environment_overrules_the_file_key_by_key(write, monkeypatch) -> None:
    monkeypatch.setenv("MATTHAN_HUB__WEB__PORT", "9001")
    monkeypatch.setenv("MATTHAN_HUB__PUSH__VAPID_KEY_FILE", "/keys/vapid.pem")
    settings = load(write(NEEDED + "allows_local = true\n"))
    assert settings.web.port == 9001
    assert settings.web.public_url == "https://hub.example"
    assert settings.push.vapid_key_file == "/keys/vapid.pem"
    assert settings.push.allows_local


def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_name(write) -> None:
    path = write(NEEDED + "\n[alerts]\ngroup_quite_s = 10\n")
    (line,) = refusal(path)
    assert line == (
        f"{path} line 8: unknown key alerts.group_quite_s. Did you mean alerts.group_quiet_s?"
    )


def test_an_unknown_section_is_refused_once(write) -> None:
    (line,) = refusal(write(NEEDED + "\n[alert]\ngroup_quiet_s = 10\nx = 1\n"))
    assert "unknown key alert. Did you mean alerts?" in line


def test_a_key_outside_its_section_is_refused(write) -> None:
    (line,) = refusal(write("port = 80\n" + NEEDED))
    assert line.endswith("line 1: unknown key port. Did you mean web.port?")


def test_an_unknown_variable_is_refused_with_the_nearest_name(write, monkeypatch) -> None:
    monkeypatch.setenv("MATTHAN_HUB__ALRTS__GROUP_QUIET_S", "10")
    (line,) = refusal(write(NEEDED))
    assert line == (
        "environment: unknown variable MATTHAN_HUB__ALRTS__GROUP_QUIET_S."
        " Did you mean MATTHAN_HUB__ALERTS__GROUP_QUIET_S?"
    )


def test_a_variable_with_one_underscore_too_few_is_refused(write, monkeypatch) -> None:
    monkeypatch.setenv("MATTHAN_HUB_WEB__PORT", "10")
    (line,) = refusal(write(NEEDED))
    assert line.endswith("Did you mean MATTHAN_HUB__WEB__PORT?")


def test_every_fault_has_a_line_of_its_own(write, monkeypatch) -> None:
    monkeypatch.setenv("MATTHAN_HUB__BROKER__PORT", "many")
    path = write(NEEDED + '\n[alerts]\ngroup_quiet_s = -1\n[log]\nformat = "xml"\n')
    lines = refusal(path)
    assert len(lines) == 3
    assert lines[0].startswith("environment: MATTHAN_HUB__BROKER__PORT: ")
    assert lines[1].startswith(f"{path} line 8: alerts.group_quiet_s: ")
    assert lines[2].startswith(f"{path} line 10: log.format: ")


def test_a_missing_key_is_named(write) -> None:
    lines = refusal(write('[web]\npublic_url = "https://hub.example"\n'))
    assert [line.partition(". ")[0].rpartition(": ")[2] for line in lines] == [
        "push.subject is missing"
    ]


def test_bad_toml_is_refused_with_its_line(write) -> None:
    (line,) = refusal(write("[web]\nport = \n"))
    assert "not TOML" in line
    assert "line 2" in line


def test_a_missing_file_says_what_to_copy(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path / "none.toml")
    assert "deploy/hub.example.toml" in line


def defaults() -> dict[str, object]:
    found: dict[str, object] = {}
    for name, section in known_keys().items():
        if section is not None:
            for key, field in section.model_fields.items():
                found[f"{name}.{key}"] = ... if field.is_required() else field.default
    return found


def test_the_sample_shows_every_key_with_its_default(tmp_path: Path) -> None:
    uncommented = re.sub(r"^# (\w+ = )", r"\1", SAMPLE.read_text(), flags=re.MULTILINE)
    values = tomllib.loads(uncommented)
    shown = {f"{name}.{key}": v for name, keys in values.items() for key, v in keys.items()}
    assert list(shown) == list(defaults())
    for key, default in defaults().items():
        if default is not ...:
            assert shown[key] == (str(default) if isinstance(default, Path) else default)


def test_the_sample_is_a_configuration() -> None:
    assert isinstance(load(SAMPLE), HubSettings)


def test_every_key_of_the_sample_is_explained_above_it() -> None:
    lines = SAMPLE.read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^(# )?\w+ = ", line):
            above = number - 1
            while re.match(r"^# \w+ = ", lines[above]):
                above -= 1
            assert lines[above].startswith("# "), line


def test_the_docs_table_says_what_the_code_says() -> None:
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in DOCS.read_text().splitlines()
        if line.startswith("| `")
    ]
    expected = []
    for name, section in known_keys().items():
        for key, field in section.model_fields.items() if section else ():
            default = f"`{field.default}`" if field.default != "" else "empty"
            default = "must be set" if field.is_required() else default
            expected.append((f"`{name}.{key}`", default, field.description))
    assert rows == expected
