"""The colours can be read: WCAG AA in both themes, from the tokens themselves."""

import re

import pytest

from hub.web.styles.stylesheet import stylesheet

pytestmark = pytest.mark.promise("Pages: Text has enough contrast in both colour schemes.")

CSS = stylesheet().decode()

TEXT = [
    ("ink", "ground"),
    ("ink", "card"),
    ("ink", "card-raised"),
    ("ink-soft", "ground"),
    ("ink-soft", "card"),
    ("link", "ground"),
    ("link", "card"),
    ("open", "open-ground"),
    ("taken", "taken-ground"),
    ("handled", "handled-ground"),
    ("false", "false-ground"),
    ("muted", "muted-ground"),
    ("ink", "muted-ground"),
    ("main-ink", "main"),
    ("main-ink", "calm"),
    ("good-ink", "good"),
    ("taken", "card"),
]
SHAPES = [
    ("edge", "ground"),
    ("edge", "card"),
    ("open", "card"),
    ("focus", "ground"),
    ("focus", "card"),
    ("taken", "card"),
    ("main", "ground"),
]


def tokens(theme: str) -> dict[str, str]:
    block = re.search(rf':root\[data-theme="{theme}"\] \{{(.*?)\n\}}', CSS, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block.group(1)))


def brightness(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((brightness(one), brightness(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.promise("Pages: axe-core finds no serious fault.")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_stands_out_at_least_4_5_to_1(theme: str, front: str, back: str) -> None:
    colours = tokens(theme)
    assert contrast(colours[front], colours[back]) >= 4.5


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("front", "back"), SHAPES)
def test_shapes_stand_out_at_least_3_to_1(theme: str, front: str, back: str) -> None:
    colours = tokens(theme)
    assert contrast(colours[front], colours[back]) >= 3.0


def test_both_themes_have_the_same_tokens_and_colours_live_nowhere_else() -> None:
    assert tokens("dark").keys() == tokens("light").keys()
    rest = CSS[CSS.index("* {") :]
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rest)) == {"#cfd8e3"}  # on a picture's own ground
