"""Zalo credentials from one file: Official Account, ZNS template, bot.

Zalo documents its interface at developers.zalo.me, zalo.cloud and bot.zaloplatforms.com.
"""

import re
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.notify.channels.post import address_fault
from hub.notify.channels.service_file import ServiceFileError, read_private_toml

MOBILE: Final = re.compile(r"84[35789]\d{8}")
"""A Vietnamese mobile number in ZNS form."""

ADDRESSES: Final = ("api", "oauth")
"""Settings that are addresses."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OfficialAccount(_Part):
    """The Official Account and the application allowed to use it."""

    app_id: str = Field(pattern=r"^\d{5,30}$")
    secret_key: str = Field(min_length=1)
    refresh_token: str = Field(min_length=1)
    """The first token; each works once, and the hub stores its successor."""
    api: str = "https://openapi.zalo.me"
    oauth: str = "https://oauth.zaloapp.com"


Ours = Literal["title", "body", "link", "alert"]


class Zns(_Part):
    """An approved template of this Official Account."""

    template_id: str = Field(pattern=r"^[A-Za-z0-9]{1,40}$")
    params: dict[str, Ours]
    """Parameters of the template, and the message field for each."""
    most_chars: int = Field(100, ge=10, le=400)
    """Zalo refuses a parameter longer than its type allows."""
    api: str = "https://business.openapi.zalo.me"


class Bot(_Part):
    """A bot of the Zalo Bot Platform."""

    token: str = Field(pattern=r"^[\w:.-]{8,200}$")
    api: str = "https://bot-api.zaloplatforms.com"


class ZaloSettings(_Part):
    """All parts; a missing part means no such channel."""

    oa: OfficialAccount | None = None
    zns: Zns | None = None
    bot: Bot | None = None

    @property
    def addresses(self) -> list[str]:
        """Addresses of Zalo's services, as set."""
        parts = (self.oa, self.zns, self.bot)
        values = (value for part in parts if part for name, value in part if name in ADDRESSES)
        return [str(value) for value in values]


def read_zalo(path: Path) -> ZaloSettings:
    """Read the Zalo settings in this file; ServiceFileError names the fault."""
    try:
        found = ZaloSettings.model_validate(read_private_toml(path))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise ServiceFileError(f"{path}: {where}: {fault['msg']}. Correct that key") from None
    if found.zns is not None and found.oa is None:
        raise ServiceFileError(f"{path}: [zns] is sent by an Official Account. Add [oa]")
    for part in (found.oa, found.zns, found.bot):
        for name in ADDRESSES:
            if fault_of := address_fault(getattr(part, name, "https://none")):
                raise ServiceFileError(f"{path}: {name}: {fault_of}. Leave it out")
    return found


def mobile_number(text: str) -> str:
    """`0912 345 678`, `+84912345678` → `84912345678`; ValueError for any other number."""
    digits = re.sub(r"[\s().-]", "", text).removeprefix("+")
    if digits.startswith("0"):
        digits = "84" + digits[1:]
    if not MOBILE.fullmatch(digits):
        raise ValueError(f"{text!r} is no Vietnamese mobile number, such as 0912345678")
    return digits
