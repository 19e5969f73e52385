"""Secrets that systemd decrypts for the hub: as good as files, and none is replaced by a new
one."""

from pathlib import Path

import pytest

from hub.app import channels, check, keys
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.base.db.database import Database
from hub.nodes.pki.upload_tokens import UploadTokens
from hub.oversight.metrics import measured
from hub.public.tips.sealing import SealBox
from tests.hub.helpers.notify.channel_files import settings, write

pytestmark = pytest.mark.promise("Security: Secrets can come from systemd credentials.")


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the credentials that systemd gives to the service."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


@pytest.fixture
def hub(tmp_path: Path) -> HubSettings:
    (tmp_path / "secrets").mkdir(mode=0o700)
    return settings(tmp_path / "secrets")


def test_the_addresses_and_tokens_of_push_services_are_read(hub: HubSettings, sealed: Path) -> None:
    write(sealed / "zalo.toml", '[bot]\ntoken = "12345689:abc-xyz"\n')
    write(sealed / "services.toml", "telegram = 'tgram://123456789:abcdefg_hijklmnop/{to}'\n")
    assert channels.names(hub) == ["webpush", "ntfy", "zalo_bot", "telegram"]


def test_a_file_that_is_there_goes_before_what_is_sealed(hub: HubSettings, sealed: Path) -> None:
    write(sealed / "services.toml", "telegram = 'tgram://123456789:abcdefg_hijklmnop/{to}'\n")
    write(hub.secrets.folder / "services.toml", "")
    assert channels.names(hub) == ["webpush", "ntfy"]


def test_the_key_that_phones_have_subscribed_to_is_the_sealed_one(
    hub: HubSettings, sealed: Path
) -> None:
    before = keys.push_key(hub).private_numbers()
    (hub.secrets.folder / "vapid.pem").rename(sealed / "vapid.pem")
    assert keys.push_key(hub).private_numbers() == before
    assert not (hub.secrets.folder / "vapid.pem").exists()


def test_no_key_is_made_anew_over_a_sealed_one(
    hub: HubSettings, sealed: Path, sqlite_url: str
) -> None:
    folder = hub.secrets.folder
    UploadTokens.open(folder, upload_url="https://hub.example/upload")
    words = measured.token(hub.secrets.folder)
    write(folder / "tips.key", "")
    (folder / "tips.key").write_bytes(SealBox.new_key())
    names = {"upload.key", "metrics.token", "tips.key"}
    for name in names:
        (folder / name).rename(sealed / name)
    UploadTokens.open(folder, upload_url="https://hub.example/upload")
    assert measured.token(hub.secrets.folder) == words
    db = Database(sqlite_url)
    keys.tip_box(hub, db)
    db.close()
    assert not names & {path.name for path in folder.iterdir()}


def test_check_finds_them_where_they_are(hub: HubSettings, sealed: Path) -> None:
    keys.push_key(hub)
    UploadTokens.open(hub.secrets.folder, upload_url="https://hub.example/upload")
    for name in ("vapid.pem", "upload.key"):
        (hub.secrets.folder / name).rename(sealed / name)
    assert check._secrets(hub).startswith("push key and upload key are in")


def test_one_that_cannot_be_read_is_named_by_its_file(hub: HubSettings, sealed: Path) -> None:
    write(sealed / "services.toml", "not toml")
    with pytest.raises(StartRefusedError, match=r"services\.toml: not TOML"):
        channels.names(hub)
