"""Tables of spreadsheets: what is read, and which lines are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.text.csv_table import MOST_BYTES, CsvFault, CsvLineFault, is_number, read

pytestmark = pytest.mark.promise("Pages: A wrong CSV line is reported with number and cure.")

NEEDED, ALLOWED = ("name", "level"), ("parent",)


def table(text: str | bytes) -> object:
    content = text if isinstance(text, bytes) else text.encode()
    return read(content, needed=NEEDED, allowed=ALLOWED)


def wrong(text: str | bytes) -> list[tuple[int, CsvLineFault, str]]:
    content = text if isinstance(text, bytes) else text.encode()
    found = read(content, needed=NEEDED, allowed=ALLOWED)
    return [(one.line, one.fault, one.what) for one in found.wrong]


@pytest.mark.parametrize(
    "text",
    [
        "name,level,parent\nTân Khai,xã,\n",
        "\ufeffname,level,parent\r\nTân Khai,xã,\r\n",
        "NAME; Level ;parent\n Tân Khai ;xã;\n\n;;\n",
        'name,level,parent\n"Tân Khai",xã,""\n',
        "name,level\nTa\u0302n Khai,xã\n",  # letters and their marks apart
    ],
)
def test_what_spreadsheets_save_is_read(text: str) -> None:
    found = read(text.encode(), needed=NEEDED, allowed=ALLOWED)
    assert found.wrong == ()
    (line,) = found.lines
    assert (line.number, line["name"], line["level"], line["parent"]) == (2, "Tân Khai", "xã", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (1, CsvLineFault.EMPTY, "")),
        ("name,level\n", (2, CsvLineFault.EMPTY, "")),
        ("name\nx\n", (1, CsvLineFault.COLUMN_MISSING, "level")),
        ("name,level,colour\nx,y,z\n", (1, CsvLineFault.COLUMN_UNKNOWN, "colour")),
        ("name,level,name\nx,y,z\n", (1, CsvLineFault.COLUMN_TWICE, "name")),
        ("name,level\nx,y\nx,y,z\n", (3, CsvLineFault.CELLS, "3 / 2")),
        ('name,level\nx,y\n"x,y\n', (3, CsvLineFault.QUOTES, "")),
        ("name,level\nTân\u202eiahK,xã\n", (2, CsvLineFault.UNSEEN, "U+202E")),
        ("name,level\nTân\u200bKhai,xã\n", (2, CsvLineFault.UNSEEN, "U+200B")),
        ("name,level\nTân\u2066Khai,xã\n", (2, CsvLineFault.UNSEEN, "U+2066")),
        ("name,level\nTân\x1bKhai,xã\n", (2, CsvLineFault.UNSEEN, "U+001B")),
        ("name,level\n=HYPERLINK(1),xã\n", (2, CsvLineFault.FORMULA, "=HYPERLINK(1)")),
        ("name,level\n+84 chợ,xã\n", (2, CsvLineFault.FORMULA, "+84 chợ")),
        ("name,level\n@chợ,xã\n", (2, CsvLineFault.FORMULA, "@chợ")),
        ("name,level\n-1+2,xã\n", (2, CsvLineFault.FORMULA, "-1+2")),
        ("name,level\n" + "x" * 201 + ",xã\n", (2, CsvLineFault.LONG, "x" * 20 + "…")),
        ("name,level\nT\ufffdn,xã\n", (2, CsvLineFault.LETTER_LOST, "")),
        ("name,level\nx,y\nchợ,xã\n".encode("cp1258", "replace"), None),
        ("name,level\nx,y\nTân,x\n".encode("cp1258"), (3, CsvLineFault.ENCODING, "")),
        ("name,level\nx,y\n".encode("utf-16"), (1, CsvLineFault.ENCODING, "")),
        (b"name,level\nx\0,y\n", (2, CsvLineFault.ENCODING, "")),
        (b"x" * (MOST_BYTES + 1), (1, CsvLineFault.LARGE, "1000 kB")),
        ("name,level\n" + "x,y\n" * 5001, (5002, CsvLineFault.LARGE, "5000")),
    ],
)
def test_what_cannot_be_taken_is_said_with_its_line(
    text: str | bytes, expected: tuple[int, CsvLineFault, str] | None
) -> None:
    if expected is not None:
        assert wrong(text) == [expected]


def test_a_name_over_two_lines_is_refused_where_it_begins() -> None:
    assert wrong('name,level\nx,y\n"a\nb",y\nz,\u202ey\n') == [
        (3, CsvLineFault.UNSEEN, "U+000A"),
        (5, CsvLineFault.UNSEEN, "U+202E"),
    ]


def test_numbers_may_begin_with_a_sign() -> None:
    assert is_number("-10.5") and is_number("11") and is_number("+3.0")
    assert not any(is_number(one) for one in ("", "-", "1e5", "=1", "-1+2", "nan", "٣", "1.", ".5"))


@given(content=st.binary(max_size=300))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    found = read(b"name,level\n" + content, needed=NEEDED, allowed=ALLOWED)
    assert found.lines or found.wrong


@given(text=st.text(max_size=200))
def test_whatever_passes_is_seen_as_it_is(text: str) -> None:
    found = read(f"name,level\n{text}".encode("utf-8", "replace"), needed=NEEDED, allowed=ALLOWED)
    for line in found.lines:
        for cell in line.cells.values():
            assert cell == cell.strip()
            assert cell.isprintable()
            assert not cell.startswith(("=", "@"))


def test_a_wrong_line_is_a_value() -> None:
    assert CsvFault(1, CsvLineFault.EMPTY) == CsvFault(1, CsvLineFault.EMPTY, "")
