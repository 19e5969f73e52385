"""The tuned constants of the eyes never become more."""

from pathlib import Path

from deploy.count_constants import EYES, SUFFIXES, Count, by_area, by_file, of_c, of_python
from tests.house.helpers.house import tracked

MOST = 760
"""All literals, by `python -m deploy.count_constants`. Whoever removes some lowers it."""


def test_the_constants_of_the_eyes_do_not_become_more() -> None:
    literals = sum(one.literals for one in by_file().values())
    assert literals <= MOST, "remove one for each that you add"


def test_the_eyes_keep_no_numbers_in_a_file_that_is_not_counted() -> None:
    assert [one for one in tracked(f"{EYES}/*") if one.suffix not in SUFFIXES] == []


def test_every_number_but_0_1_and_2_counts_wherever_it_is() -> None:
    source = '''
NEAR = 0.25
PLACES: Final = (3, 4)
FIRST, IS_FAST, WORD = 1, True, "7"

@dataclass
class Settings:
    """Of 9 numbers."""
    most: int = 5
    none: int = 0
    crowd: Other = field(default_factory=lambda: Other(-0.5))

def part(x=6):
    return f"{x / 1e9 - 2.0:.2f}"[-1:]
'''
    assert of_python(source) == Count(named=4, literals=7)
    assert of_c("#define A 16 /* 7 */\nx2 = .5f + 0xffu + 1.0f - 'a' + 2;") == Count(0, 3)


def test_data_files_count_in_the_eyes_folder_and_where_the_eyes_read_them(tmp_path: Path) -> None:
    for name, text in {
        "agent/vision/track/read.py": 'TABLE = "data/fitted.toml"\n',
        "agent/vision/track/own.json": '{"a": [3, 1.5, 1, true, "4"]}',
        "agent/data/fitted.toml": "at = 8\n[of]\nweights = [0.5, -0.5, 2.0]\n",
        "agent/data/other.toml": "at = 8\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    files = by_file(tmp_path)
    assert {name: one.literals for name, one in files.items()} == {
        "agent/vision/track/own.json": 2,
        "agent/vision/track/read.py": 0,
        "agent/data/fitted.toml": 3,
    }
    assert by_area(files)["track"] == Count(literals=2)
