"""Zalo channels: Official Account message, ZNS template to a phone number, bot message.

Built from Zalo's public documentation and not yet tried against the real service. This module maps
Zalo's codes to answers; `hub.notify.rules.delivery_result` decides what follows.
"""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from hub.base.text.marks import page_text
from hub.notify.channels.descriptor import (
    Address,
    ChannelEntry,
    ChannelSettings,
    ChannelSource,
    ChannelTools,
    Make,
)
from hub.notify.channels.json_post import Said, number, post_json
from hub.notify.channels.port import (
    Answer,
    Delivered,
    Gone,
    Message,
    MessageRefused,
    Phone,
    TryAgain,
)
from hub.notify.channels.post import FORBIDDEN_ATTEMPTS
from hub.notify.channels.zalo_settings import (
    Bot,
    OfficialAccount,
    ZaloSettings,
    Zns,
    mobile_number,
    read_zalo,
)
from hub.notify.channels.zalo_token import EXPIRED, ZaloToken
from hub.notify.rules.delivery_result import NotNeeded

MOST_CHARS: Final = 2000
"""Longest text, for Official Account and bot."""

FILE: Final = "zalo.toml"
KEPT_IN: Final = "zalo-tokens.json"

RATE_WAIT_S: Final = 60.0
"""Zalo's limits count per minute."""

OA_GONE: Final = {-213: "does not follow the account", -227: "is blocked or long unused"}
OA_REFUSED: Final = {
    -201: "a parameter is wrong",
    -210: "a parameter is too long",
    -211: "the account's quota is used up",
    -218: "this person's quota is used up",
    -223: "the account's quota of the day is used up",
    -224: "the account's package does not allow it",
    -230: "has not written to the account for 7 days",
    -232: "has not written to the account lately",
    -233: "this kind of message is not allowed",
    -244: "does not want such messages",
}
ZNS_GONE: Final = {
    -108: "no valid phone number",
    -118: "no Zalo account has this number",
    -119: "this account cannot receive",
}
ZNS_REFUSED: Final = {
    -109: "no such template",
    -110: "their Zalo is too old",
    -111: "the template's data is empty",
    -112: "the template's data is wrong",
    -114: "is inactive or refuses such messages",
    -115: "the account has no credit",
    -117: "the account may not use this template",
    -126: "the account has no credit",
    -131: "the template is not approved",
    -132: "a parameter is wrong",
    -133: "not at night (22:00-06:00)",
    -144: "the account's quota of the day is used up",
    -147: "the template's quota of the day is used up",
}
RATE: Final = -32
BOT_REFUSED: Final = frozenset({400, 403})


def why_not_again(message: Message) -> NotNeeded | None:
    """Why the message is not sent a second time; None if it is. These services keep every message
    as a separate entry. So an alert is sent once, and again when it becomes critical, escalates, is
    handed over or handed back."""
    if message.moment in ("grown", "taken", "check"):
        return NotNeeded("this service would add an entry instead of replacing it")
    return None


def text_of(message: Message, public_url: str) -> str:
    """Text of the message with a link, never with a picture."""
    page = public_url.rstrip("/") + message.path
    return f"{message.title}\n{message.body}\n{page}"[:MOST_CHARS]


def recipient(phone: Phone) -> str:
    """`zalo:123` → `123`: a phone's address starts with its channel, so that each is one row."""
    return phone.address.removeprefix(f"{phone.channel}:")


class _AccountApi:
    """Calls with the token of the Official Account; a refused token is renewed once."""

    def __init__(self, *, client: httpx.AsyncClient, token: ZaloToken) -> None:
        self._client = client
        self._token = token

    async def ask(self, address: str, body: Mapping[str, Any]) -> Said | Answer:
        token = await self._token.current()
        said = await self._ask_with(token, address, body)
        if isinstance(token, str) and isinstance(said, Mapping) and _code(said) in EXPIRED:
            token = await self._token.current(not_this=token)
            said = await self._ask_with(token, address, body)
        return said

    async def _ask_with(
        self, token: str | Answer, address: str, body: Mapping[str, Any]
    ) -> Said | Answer:
        if not isinstance(token, str):
            return token
        return await post_json(self._client, address, headers={"access_token": token}, body=body)


class ZaloAccount:
    """Channels "zalo" and "zalo_group": phone addresses are ids of users of the Official Account,
    or with `to_groups` ids of groups with the account."""

    def __init__(
        self,
        *,
        account: OfficialAccount,
        token: ZaloToken,
        client: httpx.AsyncClient,
        public_url: str,
        to_groups: bool = False,
    ) -> None:
        self._api = _AccountApi(client=client, token=token)
        self._account = account
        self._public_url = public_url
        self._to_groups = to_groups

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Send the message; Zalo allows a consultation message only to people who wrote to the
        account recently."""
        if unwanted := why_not_again(message):
            return unwanted
        path, key = ("group/message", "group_id") if self._to_groups else ("message/cs", "user_id")
        said = await self._api.ask(
            f"{self._account.api}/v3.0/oa/{path}",
            {
                "recipient": {key: recipient(phone)},
                "message": {"text": text_of(message, self._public_url)},
            },
        )
        gone = {} if self._to_groups else OA_GONE
        return _meaning(said, "Zalo", gone=gone, refused=OA_REFUSED)


class ZaloZns:
    """Channel "zns"; phone addresses are Vietnamese mobile numbers."""

    def __init__(
        self, *, zns: Zns, token: ZaloToken, client: httpx.AsyncClient, public_url: str
    ) -> None:
        self._api = _AccountApi(client=client, token=token)
        self._zns = zns
        self._public_url = public_url.rstrip("/")

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Fill the approved template and send it."""
        if unwanted := why_not_again(message):
            return unwanted
        try:
            to = mobile_number(recipient(phone))
        except ValueError as error:
            return Gone(str(error))
        ours = {
            "title": message.title,
            "body": message.body,
            "link": self._public_url + message.path,
            "alert": message.tag,
        }
        data = {
            name: ours[which][: self._zns.most_chars] for name, which in self._zns.params.items()
        }
        said = await self._api.ask(
            f"{self._zns.api}/message/template",
            {
                "phone": to,
                "template_id": self._zns.template_id,
                "template_data": data,
                "tracking_id": message.notification_id.hex,
            },
        )
        return _meaning(said, "Zalo ZNS", gone=ZNS_GONE, refused=ZNS_REFUSED)


class ZaloBot:
    """Channel "zalo_bot"; phone addresses are ids of chats with the bot."""

    def __init__(self, *, bot: Bot, client: httpx.AsyncClient, public_url: str) -> None:
        self._bot = bot
        self._client = client
        self._public_url = public_url

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Send the message to the chat."""
        if unwanted := why_not_again(message):
            return unwanted
        said = await post_json(
            self._client,
            f"{self._bot.api}/bot{self._bot.token}/sendMessage",
            headers={},
            body={"chat_id": recipient(phone), "text": text_of(message, self._public_url)},
        )
        return _of_bot(said) if isinstance(said, Mapping) else said


def _of_bot(said: Said) -> Answer:
    if said.get("ok") is True:
        return Delivered(200)
    code = number(said, "error_code", 0)
    reason = f"error {code} from the Zalo bot"
    match code:
        case 429:
            return TryAgain(reason, code, after_s=RATE_WAIT_S)
        case 401:
            return TryAgain(f"{reason}: its token", code, most_attempts=FORBIDDEN_ATTEMPTS)
        case _ if code in BOT_REFUSED:
            return MessageRefused(reason, code)
        case _:
            return TryAgain(reason, code, most_attempts=FORBIDDEN_ATTEMPTS)


def _code(said: Said) -> int:
    return number(said, "error", -100)


def _meaning(
    said: Said | Answer, who: str, *, gone: Mapping[int, str], refused: Mapping[int, str]
) -> Answer:
    """Map an answer of the Official Account's interface to an `Answer`."""
    if not isinstance(said, Mapping):
        return said
    code = _code(said)
    if code == 0:
        return Delivered(200)
    if code in gone:
        return Gone(f"{who} {code}: {gone[code]}")
    if code in refused:
        return MessageRefused(f"{who} {code}: {refused[code]}")
    if code == RATE:
        return TryAgain(f"{who} {code}: too many in a minute", after_s=RATE_WAIT_S)
    return TryAgain(f"error {code} from {who}", most_attempts=FORBIDDEN_ATTEMPTS)


def _settings(settings: ChannelSettings) -> ZaloSettings:
    path = settings.file(FILE)
    return read_zalo(path) if path else ZaloSettings()


def _offered(settings: ChannelSettings) -> Mapping[str, Make]:
    zalo = _settings(settings)
    made: dict[str, Make] = {}
    if bot := zalo.bot:
        made["zalo_bot"] = lambda tools: ZaloBot(
            bot=bot, client=tools.client, public_url=tools.public_url
        )
    if oa := zalo.oa:

        @cache  # its channels share one: a refresh token works once
        def token(tools: ChannelTools) -> ZaloToken:
            return ZaloToken(
                account=oa,
                file=settings.secrets_folder / KEPT_IN,
                secrets=tools.secrets,
                client=tools.client,
                clock=tools.clock,
            )

        def account(tools: ChannelTools, *, to_groups: bool = False) -> ZaloAccount:
            return ZaloAccount(
                account=oa,
                token=token(tools),
                client=tools.client,
                public_url=tools.public_url,
                to_groups=to_groups,
            )

        made["zalo"] = account
        made["zalo_group"] = partial(account, to_groups=True)
        if zns := zalo.zns:
            made["zns"] = lambda tools: ZaloZns(
                zns=zns, token=token(tools), client=tools.client, public_url=tools.public_url
            )
    return made


SOURCE: Final = ChannelSource(
    entries=(
        ChannelEntry("zalo_bot", page_text("Zalo bot"), order=30),
        ChannelEntry("zalo", "Zalo OA", order=40),
        ChannelEntry("zalo_group", page_text("Zalo group"), address=Address.GROUP),
        ChannelEntry("zns", "Zalo ZNS", order=60),
    ),
    offered=_offered,
    hosts=lambda settings: [urlsplit(at).hostname or "" for at in _settings(settings).addresses],
    file=FILE,
)
