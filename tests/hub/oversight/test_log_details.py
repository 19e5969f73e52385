"""Details of the log are stored as code and values, and shown in the reader's language."""

import ast
import itertools
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hub.app.features import FEATURES
from hub.base.audit import log
from hub.base.audit.detail import DATA_CHARS, Detail
from hub.base.audit.log import SHELL
from hub.base.audit.tables import audit
from hub.base.hash_chain import faults
from hub.oversight.log.details import detail_reader
from hub.oversight.log.old_detail_wording import conditions, old_detail_text, placings, shapes
from hub.web.calendar import Calendar
from hub.web.i18n import words
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise("Pages: A record in Vietnamese is in Vietnamese to its last word.")

HUB = Path(__file__).parents[3] / "hub"
NOW_UTC_US = 1_795_942_800_000_000
"""16:00:00 29/11/2026 in the town."""
PLACE = re.compile(r"%\((\w+)\)s")


def told(detail: Detail, language: str = "vi") -> str:
    calendar = Calendar(ZoneInfo("Asia/Ho_Chi_Minh"), words(language), NOW_UTC_US)
    return detail_reader(FEATURES, calendar)("nothing.known", "", detail.to_json())


@given(st.dictionaries(st.sampled_from(["n", "text", "reason"]), st.text(max_size=3000)))
def test_a_detail_is_whole_json_of_at_most_2000_characters(values: dict[str, str]) -> None:
    stored = Detail("a.code", **values).to_json()
    assert len(stored) <= DATA_CHARS
    assert json.loads(stored)["code"] == "a.code"
    assert set(json.loads(stored)) == {"code", *values}


def test_only_what_does_not_fit_is_shortened_and_the_longest_value_first() -> None:
    assert Detail.of_json(Detail("a", text="ẵ" * 1900, n=3).to_json()) == Detail(
        "a", text="ẵ" * 1900, n=3
    )
    read = Detail.of_json(Detail("a", text='"' * 5000, name="Chợ", bell="\0").to_json())
    assert read is not None and read.values["name"] == "Chợ" and read.values["bell"] == "\ufffd"
    assert read.values["text"].endswith('"…') and len(read.values["text"]) > 900


def test_a_line_without_a_detail_has_none() -> None:
    assert Detail.of_json("") is None
    assert Detail.of_json('{"node": "nga-tu", "key_sha256": "ab"}') is None  # of a key


def test_a_detail_of_another_version_is_shown_by_its_code_and_values() -> None:
    assert told(Detail("of.tomorrow", n=3, name="Chợ")) == "of.tomorrow: 3, Chợ"
    assert told(Detail("of.tomorrow")) == "of.tomorrow"
    assert told(Detail("plain", words="other name of the value")) == (
        "plain: other name of the value"
    )


def test_what_a_person_typed_is_shown_as_it_is() -> None:
    assert told(Detail("plain", text="100 % of %(n)s")) == "100 % of %(n)s"


def test_the_chain_binds_a_detail_as_the_verifier_of_0_3_0_reads_it(streets: Streets) -> None:
    now = streets.clock.now()
    with streets.db.writing() as conn:
        log.note(conn, SHELL, act="area.add", detail=Detail("plain", text="Chợ"), now=now)
        assert list(faults(log.read(conn))) == []
        row = conn.execute(select(audit).order_by(audit.c.seq.desc())).first()
        before = conn.scalar(select(audit.c.hash).where(audit.c.seq == row.seq - 1)) if row else ""
    assert row is not None and (row.detail, json.loads(row.data)["text"]) == ("", "Chợ")
    # As release 0.3.0 computes it: `data` as it is stored, last of the fields.
    fields = [row.seq, row.id.hex, None, None, row.act, "", None, row.detail, row.came_from]
    line = json.dumps([*fields, row.at_utc_us, row.at_error_ms, row.data])
    assert row.hash == sha256(bytes.fromhex(before or "0" * 64) + line.encode()).hexdigest()


# --- what the code writes and what the capabilities declare ---------------------------------------


def texts(language: str = "en") -> dict[str, str]:
    speech = words(language)
    return {code: text for one in FEATURES for code, text in one.details(speech).items()}


def written() -> Iterator[tuple[str, str, set[str]]]:
    """Place, code and names of values of each `Detail(...)` in the code."""
    for path in sorted(HUB.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Detail":
                names = {one.arg for one in call.keywords if one.arg is not None}
                for code in _codes(call.args[0]):
                    yield f"{path.relative_to(HUB)}:{call.lineno}", code, names


def _codes(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp(body=body, orelse=orelse):
            yield from _codes(body)
            yield from _codes(orelse)
        case ast.JoinedStr(values=[*_]):
            return  # a fault of a family, see below
        case _:
            raise AssertionError(f"the code of a detail is no constant: {ast.unparse(node)}")


def test_each_code_is_declared_with_the_values_that_its_act_gives() -> None:
    declared = {code: set(PLACE.findall(text)) for code, text in texts().items()}
    wrong = [
        f"{place}: {code} gives {sorted(names)}, its text shows {declared.get(code)}"
        for place, code, names in written()
        if declared.get(code) != names
    ]
    assert wrong == []


def test_no_code_is_declared_twice_and_each_is_written_somewhere() -> None:
    given = [code for one in FEATURES for code in one.details(words("en"))]
    assert len(given) == len(set(given))
    values = [name for one in FEATURES for name in one.detail_values]
    assert len(values) == len(set(values))
    families = tuple(f"{one}." for one in FAMILIES)
    unused = set(given) - {code for _, code, _ in written()}
    assert {code for code in unused if not code.startswith(families)} == set()


def test_each_text_has_a_sentence_of_its_own_in_vietnamese() -> None:
    vi = texts("vi")
    same = [code for code, text in texts().items() if text == vi[code]]
    assert [code for code in same if any(map(str.isalpha, PLACE.sub("", vi[code])))] == []


FAMILIES: dict[str, Any] = {}
"""Faults of each family of errors (`DomainError.log_family`)."""


def test_each_fault_of_a_family_is_declared() -> None:
    known = set(texts())
    faults_of = {f"{name}.{one}" for name, faults_ in FAMILIES.items() for one in faults_}
    assert faults_of - known == set()


# --- the prose of older hubs ----------------------------------------------------------------------

PROSE_LEFT = 75
"""Texts in the code that an act still writes as prose. The number may only fall."""

FROZEN = "5127591d7aeded2990281d3e93cfaeaabcb925201276e479bcb6a0ca2b608d52"
"""SHA-256 of the old shapes."""


def test_acts_write_no_new_prose() -> None:
    assert sum(1 for _ in prose()) == PROSE_LEFT


def test_the_prose_that_is_left_has_a_shape() -> None:
    """One without would stand in English in a Vietnamese log."""
    calendar = Calendar(ZoneInfo("Asia/Ho_Chi_Minh"), words("vi"), NOW_UTC_US)
    acts = list(shapes(str))
    unknown = []
    for path, text in prose():
        if all(old_detail_text(act, text, calendar) == text for act in acts):
            unknown.append(f"{path.relative_to(HUB)}: {text}")
    assert unknown == []


def test_old_prose_is_frozen_and_read_by_the_log_alone() -> None:
    old = json.dumps([shapes(str), conditions(str), placings(str)])
    assert sha256(old.encode()).hexdigest() == FROZEN
    users = {
        str(path.relative_to(HUB))
        for path in HUB.rglob("*.py")
        if "old_detail_wording" in path.read_text(encoding="utf-8")
    }
    assert users == {"oversight/log/details.py"}


HISTORY = frozenset({"note_history", "grow_alert"})
"""Write an alert's own history, which its page tells."""
PLACES = {"done": 0, "refuse": 0, "answer": 1, "note": 2}
"""Methods of a block of `Acting`, and where they take the detail."""


def prose() -> Iterator[tuple[Path, str]]:
    """Texts in the code that are given as a detail, each value replaced by a 7."""
    for path in sorted(HUB.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call):
                for one in _given(call):
                    yield from ((path, text) for text in _texts(one) if _letters(text))


def _given(call: ast.Call) -> Iterator[ast.expr]:
    match call.func:
        case ast.Name(id=name) if name in HISTORY:
            return
        case ast.Attribute(attr=name) if name in PLACES:
            yield from call.args[PLACES[name] : PLACES[name] + 1]
    yield from (one.value for one in call.keywords if one.arg == "detail")


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            for parts in itertools.product(*map(list, map(_parts, values))):
                yield "".join(parts)


def _parts(node: ast.expr) -> Iterator[str]:
    """What this part of a text may be; a value is a 7."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.FormattedValue(value=ast.IfExp() as chosen):
            yield from _texts(chosen)
        case _:
            yield "7"


def _letters(text: str) -> bool:
    return any(letter.isalpha() for letter in re.sub(r"%\(\w+\)s", "", text))
