"""The page of promises equals the marks of the tests, and each mark is a sentence."""

import ast
import re

import pytest

from deploy.make_promises_page import FILE, ROOT, marks, promised, text

LEVELS = FILE.with_name("service-levels.md").read_text(encoding="utf-8")

SENTENCE = re.compile(r"[A-Z][A-Za-z -]+: (?:[A-Z0-9`]|ntfy |axe-core ).{8,}\.")


def is_sentence(mark: str) -> bool:
    """Whether a mark is `Topic: Sentence.`, one line of at most 100 characters."""
    return SENTENCE.fullmatch(mark) is not None and len(mark) <= 100 and mark.count(". ") == 0


def test_page_of_promises_is_the_one_of_the_marks() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m deploy.make_promises_page"


def test_each_mark_is_one_sentence_with_its_topic() -> None:
    found = {mark.text for mark in marks()}
    assert len(found) > 400
    assert [one for one in sorted(found) if not is_sentence(one)] == []


@pytest.mark.parametrize("wrong", ["An event is stored once.", "Hub: one", "Hub: A. And B.", ""])
def test_a_text_that_is_no_sentence_of_a_topic_is_found(wrong: str) -> None:
    assert not is_sentence(wrong)


def test_a_sentence_belongs_to_one_topic() -> None:
    """A sentence under two topics is one promise that somebody filed twice."""
    topics: dict[str, set[str]] = {}
    for mark in marks():
        topic, _, sentence = mark.text.partition(": ")
        topics.setdefault(sentence, set()).add(topic)
    assert {one: found for one, found in topics.items() if len(found) > 1} == {}


def test_marks_are_read_alone_and_from_a_list() -> None:
    source = (
        '[pytest.mark.skipif(x), pytest.mark.promise("Hub: One."), pytest.mark.promise("B: C.")]'
    )
    assert list(promised(ast.parse(source, mode="eval").body)) == ["Hub: One.", "B: C."]


def test_each_program_that_measures_a_service_level_is_there() -> None:
    files = re.findall(r"`((?:tests|deploy|models)/[\w./-]+)", LEVELS)
    named = [one.replace(".", "/") for one in re.findall(r"python -m ([\w.]+)", LEVELS)]
    assert len(files) > 20
    assert [one for one in files if not (ROOT / one).is_file()] == []
    assert [
        one
        for one in named
        if not (ROOT / f"{one}.py").is_file() and not (ROOT / one / "__main__.py").is_file()
    ] == []


def test_service_levels_are_one_page_of_short_cells() -> None:
    lines = LEVELS.splitlines()
    assert len(lines) <= 130
    cells = [cell for line in lines if line.startswith("|") for cell in line.split("|")]
    assert [cell for cell in cells if len(cell) > 100] == []
