"""The configured provider: which faults keep the hub from starting, and what `check` reports."""

from pathlib import Path

import pytest

from hub.app import provider
from hub.app.check import check
from hub.app.config import ConfigError, HubSettings, load
from hub.app.errors import StartRefusedError
from tests.hub.rigs.open_id_office import CLIENT, SECRET, OpenIdOffice

SITE = "https://hub.example"


def settings(folder: Path, *lines: str) -> HubSettings:
    path = folder / "hub.toml"
    said = [
        f'[store]\nurl = "sqlite:///{folder}/hub.db"\nmedia_folder = "{folder}/media"',
        f'[web]\npublic_url = "{SITE}"\n[push]\nsubject = "mailto:keeper@hub.example"',
        f'[secrets]\nfolder = "{folder}"\n[oidc]',
        *lines,
    ]
    path.write_text("\n".join(said), encoding="utf-8")
    return load(path)


def with_secret(folder: Path, content: str = SECRET, mode: int = 0o600) -> Path:
    path = folder / "oidc.secret"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    return path


def refusal(folder: Path, *lines: str) -> str:
    with pytest.raises(StartRefusedError) as caught:
        provider.provider(settings(folder, *lines), lambda: 0.0)
    return str(caught.value)


ISSUER = 'issuer = "https://id.example"'
HUB = f'client_id = "{CLIENT}"'


def test_there_is_none_by_default(tmp_path: Path) -> None:
    assert provider.provider(settings(tmp_path), lambda: 0.0) is None


def test_what_is_missing_is_said_with_its_cure(tmp_path: Path) -> None:
    assert "oidc.client_id is missing" in refusal(tmp_path, ISSUER)
    assert "oidc.secret_file" in refusal(tmp_path, ISSUER, HUB)
    with_secret(tmp_path, mode=0o644)
    assert "chmod 600" in refusal(tmp_path, ISSUER, HUB)
    with_secret(tmp_path, "\n")
    assert "one line" in refusal(tmp_path, ISSUER, HUB)
    with_secret(tmp_path)
    assert "oidc.ca_file" in refusal(tmp_path, ISSUER, HUB, 'ca_file = "/nowhere.crt"')


def test_the_secret_may_be_a_credential_of_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    with_secret(given)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    assert provider.provider(settings(tmp_path, ISSUER, HUB), lambda: 0.0) is not None


@pytest.mark.parametrize(
    "line",
    [
        'issuer = "http://id.example"',
        'issuer = "https://user@id.example"',
        'issuer = "https://id.example/?a=b"',
        'scopes = "profile"',
        'button_vi = ""',
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, line)
    assert f"oidc.{line.partition(' ')[0]}" in caught.value.lines[0]


def found(hub: HubSettings) -> dict[str, tuple[bool, str]]:
    return {part: (is_well, line) for is_well, part, line in check(hub)}


@pytest.mark.loopback
def test_check_asks_it_and_says_what_is_wrong(tmp_path: Path) -> None:
    with_secret(tmp_path)
    with OpenIdOffice(f"{SITE}{provider.BACK}").open() as office:
        hub = settings(tmp_path, f'issuer = "{office.issuer}"', HUB)
        is_well, line = found(hub)["sign-in by a provider"]
        assert (is_well, line) == (True, f"{office.issuer} answers, with 1 keys")
        office.more_metadata = {"issuer": f"{office.issuer}/"}
        is_well, line = found(hub)["sign-in by a provider"]
        assert not is_well
        assert "the same to the letter" in line
    is_well, line = found(hub)["sign-in by a provider"]
    assert not is_well
    assert "cannot be reached" in line
    assert "\n" not in line
