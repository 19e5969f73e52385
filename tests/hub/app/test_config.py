"""The hub's configuration. The agent's tests cover the code that both share."""

from pathlib import Path

import pytest

from hub.app.config import DEFAULT_FILE, ConfigError, load, removed_keys_in_use

pytestmark = pytest.mark.promise(
    "Bad input: An unknown key in the environment is refused with the nearest name."
)

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


@pytest.mark.promise(
    "Bad input: An unknown key in a settings file is refused with the nearest name."
)
def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_name(write) -> None:
    path = write(NEEDED + "\n[alerts]\ngroup_quite_s = 10\n")
    (line,) = refusal(path)
    assert line == (
        f"{path} line 8: unknown key alerts.group_quite_s. Did you mean alerts.group_quiet_s?"
    )


def test_a_key_outside_its_section_is_refused(write) -> None:
    (line,) = refusal(write("port = 80\n" + NEEDED))
    assert line.endswith("line 1: unknown key port. Did you mean web.port?")


def test_lists_and_tables_in_the_environment_are_json(write, monkeypatch) -> None:
    monkeypatch.setenv("MATTHAN_HUB__PETITIONS__WEEKDAYS", "[0, 5]")
    monkeypatch.setenv("MATTHAN_HUB__PETITIONS__ANSWER", '{"told": "3 days"}')
    settings = load(write(NEEDED))
    assert settings.petitions.weekdays == [0, 5]
    assert settings.petitions.answer == {"told": "3 days"}
    monkeypatch.setenv("MATTHAN_HUB__PETITIONS__WEEKDAYS", "0, 5")
    (line,) = refusal(write(NEEDED))
    assert "MATTHAN_HUB__PETITIONS__WEEKDAYS" in line or "Write lists and tables as JSON" in line


def test_an_entry_of_a_list_that_does_not_fit_is_said_with_its_line(write) -> None:
    path = write(NEEDED + '\n[petitions]\nholidays = [2027-01-01, "Tet"]\n')
    (line,) = refusal(path)
    assert line.startswith(f"{path} line 8: petitions.holidays: ")


def test_a_removed_key_is_ignored_and_said(write) -> None:
    path = write(NEEDED + "check_hour = -1\n")
    assert load(path).push.calm_alerts == 3
    assert removed_keys_in_use(path) == [
        f"{path} line 6: push.check_hour is no longer a setting: phones that showed nothing for a"
        " day are asked at 9 o'clock. Take it out"
    ]


def test_every_fault_has_a_line_of_its_own(write, monkeypatch) -> None:
    monkeypatch.setenv("MATTHAN_HUB__BROKER__PORT", "many")
    path = write(NEEDED + '\n[alerts]\ngroup_quiet_s = -1\n[log]\nlevel = "loud"\n')
    lines = refusal(path)
    assert len(lines) == 3
    assert lines[0].startswith("environment: MATTHAN_HUB__BROKER__PORT: ")
    assert lines[1].startswith(f"{path} line 8: alerts.group_quiet_s: ")
    assert lines[2].startswith(f"{path} line 10: log.level: ")


def test_a_missing_key_is_named(write) -> None:
    lines = refusal(write('[web]\npublic_url = "https://hub.example"\n'))
    assert [line.partition(". ")[0].rpartition(": ")[2] for line in lines] == [
        "push.subject is missing"
    ]


def test_without_a_default_file_the_environment_is_enough(monkeypatch) -> None:
    assert not DEFAULT_FILE.exists()
    monkeypatch.setenv("MATTHAN_HUB__WEB__PUBLIC_URL", "https://hub.example")
    monkeypatch.setenv("MATTHAN_HUB__PUSH__SUBJECT", "mailto:keeper@hub.example")
    assert load(None).web.public_url == "https://hub.example"


def test_a_named_file_that_is_missing_says_what_to_copy(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path / "none.toml")
    assert "deploy/hub.example.toml" in line
