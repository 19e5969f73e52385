"""The catalogs are complete: every text of the pages is in both, translated."""

import re

import pytest

from hub.web.i18n import asked_language, script_words, words
from hub.web.rendering import STATIC_FOLDER
from tests.hub import catalogs

pytestmark = pytest.mark.promise("Hub: Message catalogs are complete in both languages.")

AGREED = {  # the table of the house: one word for a thing, the same everywhere
    "Alert": "Cảnh báo",
    "Nobody has it yet": "Chưa ai tiếp nhận",
    "Acknowledge": "Tiếp nhận",
    "Acknowledged by %(name)s": "%(name)s đã tiếp nhận",
    "Resolved": "Đã xử lý",
    "False alarm": "Báo nhầm",
    "Camera lost": "Mất tín hiệu camera",
    "Clip": "Đoạn ghi hình",
    "Install on the home screen": "Cài vào màn hình chính",
}


REPLACED = (
    "hộp",
    "Loại trạm",
    "thứ 1",
    "thứ 2",
    "ntfy",
    "hai cuộc gọi",
    "Lịch trực, và",
    "Ai phải được báo",
    "Soạn, gửi",
    "Ghi một hộ",
    "Tạm tắt",
    "đi xa camera",
    "Mọi ngày để trống",
    "gác lại",
    "mong muốn",
    "chứng thư",
    "quản trị viên",
)
"""Words that people did not understand, or second words for one thing."""


def test_no_word_that_was_replaced_is_in_a_vietnamese_text() -> None:
    texts = "\n".join(
        path.read_text("utf-8")
        for path in (
            *catalogs.ROOT.glob("*/locale/vi/LC_MESSAGES/*.po"),
            *catalogs.ROOT.glob("docs/guide/*.vi.md"),
        )
    )
    said = re.sub(r'"\n"', "", texts)  # a long message stands in several lines
    said = "\n".join(line for line in said.splitlines() if not line.startswith("msgid"))
    assert [word for word in REPLACED if word.lower() in said.lower()] == []


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_every_message_of_the_code_is_in_the_catalog(language: str) -> None:
    catalog = catalogs.read(language)
    missing = [item.id for item in catalogs.gathered() if item.id and item.id not in catalog]
    assert missing == []


def test_every_module_that_marks_texts_is_read_for_the_catalog() -> None:
    marked = {
        text
        for path in catalogs.ROOT.glob("hub/**/*.py")
        for text in re.findall(r'page_text\(\s*"([^"]+)"\s*\)', path.read_text("utf-8"))
    }
    assert "ntfy app" in marked
    gathered = catalogs.gathered()
    assert [text for text in sorted(marked) if text not in gathered] == []


@pytest.mark.skipif(not catalogs.FINDS_ALL, reason="Babel finds all messages from Python 3.12 on")
@pytest.mark.promise("Pages: No message is untranslated.")
@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_no_message_is_untranslated_or_left_over(language: str) -> None:
    wanted = catalogs.gathered()
    for message in catalogs.read(language):
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), message.id
        assert message.id in wanted, message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_translation_names_only_the_values_that_the_message_has(language: str) -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"%\((\w+)\)[sd]", text))

    for message in catalogs.read(language):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in texts:
            assert names(str(text)) == names(str(ids[0])), ids[0]


def test_words_are_those_of_the_house() -> None:
    say = words("vi").say
    assert {english: say(english) for english in AGREED} == AGREED


def test_english_has_a_plural_and_vietnamese_has_none() -> None:
    def people(language: str, number: int) -> str:
        return words(language).count("%(n)d person", "%(n)d people", number) % {"n": number}

    assert [people("en", number) for number in (0, 1, 2)] == ["0 people", "1 person", "2 people"]
    assert [people("vi", number) for number in (0, 1, 2)] == ["0 người", "1 người", "2 người"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "vi"),
        ("fr-FR,de;q=0.9", "vi"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.5,vi;q=0.8", "vi"),
        ("en;q=nonsense,vi", "vi"),
        ("*", "vi"),
    ],
)
def test_reader_without_a_choice_gets_what_the_browser_asks_for(header: str, language: str) -> None:
    assert asked_language(header) == language


def test_scripts_translate_only_what_the_page_gives_them() -> None:
    source = "".join(path.read_text() for path in STATIC_FOLDER.glob("js/*.js"))
    assert len(script_words()) > 10
    assert set(script_words(("live.js", "search.js"))) < set(script_words())
    assert set(re.findall(r'\b_\(\s*"([^"]+)"', source)) == set(script_words())
