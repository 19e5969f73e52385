"""The agent's sentences in the technician's language; the English ones are the keys."""

import gettext
from collections.abc import Callable
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("vi", "en")
_FOLDER: Final = Path(__file__).parent / "locale"

Say = Callable[[str], str]


def N_(text: str) -> str:  # noqa: N802 - the name gettext's tools look for
    """Mark a template for the catalogs; it is translated when it is shown."""
    return text


def speaker(language: str) -> Say:
    """Translator from an English template to `language`, one of LANGUAGES. FileNotFoundError in a
    checkout that is not set up."""
    try:
        return gettext.translation("agent", _FOLDER, languages=[language]).gettext
    except FileNotFoundError:
        raise FileNotFoundError(
            f"The catalog of agent/locale/{language} is not compiled: run deploy/setup.sh"
        ) from None
