"""The agent's sentences in the technician's language; the English ones are the keys."""

import gettext
from collections.abc import Callable
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("vi", "en")
_FOLDER: Final = Path(__file__).parent / "locale"

Say = Callable[[str], str]


def speaker(language: str) -> Say:
    """Translator from an English template to `language`."""
    return gettext.translation("agent", _FOLDER, languages=[language], fallback=True).gettext
