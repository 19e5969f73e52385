"""Channels of the keeper's files: `matthan-hub check` names them, or their faults."""

from pathlib import Path

import pytest

from hub.app import channels
from hub.app.cli.entries import parse_service_address
from hub.app.errors import StartRefusedError
from hub.base.clock.clock import HubClock
from hub.base.secret_store.store import FILES
from hub.notify.channels.descriptor import ChannelTools
from hub.notify.channels.ntfy import Ntfy
from hub.notify.channels.post import new_client
from hub.notify.channels.reach import NONE
from tests.hub.helpers.notify.channel_files import settings, write


def test_without_files_there_are_web_push_and_ntfy(tmp_path: Path) -> None:
    assert channels.names(settings(tmp_path)) == ["webpush", "ntfy"]


def test_each_file_in_the_secrets_folder_adds_its_channels(tmp_path: Path) -> None:
    write(tmp_path / "zalo.toml", '[bot]\ntoken = "12345689:abc-xyz"\n')
    write(tmp_path / "services.toml", "telegram = 'tgram://123456789:abcdefg_hijklmnop/{to}'\n")
    assert channels.names(settings(tmp_path)) == ["webpush", "ntfy", "zalo_bot", "telegram"]


def test_a_file_that_is_named_and_not_there_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartRefusedError, match=r"push\.zalo_file: .*cannot be read"):
        channels.names(settings(tmp_path, zalo_file=str(tmp_path / "none.toml")))
    with pytest.raises(StartRefusedError, match=r"push\.services_file: .*cannot be read"):
        channels.names(settings(tmp_path, services_file=str(tmp_path / "none.toml")))


@pytest.mark.parametrize("taken", ["webpush", "zalo_group"])
def test_a_service_with_the_name_of_another_channel_refuses_the_start(
    tmp_path: Path, taken: str
) -> None:
    write(tmp_path / "services.toml", f"{taken} = 'json://127.0.0.1/{{to}}'\n")
    with pytest.raises(StartRefusedError, match=f"services_file: .*'{taken}' cannot be a channel"):
        channels.names(settings(tmp_path))


def test_each_channel_that_a_file_adds_is_made_and_those_of_an_account_share_its_token(
    tmp_path: Path,
) -> None:
    account = '[oa]\napp_id = "12345"\nsecret_key = "k"\nrefresh_token = "r"\n'
    template = '[zns]\ntemplate_id = "1"\nparams = {a = "title"}\n'
    write(tmp_path / "zalo.toml", account + template)
    made = channels.channels(settings(tmp_path), tools())
    assert list(made) == ["webpush", "ntfy", "zalo", "zalo_group", "zns"]
    tokens = {vars(vars(made[name])["_api"])["_token"] for name in ("zalo", "zalo_group", "zns")}
    assert len(tokens) == 1


def tools() -> ChannelTools:
    """What channels that send nothing are made with."""
    client = new_client()
    return ChannelTools(
        public_url="https://hub.example",
        client=client,
        webpush=Ntfy(client=client, public_url=""),
        private=NONE,
        clock=HubClock(),
        secrets=FILES,
    )


def test_a_persons_own_part_is_read_with_its_channel() -> None:
    found = parse_service_address("telegram: 5551234 ")
    assert (found.channel, found.address, found.secrets) == ("telegram", "telegram:5551234", "{}")


@pytest.mark.parametrize("text", ["", "telegram", "telegram:", "webpush:x", "Tele gram:1"])
def test_what_names_no_channel_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="telegram:123456"):
        parse_service_address(text)
