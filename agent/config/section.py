"""Common base of all configuration sections."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _named(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is no name here: write small letters a to z, digits and hyphens between"
            " them, 63 at most, as in cong-bac"
        )
    return text


Name = Annotated[str, AfterValidator(_named)]
"""a-z, 0-9 and inner hyphens, at most 63."""


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(frozen=True, extra="forbid")
