"""The stylesheet of all pages, one file for the browser and one for each capability here.

First come the files of this folder, then `style.css` of each package in the order of their
paths. Of two rules of equal weight the later one wins: a capability's own over a shared one.
"""

from functools import cache
from pathlib import Path
from typing import Final

NAME: Final = "app.css"
"""Its name beside the static files."""

_FOLDER: Final = Path(__file__).parent
_HUB: Final = _FOLDER.parents[1]
_SHARED: Final = ("tokens", "base", "layout", "components", "forms", "plots")


def style_files() -> list[Path]:
    """Files of the stylesheet, in their order."""
    shared = [_FOLDER / f"{name}.css" for name in _SHARED]
    return shared + sorted(_HUB.rglob("style.css"))


@cache
def stylesheet() -> bytes:
    """Content of the stylesheet, UTF-8."""
    return b"\n".join(path.read_bytes() for path in style_files())
