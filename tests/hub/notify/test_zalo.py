"""Zalo against a server that enforces its documentation; not yet tried against the real one."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.base.secret_store.store import SecretFiles
from hub.notify.channels.port import Channel, Message
from hub.notify.channels.post import new_client
from hub.notify.channels.reach import ANY
from hub.notify.channels.service_file import ServiceFileError
from hub.notify.channels.zalo import ZaloAccount, ZaloBot, ZaloZns
from hub.notify.channels.zalo_settings import (
    Bot,
    OfficialAccount,
    Zns,
    mobile_number,
    read_zalo,
)
from hub.notify.channels.zalo_token import ZaloToken
from hub.notify.rules.delivery_result import (
    Answer,
    Delivered,
    Gone,
    MessageRefused,
    NotNeeded,
    TryAgain,
)
from tests.hub.rigs import fake_zalo
from tests.hub.rigs.fake_zalo import FakeZalo, on_loopback
from tests.hub.rigs.notify_samples import message, phone
from tests.hub.rigs.notify_town import VirtualClock
from tests.waiting import patience_s

pytestmark = [
    pytest.mark.promise(
        "Channels: Zalo, Telegram, SMS and Apprise channels follow their documentation."
    ),
    pytest.mark.promise("Channels: Channels without a real test have a strict fake."),
]

PAGE = "https://hub.example"
USER, CHAT, NUMBER = "2473910995809050719", "1f6016dce18908d75198", "0912 345 678"
PARAMS = {"noi_dung": "title", "dia_diem": "body", "ma_tin": "alert"}


@pytest.fixture
def zalo(needs_loopback: None) -> Iterator[FakeZalo]:
    with on_loopback(FakeZalo()) as service:
        yield service


class Rig:
    """The three channels on one client and one token."""

    def __init__(self, zalo: FakeZalo, folder: Path, client: httpx.AsyncClient) -> None:
        self.clock = VirtualClock()
        self.file = folder / "zalo-tokens.json"
        account = OfficialAccount(
            app_id=fake_zalo.APP_ID,
            secret_key=fake_zalo.SECRET,
            refresh_token="refresh-0",
            api=zalo.url,
            oauth=zalo.url,
        )
        self.token = ZaloToken(
            account=account,
            file=self.file,
            client=client,
            clock=self.clock,
        )
        zns = Zns(template_id=fake_zalo.TEMPLATE_ID, params=PARAMS, most_chars=60, api=zalo.url)
        shared: dict[str, Any] = {"client": client, "public_url": PAGE}
        self.channels: dict[str, Channel] = {
            "zalo": ZaloAccount(account=account, token=self.token, **shared),
            "zalo_group": ZaloAccount(account=account, token=self.token, to_groups=True, **shared),
            "zns": ZaloZns(zns=zns, token=self.token, **shared),
            "zalo_bot": ZaloBot(bot=Bot(token=fake_zalo.BOT_TOKEN, api=zalo.url), **shared),
        }

    async def send(self, channel: str, to: str, what: Message | None = None) -> Answer:
        target = phone(channel=channel, address=f"{channel}:{to}")
        return await self.channels[channel].send(what or message(), target)


def with_rig(zalo: FakeZalo, folder: Path, act: Callable[[Rig], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with new_client(private=ANY, timeout_s=patience_s()) as client:
            return await act(Rig(zalo, folder, client))

    return asyncio.run(run())


def send(zalo: FakeZalo, folder: Path, channel: str, to: str, **more: Any) -> Answer:
    answer: Answer = with_rig(zalo, folder, lambda rig: rig.send(channel, to, **more))
    return answer


def test_the_account_writes_kind_place_time_and_where_the_page_is(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    assert send(zalo, tmp_path, "zalo", USER) == Delivered(200)
    assert zalo.taken == [
        {
            "recipient": {"user_id": USER},
            "message": {
                "text": "Có người · Ngã tư chợ\nCổng chợ · 18:46 · 2 người\n"
                f"{PAGE}/alerts/01a1ee56-5e00-7003-a7fa-8323a8f44d7a"
            },
        }
    ]


def test_a_template_is_filled_and_its_parameters_are_cut_to_what_zalo_takes(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    long = message(title="Có người · " + "Ngã tư chợ " * 20)
    assert send(zalo, tmp_path, "zns", NUMBER, what=long) == Delivered(200)
    (said,) = zalo.taken
    assert said["phone"] == "84912345678"
    assert said["template_data"]["noi_dung"] == long.title[:60]
    assert said["tracking_id"] == long.notification_id.hex


def test_the_account_writes_into_a_group_with_the_whole_text_of_a_notice(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    notice = message(moment="notice", title="Cúp điện", body="Từ 8 giờ đến 11 giờ.")
    assert send(zalo, tmp_path, "zalo_group", "f414c8f76fa586fbdfb4", what=notice) == Delivered(200)
    assert zalo.taken[0]["message"]["text"] == (
        f"Cúp điện\nTừ 8 giờ đến 11 giờ.\n{PAGE}/public/{notice.alert_id}"
    )
    assert isinstance(send(zalo, tmp_path, "zalo_group", "another"), TryAgain)


def test_a_bot_writes_into_its_chat(zalo: FakeZalo, tmp_path: Path) -> None:
    assert send(zalo, tmp_path, "zalo_bot", CHAT) == Delivered(200)
    assert zalo.taken[0]["chat_id"] == CHAT


def test_a_token_is_asked_for_once_and_survives_a_restart(zalo: FakeZalo, tmp_path: Path) -> None:
    async def many(rig: Rig) -> list[Answer]:
        return await asyncio.gather(*(rig.send("zalo", USER) for _ in range(8)))

    assert with_rig(zalo, tmp_path, many) == [Delivered(200)] * 8
    assert send(zalo, tmp_path, "zns", NUMBER) == Delivered(200)
    assert zalo.renewals == 1
    kept = tmp_path / "zalo-tokens.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(kept.read_text())["refresh_token"] == zalo.refresh_token


def test_a_token_past_its_time_is_renewed_before_it_is_refused(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    async def a_day(rig: Rig) -> list[Answer]:
        first = await rig.send("zalo", USER)
        rig.clock.go_on(90_000 - 299)
        zalo.now_s = 90_000 - 299
        return [first, await rig.send("zalo", USER)]

    assert with_rig(zalo, tmp_path, a_day) == [Delivered(200)] * 2
    assert zalo.renewals == 2


def test_a_token_that_another_process_has_renewed_is_read_and_not_renewed_again(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    """Its refresh token is used up: this process would be refused until it is restarted."""

    async def two_processes(rig: Rig) -> list[Answer]:
        other = Rig(zalo, tmp_path, rig.token._client)
        answers = []
        for day in range(3):
            zalo.now_s = day * 90_000
            for one in (rig, other) if day % 2 else (other, rig):
                one.clock.go_on(90_000 if day else 0)
                answers.append(await one.send("zalo", USER))
        return answers

    assert with_rig(zalo, tmp_path, two_processes) == [Delivered(200)] * 6
    assert zalo.renewals == 3


def test_nobody_uses_an_access_token_before_what_follows_it_is_on_the_disk(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    async def slow_disk(rig: Rig) -> list[Any]:
        writing, may_end = threading.Event(), threading.Event()

        class SlowFiles(SecretFiles):
            def write(self, path: Path, content: bytes, **kwargs: Any) -> None:
                writing.set()
                assert may_end.wait(patience_s())
                super().write(path, content, **kwargs)

        rig.token._secrets = SlowFiles()
        first = asyncio.create_task(rig.token.current())
        assert await asyncio.to_thread(writing.wait, patience_s())
        second = asyncio.create_task(rig.token.current())
        done, _ = await asyncio.wait({first, second}, timeout=0.2)
        may_end.set()
        return [len(done), await first, await second]

    assert with_rig(zalo, tmp_path, slow_disk) == [0, "access-1", "access-1"]


def test_a_full_disk_holds_no_message_up_and_the_token_is_written_when_there_is_room(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    async def full(rig: Rig) -> list[Answer]:
        rig.file.mkdir()  # nothing can be put there
        answers = [await rig.send("zalo", USER)]
        rig.file.rmdir()
        return [*answers, await rig.send("zalo", USER)]

    assert with_rig(zalo, tmp_path, full) == [Delivered(200)] * 2
    assert zalo.renewals == 1
    kept = json.loads((tmp_path / "zalo-tokens.json").read_text())
    assert kept["refresh_token"] == zalo.refresh_token


@pytest.mark.parametrize("channel", ["zalo", "zns"])
def test_a_token_that_zalo_forgot_is_renewed_once_and_the_message_goes_out(
    zalo: FakeZalo, tmp_path: Path, channel: str
) -> None:
    to = {"zalo": USER, "zns": NUMBER}[channel]

    async def forgotten(rig: Rig) -> list[Answer]:
        first = await rig.send(channel, to)
        zalo.access.clear()
        return [first, await rig.send(channel, to)]

    assert with_rig(zalo, tmp_path, forgotten) == [Delivered(200)] * 2
    assert zalo.renewals == 2


def test_a_spent_refresh_token_says_what_the_keeper_has_to_do(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    zalo.refresh_token = "somebody-else-used-it"
    answer = send(zalo, tmp_path, "zalo", USER)
    assert isinstance(answer, TryAgain)
    assert answer.reason == "Zalo gives no token (error -14014): allow the application once more"
    assert answer.most_attempts == 4


def test_a_new_refresh_token_in_the_file_begins_anew(zalo: FakeZalo, tmp_path: Path) -> None:
    kept = {"seed": "of another", "refresh_token": "spent", "access_token": "", "expires_utc_us": 0}
    (tmp_path / "zalo-tokens.json").write_text(json.dumps(kept))
    assert send(zalo, tmp_path, "zalo", USER) == Delivered(200)


@pytest.mark.parametrize(
    ("channel", "to", "code", "answer"),
    [
        ("zalo", USER, -213, Gone),
        ("zalo", USER, -230, MessageRefused),
        ("zalo", USER, -32, TryAgain),
        ("zalo", USER, -200, TryAgain),
        ("zns", NUMBER, -118, Gone),
        ("zns", NUMBER, -133, MessageRefused),
        ("zns", NUMBER, -144, MessageRefused),
        ("zns", NUMBER, -100, TryAgain),
        ("zalo_bot", CHAT, 429, TryAgain),
        ("zalo_bot", CHAT, 400, MessageRefused),
        ("zalo_bot", CHAT, 401, TryAgain),
        ("zalo_bot", CHAT, 404, TryAgain),
    ],
)
def test_what_zalo_answers_is_understood(
    zalo: FakeZalo, tmp_path: Path, channel: str, to: str, code: int, answer: type[Answer]
) -> None:
    zalo.codes[{NUMBER: "84912345678"}.get(to, to)] = code
    given = send(zalo, tmp_path, channel, to)
    assert isinstance(given, answer)
    assert str(code) in given.reason  # type: ignore[union-attr]  # all these have one
    assert zalo.taken == []


def test_a_minute_that_is_full_is_waited_for(zalo: FakeZalo, tmp_path: Path) -> None:
    zalo.per_minute = 0
    assert send(zalo, tmp_path, "zalo", USER) == TryAgain(
        "Zalo -32: too many in a minute", after_s=60.0
    )


def test_a_wrong_template_or_parameter_is_dead_and_says_which(
    zalo: FakeZalo, tmp_path: Path
) -> None:
    async def wrong(rig: Rig) -> list[Answer]:
        found = []
        for zns in (
            Zns(template_id="999", params=PARAMS, most_chars=60, api=zalo.url),
            Zns(template_id=fake_zalo.TEMPLATE_ID, params={"x": "title"}, api=zalo.url),
            Zns(template_id=fake_zalo.TEMPLATE_ID, params={}, api=zalo.url),
        ):
            client = rig.token._client
            rig.channels["zns"] = ZaloZns(zns=zns, token=rig.token, client=client, public_url=PAGE)
            found.append(await rig.send("zns", NUMBER))
        return found

    answers = with_rig(zalo, tmp_path, wrong)
    assert [answer.reason for answer in answers] == [
        "Zalo ZNS -109: no such template",
        "Zalo ZNS -112: the template's data is wrong",
        "Zalo ZNS -111: the template's data is empty",
    ]


def test_a_number_that_is_none_is_retired_with_its_reason(zalo: FakeZalo, tmp_path: Path) -> None:
    assert isinstance(send(zalo, tmp_path, "zns", "12345"), Gone)


@pytest.mark.parametrize("channel", ["zalo", "zns", "zalo_bot"])
@pytest.mark.parametrize("moment", ["grown", "taken"])
def test_later_words_that_could_not_replace_the_first_are_not_sent(
    zalo: FakeZalo, tmp_path: Path, channel: str, moment: str
) -> None:
    given = send(zalo, tmp_path, channel, "x", what=message(moment=moment))
    assert isinstance(given, NotNeeded)
    assert zalo.renewals == 0


@pytest.mark.parametrize("text", ["0912345678", "+84 912 345 678", "84912345678", "0912.345.678"])
def test_a_mobile_number_is_read_as_people_write_it(text: str) -> None:
    assert mobile_number(text) == "84912345678"


@pytest.mark.parametrize("text", ["", "113", "02713871234", "+15551234567", "09123456789"])
def test_what_is_no_vietnamese_mobile_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no Vietnamese mobile number"):
        mobile_number(text)


WHOLE = f"""
[oa]
app_id = "{fake_zalo.APP_ID}"
secret_key = "s"
refresh_token = "r"
[zns]
template_id = "501443"
[zns.params]
noi_dung = "title"
[bot]
token = "{fake_zalo.BOT_TOKEN}"
"""


def write(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / "zalo.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_file_of_secrets_is_read(tmp_path: Path) -> None:
    found = read_zalo(write(tmp_path, WHOLE))
    assert found.oa is not None and found.zns is not None and found.bot is not None
    assert found.oa.api == "https://openapi.zalo.me"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[oa", "not TOML"),
        ("[bot]\ntoken = 'x'", "bot.token"),
        ("[bots]\ntoken = 'x'", "bots"),
        ("[zns]\ntemplate_id='1'\nparams={a='title'}", "is sent by an Official Account"),
        (WHOLE.replace('"title"', '"picture"'), "zns.params.noi_dung"),
        (WHOLE + "api = 'http://zalo.example'", "neither https nor on this machine"),
    ],
)
def test_a_file_that_cannot_be_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ServiceFileError, match=said) as refusal:
        read_zalo(write(tmp_path, text))
    assert "\n" not in str(refusal.value).strip()


def test_a_file_that_everybody_may_read_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ServiceFileError, match="chmod o="):
        read_zalo(write(tmp_path, WHOLE, mode=0o644))
