"""The gettext catalogs in `hub/locale`."""

import gettext
from pathlib import Path
from typing import Final

LOCALE_FOLDER: Final = Path(__file__).parents[2] / "locale"


def translation(domain: str, language: str) -> gettext.NullTranslations:
    """The compiled catalog. FileNotFoundError in a checkout that is not set up."""
    try:
        return gettext.translation(domain, LOCALE_FOLDER, languages=[language])
    except FileNotFoundError:
        raise FileNotFoundError(
            f"The catalog {domain} of hub/locale/{language} is not compiled: run deploy/setup.sh"
        ) from None
