"""The verdict on a package: one, first, and never better than its worst clip."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.cases.evidence.check import PackageCheck, check_package
from hub.cases.evidence.keys import EvidenceSigner
from hub.cases.evidence.package_report import lines_of
from hub.cases.evidence.seal_report import check_pieces
from hub.cases.evidence.seal_rules import (
    BoxPapers,
    ClipSeal,
    Reason,
    SealVerdict,
    judge_clip,
    read_key_line,
)
from hub.cases.evidence.seal_wording import HEADS, REASONS, VERDICTS
from tests.agent.rigs.sealing import SEALED_AT
from tests.hub.cases.sealed_packages import BOX, Kind, SealedTown, kinds
from tests.hub.helpers.cases.evidence import entries_of, packed, signer

pytestmark = [
    pytest.mark.promise(
        "Cases and evidence: A clip that differs from what its box sealed is named, first of all."
    ),
    pytest.mark.system,
]


@pytest.fixture(scope="module")
def by(tmp_path_factory: pytest.TempPathFactory) -> EvidenceSigner:
    return signer(tmp_path_factory.mktemp("secrets"))


@pytest.fixture(scope="module")
def town(needs_system: None, tmp_path_factory: pytest.TempPathFactory) -> SealedTown:
    return SealedTown(tmp_path_factory.mktemp("sealed"))


@pytest.fixture(scope="module")
def made(town: SealedTown, by: EvidenceSigner) -> dict[str, Kind]:
    return kinds(town, by)


def judged(content: bytes, by: EvidenceSigner) -> PackageCheck:
    return check_package(io.BytesIO(content), [by.certificate], seal_of=check_pieces)


def test_each_kind_of_package_has_its_verdict_its_reasons_and_its_limits(
    made: dict[str, Kind], by: EvidenceSigner
) -> None:
    for name, kind in made.items():
        check = judged(kind.content, by)
        first: ClipSeal | None = next(iter(check.clips.values()), None)
        why = tuple(one.id for one in first.why) if first else ()
        limits = {one.id for seal in check.clips.values() for one in seal.limits}
        assert (check.verdict[0], why, limits) == (kind.verdict, kind.why, {*kind.limits}), name
        assert check.is_intact == (kind.verdict != "differs"), (name, check.faults)
        assert check.is_good == kind.verdict.startswith("whole"), name
        head, *_ = lines_of(Path("p.zip"), check)
        assert head == f"p.zip: {HEADS[kind.verdict][1].format(check.verdict[1])}", name
        assert check.apart == {"picture": 1}, name


def test_a_line_of_an_enrolment_that_was_changed_is_a_fault_of_the_package(
    town: SealedTown, by: EvidenceSigner
) -> None:
    line = town.line()
    dated_back = replace(line, line=line.line.replace("enrolment.redeem", "papers.renew"))
    check = judged(town.packed(by, town.whole, lines=[]), by)
    assert check.is_good
    entries = dict(entries_of(town.packed(by, town.whole)))
    with pytest.raises(ValueError, match="not the line that the log's hash covers"):
        read_key_line(dated_back.previous, dated_back.line, dated_back.hash)
    entries["enrolments.json"] = entries["enrolments.json"].replace(b"redeem", b"refuse")
    check = judged(packed(list(entries.items())), by)
    assert check.verdict[0] == "not_whole"
    assert any("not the line that the log's hash covers" in fault for fault in check.faults)


@pytest.mark.parametrize(
    ("after", "limit"),
    [
        (timedelta(minutes=1), None),
        (timedelta(hours=23), None),
        (timedelta(days=2), "date_late"),
    ],
)
def test_a_stamp_proves_the_date_of_the_certificate_if_it_is_prompt(
    town: SealedTown, after: timedelta, limit: str | None
) -> None:
    line = town.line()
    key = read_key_line(line.previous, line.line, line.hash, town.enrolled + after)
    found = judge_clip(
        check_pieces([town.whole]),
        node=BOX,
        sha256="",
        came=(),
        papers=BoxPapers([town.root], [key]),
    )
    assert found.verdict is SealVerdict.SEALED
    assert [one.id for one in found.limits] == ([limit] if limit else [])


def test_a_late_stamp_proves_the_date_of_later_clips(town: SealedTown) -> None:
    line = town.line(at=SEALED_AT - timedelta(days=5))
    key = read_key_line(line.previous, line.line, line.hash, SEALED_AT - timedelta(minutes=1))
    papers = BoxPapers([town.root], [key])
    found = judge_clip(check_pieces([town.whole]), node=BOX, sha256="", came=(), papers=papers)
    assert (found.verdict, found.limits) == (SealVerdict.SEALED, ())


def test_a_renewal_names_the_key_of_a_box_that_was_enrolled_earlier(town: SealedTown) -> None:
    """From then on another key is none of the box's; older certificates are only not proven."""
    old, own = town.line(has_key=False, seq=5), town.line(act="papers.renew", seq=8)
    keys = [read_key_line(one.previous, one.line, one.hash) for one in (old, own)]
    papers = BoxPapers([town.root], keys)

    def found(clip: bytes) -> ClipSeal:
        return judge_clip(check_pieces([clip]), node=BOX, sha256="", came=(), papers=papers)

    assert found(town.whole).limits == (Reason("date_unstamped"),)
    before = town.clip(town.issue(town.enrolled - timedelta(days=3)))
    assert found(before).limits == (Reason("date_unlogged"),)
    stolen = town.clip(town.issue(town.enrolled + timedelta(minutes=1)))
    assert [one.id for one in found(stolen).why] == ["key"]


def test_every_verdict_and_reason_has_its_text_in_both_languages() -> None:
    for texts in (HEADS, VERDICTS, REASONS):
        for vi, en in texts.values():
            assert vi != en and vi.count("{}") == en.count("{}") <= 1
