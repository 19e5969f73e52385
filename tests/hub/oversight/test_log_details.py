"""Details of the log are stored as code and values, and shown in the reader's language."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hub.access.account_errors import AccountFault
from hub.access.grants.faults import GrantFault
from hub.alerting.oncall.faults import OnCallFault
from hub.alerting.routing.rules import RuleFault
from hub.app.features import FEATURES
from hub.base.audit import log
from hub.base.audit.acting import reason_of
from hub.base.audit.detail import DATA_CHARS, Detail
from hub.base.audit.log import SHELL
from hub.base.audit.tables import audit
from hub.base.errors import RegistryError
from hub.base.hash_chain import faults
from hub.cases.views import CaseError, CaseFault
from hub.nodes.releases.bundles import BundleTrouble
from hub.oversight.log.details import detail_reader
from hub.oversight.log.old_detail_wording import conditions, placings, shapes
from hub.places.areas.rows import AreaFault
from hub.public.data_requests.views import DataRequestFault
from hub.public.households.rules import HouseholdFault, HouseholdUploadFault
from hub.public.notices.rules import FAULTS as NOTICE_FAULTS
from hub.public.tips.rules import TipFault
from hub.registry.placing import placing
from hub.search.asked_wording import asked_detail
from hub.search.rules.description import Described
from hub.search.sighting_queries import SightingSearch
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


def test_of_a_list_that_does_not_fit_the_last_parts_are_left_out() -> None:
    parts = [Detail("search.with_clip") for _ in range(500)]
    stored = Detail("camera.place", *parts, text="x" * 9000).to_json()
    read = Detail.of_json(stored)
    assert read is not None and len(stored) <= DATA_CHARS
    assert 0 < len(read.parts) < 500 and [*read.parts] == [parts[0]] * len(read.parts)


def test_a_line_without_a_detail_has_none() -> None:
    assert Detail.of_json("") is None
    assert Detail.of_json('{"node": "nga-tu", "key_sha256": "ab"}') is None  # of a key


def test_a_detail_of_another_version_is_shown_by_its_code_and_values() -> None:
    assert told(Detail("of.tomorrow", n=3, name="Chợ")) == "of.tomorrow: 3, Chợ"
    assert told(Detail("of.tomorrow")) == "of.tomorrow"
    assert told(Detail("plain", words="other name of the value")) == (
        "plain: other name of the value"
    )


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        (Detail("cases.count", n=12), "12 vụ việc"),
        (Detail("media.stored", n=310, sha="ab12"), "310 byte, SHA-256 ab12"),
        (Detail("person.role", role="investigator"), "cán bộ điều tra"),
        (Detail("person.role", role="chairman"), "chairman"),  # of another version
        (
            Detail("grant.given", rights="see,clips", reason="trực đêm"),
            "xem cảnh báo và ảnh, xem đoạn ghi hình: trực đêm",
        ),
        (
            Detail("search.clips", at=NOW_UTC_US, at2=NOW_UTC_US + 3_600_000_000, n=3),
            "từ 16:00:00 29/11/2026 đến 17:00:00 29/11/2026: 3 đoạn ghi hình",
        ),
        (Detail("live.left", n=40, m=12), "40 giây, 12 ảnh; người xem rời trang"),
        (
            Detail("rule.tells_nobody", place="Chợ", kind="all", reason="lễ hội"),
            "Chợ: bất cứ điều gì, không báo ai: lễ hội",
        ),
        (Detail("report.week", day="2026-11-23", n=4), "tuần từ 23/11/2026: 4 cảnh báo"),
        (
            Detail("months.dropped", name="sightings", month="202511"),
            "bảng sightings, tháng 11/2025",
        ),
        (placing({"bearing_deg": 90.0, "label": "Chợ"}), "hướng nhìn 90.0°, tên “Chợ”"),
        (Detail("enrolment.refused", why="expired"), "mã đã hết hạn"),
        (reason_of(CaseError(CaseFault.NUMBER_TAKEN)), "Đã có vụ việc mang số này."),
        (
            reason_of(CaseError(CaseFault.NUMBER_TAKEN), "VA-1"),
            "Đã có vụ việc mang số này. (VA-1)",
        ),
        (reason_of(RegistryError("of the shell")), "of the shell"),
    ],
)
def test_a_detail_is_said_in_the_reader_s_language(detail: Detail, said: str) -> None:
    assert told(detail) == said


def test_a_search_by_description_is_told_condition_by_condition() -> None:
    wanted = SightingSearch(
        from_utc_us=NOW_UTC_US,
        until_utc_us=NOW_UTC_US + 3_600_000_000,
        described=Described(
            upper=(frozenset({"red"}),),
            transport=frozenset({"motorbike"}),
            people=(2, 2),
            speed="fast",
        ),
        compass="e",
    )
    assert told(asked_detail(wanted, "áo đỏ, xe máy", 7)) == (
        "áo đỏ, xe máy: từ 16:00:00 29/11/2026 đến 17:00:00 29/11/2026, áo đỏ, đi xe máy,"
        " 2 người, chạy nhanh, đi về phía đông: 7 lượt phát hiện"
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
    """Place, code and names of values of each `Detail(...)`, and of each error with a code."""
    for path in sorted(HUB.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match call:
                case ast.Call(func=ast.Name(id="Detail"), args=[code, *parts]):
                    names = {"parts"} if parts else set()
                case ast.Call(
                    func=ast.Name(id="RegistryError" | "TooManyTestsError"), args=[_, code]
                ):
                    names = set()
                case _:
                    continue
            names |= {one.arg for one in call.keywords if one.arg not in (None, "about")}
            for one in _codes(code):
                yield f"{path.relative_to(HUB)}:{call.lineno}", one, names


def _codes(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp(body=body, orelse=orelse):
            yield from _codes(body)
            yield from _codes(orelse)
        case ast.Attribute(attr="log_code"):
            return  # of an error, see below
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
    unused = set(given) - {code for _, code, _ in written()}
    assert unused == fault_codes()


def test_each_text_has_a_sentence_of_its_own_in_vietnamese() -> None:
    vi = texts("vi")
    same = [code for code, text in texts().items() if text == vi[code]]
    assert [code for code in same if any(map(str.isalpha, PLACE.sub("", vi[code])))] == []


FAMILIES: dict[str, Iterable[str]] = {
    "account": AccountFault,
    "area": AreaFault,
    "bundle": BundleTrouble,
    "case": CaseFault,
    "data_request": DataRequestFault,
    "grant": GrantFault,
    "household": HouseholdFault,
    "household_upload": HouseholdUploadFault,
    "notice": NOTICE_FAULTS,
    "oncall": OnCallFault,
    "rule": RuleFault,
    "tip": TipFault,
}
"""Faults of errors that name a code of the log (`DomainError.log_code`), by what it begins with."""


def fault_codes() -> set[str]:
    return {f"{name}.{one}" for name, those in FAMILIES.items() for one in those}


def test_each_error_with_a_code_of_the_log_is_of_a_family() -> None:
    begins = set()
    for path in sorted(HUB.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        begins |= set(re.findall(r'__init__\(.*, f"(\w+)\.\{(?:fault|trouble)\}"', text))
    assert begins == set(FAMILIES)


# --- the prose of older hubs ----------------------------------------------------------------------

FROZEN = "5127591d7aeded2990281d3e93cfaeaabcb925201276e479bcb6a0ca2b608d52"
"""SHA-256 of the old shapes."""


def test_no_act_passes_prose_as_a_text_that_is_shown_as_it_is() -> None:
    """The types let nothing else but a `Detail` through."""
    prose = []
    for path in sorted(HUB.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match call:
                case ast.Call(func=ast.Name(id="plain"), args=[text]):
                    if any(map(_is_prose, ast.walk(text))):
                        prose.append(f"{path.relative_to(HUB)}:{call.lineno}")
    assert prose == []


def _is_prose(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return any(map(str.isalpha, text))
    return False


def test_old_prose_is_frozen_and_read_by_the_log_alone() -> None:
    old = json.dumps([shapes(str), conditions(str), placings(str)])
    assert sha256(old.encode()).hexdigest() == FROZEN
    users = {
        str(path.relative_to(HUB))
        for path in HUB.rglob("*.py")
        if "old_detail_wording" in path.read_text(encoding="utf-8")
    }
    assert users == {"oversight/log/details.py"}
