"""Base class of the sections of the configuration."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _named(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is no name here: write small letters a to z, digits and hyphens between"
            " them, 63 at most, as in cong-bac"
        )
    return text


Name = Annotated[str, AfterValidator(_named)]
"""Text of a-z, 0-9 and inner hyphens, 63 characters at most."""
