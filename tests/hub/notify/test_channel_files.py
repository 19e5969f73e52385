"""Channels of the keeper's files: `matthan-hub check` names them, or their faults."""

import asyncio
from pathlib import Path

import pytest

from hub.app import channels
from hub.app.cli.entries import parse_service_address
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.base.clock.clock import HubClock
from hub.base.secret_store.store import FILES
from hub.notify.channels.descriptor import ChannelTools
from hub.notify.channels.ntfy import Ntfy
from hub.notify.channels.port import Answer, Delivered
from hub.notify.channels.post import new_client
from hub.notify.channels.reach import ANY
from tests.hub.helpers.notify.channel_files import settings, write
from tests.hub.rigs import fake_zalo
from tests.hub.rigs.fake_zalo import FakeZalo, on_loopback
from tests.hub.rigs.notify_samples import message, phone
from tests.waiting import patience_s


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


def test_a_fault_in_a_file_is_told_with_its_setting_also_by_the_check_of_hosts(
    tmp_path: Path,
) -> None:
    write(tmp_path / "services.toml", "telegram = 5\n")
    with pytest.raises(StartRefusedError, match=r"push\.services_file: .*names no place"):
        channels.unlisted(settings(tmp_path), [])


@pytest.mark.loopback
def test_channels_of_an_account_share_its_token(tmp_path: Path) -> None:
    with on_loopback(FakeZalo()) as zalo:
        lines = (
            "[oa]",
            f'app_id = "{fake_zalo.APP_ID}"',
            f'secret_key = "{fake_zalo.SECRET}"',
            'refresh_token = "refresh-0"',
            f'api = "{zalo.url}"',
            f'oauth = "{zalo.url}"',
            "[zns]",
            f'template_id = "{fake_zalo.TEMPLATE_ID}"',
            'params = {noi_dung = "title", dia_diem = "body", ma_tin = "alert"}',
            "most_chars = 60",
            f'api = "{zalo.url}"',
        )
        write(tmp_path / "zalo.toml", "\n".join(lines))
        answers = asyncio.run(_send_at_once(settings(tmp_path), zalo))
        assert list(answers) == ["zalo", "zalo_group", "zns"]
        assert [type(answer) for answer in answers.values()] == [Delivered] * 3
        assert zalo.renewals == 1  # a refresh token works once


async def _send_at_once(hub: HubSettings, zalo: FakeZalo) -> dict[str, Answer]:
    """Send to one phone on each channel of the account; the answers by channel."""
    async with new_client(private=ANY, timeout_s=patience_s()) as client:
        tools = ChannelTools(
            public_url="https://hub.example",
            client=client,
            webpush=Ntfy(client=client, public_url=""),
            private=ANY,
            clock=HubClock(),
            secrets=FILES,
        )
        made = channels.channels(hub, tools)
        to = {"zalo": zalo.followers, "zalo_group": zalo.groups, "zns": zalo.accounts}
        answers = await asyncio.gather(
            *(
                made[name].send(message(), phone(channel=name, address=f"{name}:{min(ids)}"))
                for name, ids in to.items()
            )
        )
    return dict(zip((name for name in made if name in to), answers, strict=True))


def test_a_persons_own_part_is_read_with_its_channel() -> None:
    found = parse_service_address("telegram: 5551234 ")
    assert (found.channel, found.address, found.secrets) == ("telegram", "telegram:5551234", "{}")


@pytest.mark.parametrize("text", ["", "telegram", "telegram:", "webpush:x", "Tele gram:1"])
def test_what_names_no_channel_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="telegram:123456"):
        parse_service_address(text)
